from __future__ import annotations

import pytest
import recorded

from pipeline.reporting.compose import compose_report
from pipeline.reporting.source import TemplateError
from pipeline.reporting.values import Heading, Paragraph
from pipeline.stages.report import OWN_TEMPLATE

TEMPLATE = OWN_TEMPLATE.read_text(encoding="utf-8")


def headings(sections: dict[str, str]) -> list[str]:
    document = compose_report(recorded.results("army-climate"), TEMPLATE, sections).document
    return [block.text for block in document.blocks if isinstance(block, Heading)]


def test_a_study_replaces_one_section_and_keeps_the_others() -> None:
    found = headings({"summary.md.j2": "# In Short\n\n{{ sentences.summary[0] }}\n"})
    assert found[0] == "In Short"
    assert "Plain-Language Summary" not in found
    assert {"Method", "Results", "References"} <= set(found)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("summry.md.j2", "x", r"no section of that name.*did you mean summary\.md\.j2"),
        ("summary.md.j2", "# A\n\n{% if %}\n", r"summary\.md\.j2:3"),
        ("summary.md.j2", "# A\n\n{{ table('pths') }}\n", r"summary\.md\.j2:3.*pths"),
        ("summary.md.j2", "# A\n\n\n{{ nothing_here }}\n", r"summary\.md\.j2:4.*nothing_here"),
        ("summary.md.j2", "# A\n{{ ''.__class__.__mro__ }}\n", r"summary\.md\.j2:2"),
        ("summary.md.j2", "# A\n{{ block.__globals__ }}\n", r"summary\.md\.j2:2"),
        ("summary.md.j2", "# A\n{{ results.update({}) }}\n", r"summary\.md\.j2:2"),
        ("summary.md.j2", "{% include '../../../secret' %}\n", "no template"),
    ],
)
def test_a_mistake_or_a_reach_for_python_is_told_with_file_and_line(name, text, said) -> None:
    with pytest.raises(TemplateError, match=f"(?s){said}"):
        headings({name: text})


def test_a_value_in_a_section_comes_out_as_typed() -> None:
    results = recorded.results("army-climate")
    results["title"] = "<b>{{ 7*7 }}</b> *x*"
    document = compose_report(results, TEMPLATE, {"summary.md.j2": "{{ results.title }}\n"}).document
    first = next(block for block in document.blocks if isinstance(block, Paragraph))
    assert "7\\*7" in first.text or "7*7" in first.text
    assert "49" not in first.text
