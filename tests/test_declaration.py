"""Reading declarations: every mistake at once, in place, in plain language; hostile files are refused."""

from __future__ import annotations

import re
import string
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from pipeline.declaration import Problem, StudyError, declared, did_you_mean, in_order, read
from pipeline.instrument import Declared, Instrument, Name
from pipeline.study import Study


class Wave(Declared):
    number: int = Field(ge=1)
    kind: Literal["survey", "interview"] = "survey"
    share: float = Field(default=0.5, gt=0, le=1)
    open: bool = False


class Plan(Declared):
    title: str
    waves: tuple[Wave, ...] = Field(default=(), min_length=1)
    labels: Mapping[int, str] = Field(default_factory=dict)
    sources: Mapping[Name, str | Mapping[str, str]] = Field(default_factory=dict)
    codes: tuple[int | str, ...] = ()
    note: str | None = None


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "plan.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def told(folder: Path, content: str | bytes) -> list[str]:
    """The first line of each problem, without the file's name."""
    path = write(folder, content)
    try:
        document = read(path, "plan.yaml")
    except StudyError as error:
        problems: tuple[Problem, ...] = error.problems
    else:
        _, problems = declared(document, Plan)
    return [problem.render().split("\n")[0].removeprefix("plan.yaml:").strip() for problem in problems]


BROKEN = {
    "empty": ("", "the file is empty"),
    "only remarks": ("# nothing yet\n", "the file is empty"),
    "empty document": ("---\n", "the file is empty"),
    "list at top": ("- title: x\n", "1:1: expected keys with values at the top of the file, found a list"),
    "text at top": ("hello\n", "1:1: expected keys with values at the top of the file, found a single value"),
    "tab": ("title: x\nwaves:\n\t- 1\n", "3:1: a tab begins this line (indent with spaces)"),
    "colon": (
        "title: leaders: a study\n",
        "1:15: a ':' where none can stand (put text with a colon in quotes)",
    ),
    "open quote": ("note: x\ntitle: 'x\n", "2:8: a quote is opened here and never closed"),
    "open bracket": ("codes: [1, 2\ntitle: x\n", "1:8: a bracket is opened here and not closed in time"),
    "no colon": ("title: x\nwaves\nnote: y\n", "2:1: expected 'key: value' here"),
    "indentation": ("title:\n  a: 1\n b: 2\n", "3:2: the indentation does not fit the lines above"),
    "percent": ("title: %x\n", "1:8: a value cannot begin with this sign (put the text in quotes)"),
    "bad escape": ('title: "a\\qb"\n', "1:11: a '\\' before this sign means nothing in double quotes"),
    "two documents": ("title: x\n---\ntitle: y\n", "2:1: a second document begins here (remove the '---')"),
    "list as key": ("? [a]\n: b\n", "1:3: a key must be plain text (put the key in quotes)"),
    "duplicate key": (
        "title: x\nnote: y\ntitle: z\n",
        "3:1: the key 'title' is given twice (first on line 1)",
    ),
    "tag": (
        "title: !!python/object/apply:os.system [x]\n",
        "1:8: the tag '!!python/object/apply:os.system' is",
    ),
    "own tag": ("title: !leader x\n", "1:8: the tag '!leader' is refused: a declaration holds text, numbers"),
    "anchor in itself": ("codes: &x [*x]\n", "1:12: '*x' refers to nothing that is complete above it"),
    "unknown alias": (
        "note: &anne x\ntitle: *ann\n",
        "2:8: '*ann' refers to nothing that is complete above it",
    ),
    "deep": ("title: " + "[" * 40, "1:28: nested more than 20 deep"),
    "half a character": ('title: "\\ud800"\n', "1:8: this text holds half a character"),
    "escape too large": ('title: "\\UFFFFFFFF"\n', "an escape in a quoted text cannot be read"),
    "cp1252": (
        "title: x\nnote: it\u2019s\n".encode("cp1252"),
        "2:9: the byte 0x92 is not UTF-8; in Windows-1252",
    ),
    "utf-16": ("title: x".encode("utf-16"), "is UTF-16 text (save it as UTF-8)"),
    "control character": (
        b"title: \x1b[31mred\n",
        "1:8: the character U+001B does not belong in a text file",
    ),
    "too large": (b"#" * 1_000_001, "is larger than 1 MB"),
    "unknown key": ("title: x\nnot: y\n", "2:1: unknown key 'not' (did you mean 'note'?)"),
    "unknown key inside": (
        "title: x\nwaves: [{nubmer: 1}]\n",
        "2:10: unknown key 'nubmer' (did you mean 'number'?)",
    ),
    "missing": ("note: x\n", "1:1: 'title' is missing"),
    "missing inside": ("title: x\nwaves:\n  - kind: survey\n", "3:5: 'number' is missing"),
    "nothing": ("title:\n", "1:1: expected text, found nothing"),
    "number for text": ("title: 1.10\n", "1:8: expected text, found '1.1' (put it in quotes: \"1.10\")"),
    "truth for text": ("title: true\n", '1:8: expected text, found true (put it in quotes: "true")'),
    "yes": (
        "title: x\nwaves: [{number: 1, open: yes}]\n",
        "2:27: expected true or false, found 'yes' (write true)",
    ),
    "fraction": ("title: x\nwaves: [{number: 1.5}]\n", "2:18: expected a whole number, found '1.5'"),
    "quoted number": (
        "title: x\nwaves: [{number: '1'}]\n",
        "expected a whole number, found '1' (without quotes)",
    ),
    "not a number": (
        "title: x\nwaves: [{number: 1, share: .nan}]\n",
        "2:28: expected a finite number, found 'nan'",
    ),
    "infinite": ("title: x\nwaves: [{number: 1, share: .inf}]\n", "2:28: expected a finite number"),
    "too small": ("title: x\nwaves: [{number: 0}]\n", "2:18: 0 is out of range: expected 1 or more"),
    "too large a share": (
        "title: x\nwaves: [{number: 1, share: 2}]\n",
        "2:28: 2 is out of range: expected 1 or less",
    ),
    "choice": (
        "title: x\nwaves: [{number: 1, kind: survy}]\n",
        "not one of: survey, interview (did you mean 'survey'?)",
    ),
    "list expected": ("title: x\ncodes: 5\n", "2:8: expected a list, found '5' (write [5])"),
    "empty list": ("title: x\nwaves: []\n", "2:8: 'waves' is empty: it needs at least one entry"),
    "mapping expected": ("title: x\nlabels: [a]\n", "2:9: expected keys with values, found a list"),
    "entry expected": ("title: x\nwaves: [a]\n", "2:9: expected keys with values, found 'a'"),
    "either": ("title: x\ncodes: [1, a, 1.5]\n", "2:15: expected a whole number or text, found '1.5'"),
    "key of a kind": ("title: x\nlabels: {low: Never}\n", "2:10: expected a whole number, found 'low'"),
    "name": (
        "title: x\nsources: {Staff Survey: a}\n",
        "2:11: 'Staff Survey' is not a name: small letters, digits",
    ),
    "inside one of two kinds": (
        "title: x\nsources: {a: {b: 2}}\n",
        "2:18: expected text, found '2' (put it in quotes: \"2\")",
    ),
}


