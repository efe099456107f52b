"""Chromium without a window, spoken to over its own pipe: no driver, no library, no network.

`started` starts one; `open` shows a file in a tab, which remembers what the page asked for, logged and threw.
Messages are those of the DevTools protocol, JSON ended by a null byte, on file descriptors 3 and 4.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
REASON = "no Chromium on this machine (on Debian and Ubuntu: apt-get install chromium)"
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
PATIENCE = 120.0
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "Escape": (27, ""), "ArrowRight": (39, "")}
SHIFT = 8

# Puts the two ends of the pipe where Chromium looks for them, and becomes Chromium.
LAUNCHER = """
import fcntl, os, sys
for place, end in zip((3, 4), [fcntl.fcntl(int(it), fcntl.F_DUPFD_CLOEXEC, 10) for it in sys.argv[1:3]]):
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""


class ProtocolError(Exception):
    """Chromium refused a command, died or kept silent; a script in the page failed."""


def find() -> str | None:
    """Where Chromium is installed, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def started(folder: Path) -> Iterator[Chromium]:
    """A Chromium with a fresh profile in `folder`, ended on leaving."""
    program = find()
    if program is None:
        raise ProtocolError(REASON)
    hears, tells = os.pipe()
    listens, speaks = os.pipe()
    python = (sys.executable, "-c", LAUNCHER, str(hears), str(speaks))
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [*python, program, *OPTIONS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            pass_fds=(hears, speaks),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    os.close(hears)
    os.close(speaks)
    try:
        yield Chromium(listens, tells)
    finally:
        os.close(tells)
        os.close(listens)
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Chromium leaves when its pipe closes; what has not left after ten seconds is ended."""
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclass
class Chromium:
    """The browser at the other end of the pipe."""

    listens: int
    tells: int
    last: int = 0
    held: bytes = b""
    tabs: dict[str, Tab] = field(default_factory=dict)

    @contextmanager
    def open(
        self, file: Path, *, width: int = 1280, height: int = 900, still: bool = False, on_paper: bool = False
    ) -> Iterator[Tab]:
        """Show a file in a tab of its own, loaded to the end: `still` for readers who want no motion."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = self.tabs[session] = Tab(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            tab.send(f"{domain}.enable")
        tab.send("Emulation.setFocusEmulationEnabled", enabled=True)
        tab.resize(width, height)
        motion = [{"name": "prefers-reduced-motion", "value": "reduce"}] if still else []
        tab.send("Emulation.setEmulatedMedia", media="print" if on_paper else "", features=motion)
        tab.send("Page.navigate", url=file.resolve().as_uri())
        tab.wait(lambda: tab.is_loaded, "the page to load")
        tab.run("document.fonts.ready.then(() => null)")
        try:
            yield tab
        finally:
            del self.tabs[session]
            self.send("Target.closeTarget", targetId=target)

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Give a command and return its answer."""
        self.last += 1
        told: dict[str, Any] = {"id": self.last, "method": method, "params": parameters}
        if session is not None:
            told["sessionId"] = session
        self._write(json.dumps(told).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == told["id"]:
                if "error" in answer:
                    raise ProtocolError(f"{method}: {answer['error']}")
                found: dict[str, Any] = answer["result"]
                return found

    def receive(self) -> dict[str, Any]:
        """Wait for the next message; an event goes to its tab."""
        until = time.monotonic() + PATIENCE
        while b"\0" not in self.held:
            ready, _, _ = select.select([self.listens], [], [], max(0.0, until - time.monotonic()))
            read = os.read(self.listens, 1 << 20) if ready else b""
            if not read:
                raise ProtocolError("Chromium died" if ready else f"Chromium was silent for {PATIENCE:.0f} s")
            self.held += read
        whole, _, self.held = self.held.partition(b"\0")
        message: dict[str, Any] = json.loads(whole)
        tab = self.tabs.get(message.get("sessionId", ""))
        if tab is not None and "method" in message:
            tab.hear(message["method"], message["params"])
        return message

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.tells, data) :]


@dataclass
class Tab:
    """A page that is shown, and what it did."""

    browser: Chromium
    session: str
    is_loaded: bool = False
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give this tab a command."""
        return self.browser.send(method, self.session, **parameters)

    def hear(self, method: str, told: dict[str, Any]) -> None:
        """Remember what the page asked for and what it complained of."""
        if method == "Page.loadEventFired":
            self.is_loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = told["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(f"console.{told['type']}: {[it.get('value') for it in told['args']]}")
        elif method == "Log.entryAdded":
            self.complaints.append(f"{told['entry']['level']}: {told['entry']['text']}")

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        answer = self.send(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
            allowUnsafeEvalBlockedByCSP=False,
        )
        if "exceptionDetails" in answer:
            raise ProtocolError(f"{script[:200]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, is_so: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Come back once something is so."""
        until = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > until:
                raise ProtocolError(f"waited {seconds:.0f} s for {what}")
            self.run("new Promise(done => setTimeout(done, 20))")

    def wait_for(self, script: str, what: str) -> None:
        """Come back once an expression in the page is true."""
        self.wait(lambda: bool(self.run(script)), what)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key, as a person would."""
        code, text = KEYS[key]
        told = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        told |= {"modifiers": SHIFT} if shift else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **told)
        self.send("Input.dispatchKeyEvent", type="keyUp", **told)

    def resize(self, width: int, height: int) -> None:
        """Make the window so large."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def paper(self) -> bytes:
        """The page as it is printed, a PDF."""
        told = self.send("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(told["data"])

    def picture(self) -> bytes:
        """What the window shows, a PNG."""
        return base64.b64decode(self.send("Page.captureScreenshot")["data"])
