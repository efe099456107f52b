from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_report import INJECTIONS, SCRIPTS, flow, png, spanned

from pipeline.reporting.markup import Marked, clean, literal, plain
from pipeline.reporting.source import TemplateError, document_from_source
from pipeline.reporting.values import Bullets, Details, Figure, Heading, Notice, Paragraph

BLOCKS = {
    "flow": flow(),
    "paths": spanned(),
    "diagram": Figure("diagram", "D", "alt", png()),
    "made": Details("How", (("Seed", "1"),)),
    "both": (Paragraph("one"), Paragraph("two")),
}
CONTEXT = {
    "n": 812,
    "label": "*x* <b> {{7*7}}",
    "told": Marked("*B* = 0.30"),
    "texts": [Marked("*a*"), "# b"],
    "study": {"title": "T_1"},
    "none": None,
}


def made(template: str, **context: object) -> tuple:
    return document_from_source(template, CONTEXT | context, BLOCKS)


WRITTEN = {
    "# A *b*\n## C ##\n### D": (Heading("A *b*", 1), Heading("C", 2), Heading("D", 3)),
    "one\ntwo\n\nthree": (Paragraph("one two"), Paragraph("three")),
    "- a\n- b\n  c\n\n1. d\n2. e": (Bullets(("a", "b c")), Bullets(("d", "e"), ordered=True)),
    "> Look\n> here": (Notice("Look here"),),
    "> [!WARNING]\n> *Do not* cite": (Notice("*Do not* cite", "warning"),),
    "> [!NOTE] Read": (Notice("Read"),),
    "*p* = .002, CFI ≥ .95, a = b": (Paragraph("*p*\u00a0=\u00a0.002, CFI\u00a0≥\u00a0.95, a = b"),),
    "    indented <b>text</b>": (Paragraph("indented <b>text</b>"),),
    "a\n===\nb\n---": (Paragraph("a === b ---"),),
    "[x]: https://x.org": (Paragraph("[x]: https://x.org"),),
    "{{ n }}{{ none }}": (Paragraph("812"),),
    "{{ told }} {{ told | trim }}": (Paragraph("*B*\u00a0=\u00a00.30 *B*\u00a0=\u00a00.30"),),
    "{{ study.title }}": (Paragraph(r"T\_1"),),
    "{% for text in texts %}\n{{ text }}\n\n{% endfor %}": (Paragraph("*a*"), Paragraph(r"\# b")),
    "{% macro b(x) %}**{{ x }}**{% endmacro %}\n{{ b('a*c') }}": (Paragraph(r"**a\*c**"),),
    "{{ texts | join(', ') }}": (Paragraph(r"*a*\, \# b"),),
    "{{ told ~ ' *c*' }}; {{ 'a' ~ n }}": (
        Paragraph(r"*B*\u00a0=\u00a00.30 \*c\*; a812".replace(r"\u00a0", "\u00a0")),
    ),
    "{{ 'a & <b> *c*' }}": (Paragraph(r"a & \<b\> \*c\*"),),
    "{{ 'a & b' | e }}": (Paragraph("a & b"),),
    "{% if has('flow') %}yes{% endif %}{% if has('x') %}no{% endif %}": (Paragraph("yes"),),
    "a {{ table('flow') }} b": (Paragraph("a"), flow(), Paragraph("b")),
    "See [@diagram].\n{{ figure('diagram') }}\n{{ block('made') }}": (
        Paragraph("See [@diagram]."),
        BLOCKS["diagram"],
        BLOCKS["made"],
    ),
    "{{ block('both') }}": BLOCKS["both"],
}


@pytest.mark.parametrize("template", WRITTEN)
def test_a_template_becomes_blocks(template):
    assert made(template) == WRITTEN[template]


MISTAKES = {
    "one\n{{ lable }}": ("report.md.j2:2: 'lable' is undefined (did you mean 'label'?)", "2 | {{ lable }}"),
    "one\n\n{% if %}": ("report.md.j2:3: Expected an expression", "3 | {% if %}"),
    "{% for x in n %}": ("report.md.j2:1:", "{% for x in n %}"),
    "a\n{{ table('flwo') }}": ('report.md.j2:2: table("flwo"): there is no such block (did you mean', "flow"),
    "{{ figure('flow') }}": ('figure("flow"): this is a table, not a figure', "1 |"),
    "x\n\nsee [@paths]": ("report.md.j2:3: [@paths] refers to", 'place it by {{ table("paths") }}'),
    "- [@nope]": ("report.md.j2:1: [@nope] refers to", "not placed"),
    "#### deep": ("report.md.j2:1: a heading has one to three # signs", "deep"),
    "- a\n  - b": ("a list item is one paragraph", "- a"),
    "```\ncode\n```": ("code cannot be written here", "```"),
    "a\n\n| a | b |": ("report.md.j2:3: a table cannot be written here", "| a | b |"),
    "> - x": ("a notice (lines that start with >) holds text only", "> - x"),
    "{{ n + 'a' }}": ("report.md.j2:1: unsupported operand", "{{ n + 'a' }}"),
    "{{ 1 / 0 }}": ("report.md.j2:1: division by zero", "{{ 1 / 0 }}"),
    "{{ label.__class__ }}": ("access to attribute '__class__' of 'str' object is unsafe", "1 |"),
    "{{ study.titel }}": ("has no attribute 'titel'", "1 |"),
    "{{ n | safe }}": ("No filter named 'safe'", "1 |"),
    "{% include 'other' %}": ("there is no template 'other' to extend or include (known: none)", ""),
}


@pytest.mark.parametrize("template", MISTAKES)
def test_a_mistake_is_told_with_its_place(template):
    with pytest.raises(TemplateError) as caught:
        made(template)
    for part in MISTAKES[template]:
        assert part in str(caught.value)


def test_a_study_replaces_a_section_and_keeps_the_rest():
    base = "# Report\n\n{% block results %}\nours\n{% endblock %}\n\nend"
    study = "{% extends 'base' %}\n{% block results %}\ntheirs {{ label }}\n{% endblock %}"
    found = document_from_source(study, CONTEXT, {}, file="mine.md.j2", others={"base": base})
    assert found == (Heading("Report", 1), Paragraph(f"theirs {literal(CONTEXT['label'])}"), Paragraph("end"))


def test_a_mistake_in_a_base_template_names_that_file():
    base = "x\n{% block results %}\n{{ nope }}\n{% endblock %}"
    with pytest.raises(TemplateError, match=r"^base:3: 'nope' is undefined"):
        document_from_source("{% extends 'base' %}", CONTEXT, {}, file="mine.md.j2", others={"base": base})


@pytest.mark.parametrize(
    "text", [*INJECTIONS, *SCRIPTS, "> q", "```", "---", "- x", "+ x", "1) x", "    code", "[a]: b"]
)
def test_hostile_values_come_out_as_typed(text):
    (block,) = made("{{ value }}", value=text)
    assert isinstance(block, Paragraph)
    assert plain(block.text) == text.strip()


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_value_stays_one_paragraph(text):
    (block,) = made("x{{ value }}x", value=text)
    assert plain(block.text).replace("\u00a0", " ") == f"x{clean(text)}x".replace("\u00a0", " ")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="#>-+*=`~1.) \t\n|[]:<&a", max_size=12))
def test_no_value_at_the_start_of_a_line_makes_a_block(text):
    for block in made("{{ value }}", value=text):
        assert isinstance(block, Paragraph)
        assert plain(block.text).replace("\u00a0", " ") == clean(text).strip()