@pytest.mark.parametrize(("content", "expected"), BROKEN.values(), ids=BROKEN)
def test_one_mistake_is_one_problem_in_its_place(content, expected, tmp_path):
    problems = told(tmp_path, content)
    assert len(problems) == 1
    assert expected in problems[0]


def test_a_sound_file_is_a_value(tmp_path):
    text = """\
title: "1.0"  # quoted, so text
waves: [{number: 0x1, kind: interview, share: 1, open: true}]
labels: {-1: No, 2: yes, 3: '3'}
sources: {a: b, c: {d: e}}
codes: [007, "007"]
note: ~
"""
    value, problems = declared(read(write(tmp_path, text)), Plan)
    assert problems == ()
    assert value == Plan(
        title="1.0",
        waves=(Wave(number=1, kind="interview", share=1.0, open=True),),
        labels={-1: "No", 2: "yes", 3: "3"},
        sources={"a": "b", "c": {"d": "e"}},
        codes=(7, "007"),
    )


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    path = write(tmp_path, "\ufefftitle: x\r\nnot: y\r\n".encode())
    _, problems = declared(read(path, "plan.yaml"), Plan)
    assert [problem.render() for problem in problems] == [
        "plan.yaml:2:1: unknown key 'not' (did you mean 'note'?)\n     2 | not: y\n       | ^"
    ]


def test_an_alias_stands_for_its_value(tmp_path):
    value, _ = declared(read(write(tmp_path, "title: &t Leaders\nnote: *t\n")), Plan)
    assert value is not None
    assert value.note == "Leaders"


def test_all_mistakes_are_told_at_once_in_order(tmp_path):
    text = """\
titel: x
waves:
  - {number: 0, knd: survey}
  - {number: one, open: no}
labels: {1: Never, 1: Rarely}
codes: !!set {a}
note: [a]
"""
    assert told(tmp_path, text) == [
        "1:1: unknown key 'titel' (did you mean 'title'?)",
        "3:14: 0 is out of range: expected 1 or more",
        "3:17: unknown key 'knd' (did you mean 'kind'?)",
        "4:14: expected a whole number, found 'one'",
        "4:25: expected true or false, found 'no' (write false)",
        "5:20: the key '1' is given twice (first on line 5)",
        "6:8: the tag '!!set' is refused: a declaration holds text, numbers, lists and keys only "
        "(remove the tag)",
        "7:7: expected text, found a list",
    ]


