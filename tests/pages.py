"""What must hold of every page that the project writes, asked of Chromium: the tests of pages share it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from chromium import Tab

AXE = Path(__file__).parent / "assets" / "axe-core" / "axe.min.js"
OWN = ("file:", "data:", "blob:")

_RULES = """
axe.run(document, {resultTypes: ["violations"]}).then(found => ({
  passed: found.passes.length,
  violations: found.violations.map(it => [it.id, it.help, it.nodes.map(node => node.html.slice(0, 200))])}))
"""


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def violations(tab: Tab) -> list[Any]:
    """Every rule of axe-core that the page breaks, with the elements that break it."""
    tab.run(f"{_axe()};null")
    found = tab.run(_RULES)
    assert found["passed"] >= 10, "axe-core looked at next to nothing"
    broken: list[Any] = found["violations"]
    return broken


def asked_of_the_network(tab: Tab) -> list[str]:
    """Every address that the page asked for and that is not part of it."""
    return [url for url in tab.requests if not url.startswith(OWN)]


def open_everything(tab: Tab) -> None:
    """Unfold all that is folded, and go down the page and up again, as a reader may."""
    tab.run("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    tab.run(
        "(async () => { for (let y = 0; y < document.body.scrollHeight; y += innerHeight)"
        " { scrollTo({top: y, behavior: 'instant'}); await new Promise(requestAnimationFrame); }"
        " scrollTo({top: 0, behavior: 'instant'}); })()"
    )