def test_a_rule_speaks_although_the_model_found_mistakes(tmp_path):
    document = read(write(tmp_path, "title: 3\nwaves: [{number: 2}, {number: x}]\n"), "plan.yaml")
    rule = [lambda root: [wave["number"].problem("no such wave") for wave in root["waves"].entries()[:1]]]
    value, problems = declared(document, Plan, rule)
    assert value is None
    assert [(problem.line, problem.column) for problem in problems] == [(1, 8), (2, 18), (2, 31)]


def test_a_problem_is_rendered_with_its_line_and_a_caret():
    problem = Problem(
        "support.yaml", "unknown key 'revrse'", 17, 9, "        revrse: true", "did you mean 'reverse'?"
    )
    assert problem.render() == (
        "support.yaml:17:9: unknown key 'revrse' (did you mean 'reverse'?)\n"
        "    17 |         revrse: true\n"
        "       |         ^"
    )


def test_a_problem_cannot_steer_the_terminal_and_long_lines_are_cut():
    problem = Problem("a.yaml", "bad \x1b[2J", 1, 500, "x" * 499 + "\x1b" + "y" * 499)
    first, source, caret = problem.render().split("\n")
    assert "\x1b" not in problem.render()
    assert first == "a.yaml:1:500: bad \ufffd[2J"
    assert source[caret.index("^")] == "\ufffd"
    assert len(source) < 140


def test_an_error_of_a_single_problem():
    error = StudyError.of("staff.csv", "has no column 'LS_1'", "did you mean 'LS1'?")
    assert str(error) == "staff.csv: has no column 'LS_1' (did you mean 'LS1'?)"
    assert error.problems == (Problem("staff.csv", "has no column 'LS_1'", hint="did you mean 'LS1'?"),)


def test_problems_come_once_and_file_by_file():
    a, b, c = Problem("b", "x", 9), Problem("a", "y", 1), Problem("b", "z", 2)
    assert in_order([a, b, c, a]) == (c, a, b)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("aliance", "did you mean 'alliance'?"),
        ("ALLIANCE", "did you mean 'alliance'?"),
        ("xyz", None),
        (3, None),
    ],
)
def test_the_nearest_word_is_named(word, hint):
    assert did_you_mean(word, ["alliance", "belonging"]) == hint


def test_a_file_that_is_not_there_names_its_neighbour(tmp_path):
    write(tmp_path, "title: x\n")
    with pytest.raises(StudyError, match=r"plans.yaml: there is no such file \(did you mean 'plan.yaml'\?\)"):
        read(tmp_path / "plans.yaml", "plans.yaml")
    with pytest.raises(StudyError, match="is a folder"):
        read(tmp_path)


BOMBS = {
    "aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{x}: &{x} [{','.join([f'*{w}'] * 9)}]\n" for w, x in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "aliases in mappings": "a: &a {k: 1, l: 2, m: 3}\n"
    + "".join(
        f"{x}: &{x} {{k: *{w}, l: *{w}, m: *{w}}}\n"
        for w, x in zip(string.ascii_lowercase, string.ascii_lowercase[1:], strict=False)
    ),
    "many values": "codes: [" + "1," * 100_000 + "]\n",
    "brackets": "title: " + "[" * 400_000,
    "dashes": "- " * 400_000,
    "question marks": "? " * 400_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_quickly(bomb, tmp_path):
    begun = time.perf_counter()
    (problem,) = told(tmp_path, bomb)
    assert time.perf_counter() - begun < 5
    assert re.search(
        "unfolds into more than 20,000 values|nested more than 20 deep|a key must be plain", problem
    )


SEED = """\
id: x
title: &t "A title: of \\u00e9"
levels: {client: {within: staff}, staff: {}}
items:
  - {id: a1, number: 1, reverse: true}
  - id: a2
    number: 2
scoring: {rule: mean, minimum_answered: 0.8}
path: |
  a -> b -> c   # a remark
  a -> c
exports: {staff: {file: ../x, platform: csv, level: staff, missing_codes: [-99, *t]}}
"""


@pytest.mark.parametrize("model", [Instrument, Study])
@given(data=st.data())
@settings(
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_text_gives_anything_but_a_value_or_problems(model, data, tmp_path):
    text = data.draw(
        st.one_of(
            st.text(),
            st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,? \n\t0.", max_size=60),
            st.builds(
                lambda at, junk, drop: SEED[:at] + junk + SEED[at + drop :],
                st.integers(0, len(SEED)),
                st.text(
                    alphabet=st.characters(codec="utf-8") | st.sampled_from(":-[]{}&*!|>'\"# \n\\"),
                    max_size=4,
                ),
                st.integers(0, 12),
            ),
        )
    )
    try:
        value, problems = declared(read(write(tmp_path, text.encode("utf-8", "surrogatepass"))), model)
    except StudyError as error:
        problems, value = error.problems, None
    assert (value is None) == bool(problems)
    assert all(problem.message and problem.render() for problem in problems)
