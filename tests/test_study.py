"""Studies: what one part names and another does not hold; what a sound study says of its scales."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.declaration import StudyError
from pipeline.study import LoadedStudy, load_study, schema_text, studies

ROOT = Path(__file__).resolve().parent.parent

INSTRUMENT = """\
id: {id}
version: "1"
language: en
title: {id} of a test
construct: Something
respondent: someone
recall: null
source: {{citation: "Made for a test"}}
licence: {{name: CC0-1.0, holder: the project, wording_may_be_shipped: true, may_be_changed: true}}
response_sets: {{often: {{1: Never, 2: Sometimes, 3: Always}}}}
items:
  - {{id: {letter}1, number: 1}}
  - {{id: {letter}2, number: 2, reverse: true}}
  - {{id: {letter}3, number: 3}}
scoring: {{minimum_answered: 0.6, higher_means: more}}
"""

SOUND = """\
title: A study
levels:
  client: {within: staff}
  staff: {within: team, plural: staff}
  team: {}
exports:
  staff: {file: exports/staff.csv, platform: qualtrics, level: staff, id: SID, links: {team: TEAM}}
  clients: {file: exports/clients.sav, platform: spss, level: client, links: {staff: STAFF}}
  roster: {file: exports/teams.csv, platform: csv, level: team, id: TEAM, kind: roster}
scales:
  support: {instrument: support, export: staff, columns: "LS_{nn}"}
  alliance: {instrument: alliance, export: clients, columns: "{ID}", already_reversed: [a2]}
  outcome: {title: Well-being, export: clients, score: OUT}
covariates:
  tenure: {export: staff, column: TENURE, predicts: [alliance]}
  age: {title: Age in years, export: clients, column: AGE}
path: |
  # leader to client
  support -> alliance -> outcome
  support -> outcome   # direct
hypotheses:
  - {id: H1, effect: support -> alliance -> outcome, level: between, sign: positive, smallest: 0.02}
  - {id: H2, effect: alliance -> outcome, level: within, sign: positive}
seed: 7
"""


def lay_out(root: Path, text: str = SOUND) -> Path:
    (root / "instruments").mkdir(exist_ok=True)
    for name in ("support", "alliance"):
        file = root / "instruments" / f"{name}.yaml"
        file.write_text(INSTRUMENT.format(id=name, letter=name[0]), encoding="utf-8")
    for name in ("hse_msit", "core10", "wai_sr"):
        shutil.copy(ROOT / "instruments" / f"{name}.yaml", root / "instruments")
    (root / "data" / "demo").mkdir(parents=True, exist_ok=True)
    (root / "data" / "demo" / "study.yaml").write_text(text, encoding="utf-8")
    return root


def problems_of(root: Path, text: str) -> list[str]:
    lay_out(root, text)
    try:
        load_study(root, "demo")
    except StudyError as error:
        lines = [problem.render().split("\n")[0] for problem in error.problems]
        return [line.removeprefix("data/demo/study.yaml:") for line in lines]
    return []


BROKEN = {
    "level not chained": (
        "client: {within: staff}",
        "client: {}",
        "3:3: 'client' lies in no level: levels are",
    ),
    "level unknown": (
        "{within: staff}",
        "{within: staf}",
        "3:20: there is no level 'staf'; there are: client, sta",
    ),
    "level order": (
        "{within: staff}",
        "{within: team}",
        "3:20: levels are declared lowest first, each within the",
    ),
    "level cycle": (
        "team: {}",
        "team: {within: client}",
        "5:18: levels are declared lowest first, each within the next: 'team' is the highest",
    ),
    "export's level": (
        "level: staff,",
        "level: stuff,",
        "7:64: there is no level 'stuff'; there are: client, staff",
    ),
    "outside": (
        "exports/staff.csv",
        "../demo2/staff.csv",
        "7:17: the file must lie in the study's own folder",
    ),
    "absolute": ("exports/staff.csv", "/etc/passwd", "7:17: the file must lie in the study's own folder"),
    "drive": (
        "exports/staff.csv",
        "C:\\data\\staff.csv",
        "7:17: the file must lie in the study's own folder",
    ),
    "up and down": (
        "exports/staff.csv",
        "exports/../../x",
        "7:17: the file must lie in the study's own folder",
    ),
    "backslashes": ("exports/staff.csv", "..\\x.csv", "7:17: the file must lie in the study's own folder"),
    "link unknown": (
        "{team: TEAM}",
        "{tem: TEAM}",
        "7:88: there is no level 'tem'; there are: client, staff, team (did you mean 'team'?)",
    ),
    "link downwards": (
        "{team: TEAM}",
        "{team: TEAM, client: C}",
        "7:100: a link leads upwards, and 'client' is not",
    ),
    "no link": (
        ", links: {staff: STAFF}",
        "",
        "8:3: no column says in which staff a client of 'clients' lies (add links: {staff: <column>})",
    ),
    "no link further up": (
        ", links: {team: TEAM}",
        "",
        "7:3: no column says in which team a staff of 'staff' lies",
    ),
    "no id": (", id: SID", "", "7:3: 'clients' links to the level staff, but the rows of 'staff' have no id"),
    "roster without id": (
        ", id: TEAM, kind",
        ", kind",
        "9:3: 'staff' links to the level team, but the rows of",
    ),
    "correct": (
        "links: {staff: STAFF}",
        "links: {staff: STAFF}, correct: {team: {t1: T1}}",
        "8:104: 'clients' holds",
    ),
    "platform": (
        "platform: spss",
        "platform: sps",
        "8:50: 'sps' is not one of: qualtrics, redcap",
    ),
    "scale's export": (
        "export: staff, columns",
        "export: staf, columns",
        "11:42: there is no export 'staf'; there a",
    ),
    "scale in a roster": (
        "export: staff, columns",
        "export: roster, columns",
        "11:42: 'roster' is a roster: it lists",
    ),
    "instrument": (
        "instrument: support",
        "instrument: suport",
        "11:25: there is no instrument 'suport' in instruments/ (did you mean 'support'?)",
    ),
    "instrument elsewhere": ("instrument: support", "instrument: ../x", "11:25: '../x' is not a name"),
    "both kinds": (
        "score: OUT",
        'score: OUT, columns: "O{n}"',
        "13:49: `columns` are items and `score` is a ready",
    ),
    "neither kind": (", score: OUT", "", "13:3: 'outcome' does not say where its answers are"),
    "items of what": ("score: OUT", 'columns: "O{n}"', "13:3: 'outcome' has items, but of which instrument?"),
    "facet of a score": (
        "score: OUT",
        "score: OUT, facet: low",
        "13:61: 'facet' says how items are scored, and",
    ),
    "no facets": ('"LS_{nn}"', '"LS_{nn}", facet: low', "11:76: 'support' has no facet 'low'"),
    "facets only": (
        "instrument: support",
        "instrument: hse_msit",
        "11:25: 'hse_msit' has no total score, only facet",
    ),
    "facet unknown": (
        "instrument: support,",
        "instrument: hse_msit, facet: peer_suport,",
        "11:42: 'hse_msit' has no facet 'peer_suport'; it has: demands, control, managers_support",
    ),
    "placeholder": (
        "LS_{nn}",
        "LS_{no}",
        "11:58: '{no}' means nothing in a pattern; known are {n}, {nn}, {id}, {ID}",
    ),
    "one column": (
        "LS_{nn}",
        "LS_1",
        "11:58: this names one column for all items: say where the item's number or",
    ),
    "item unknown": ('"LS_{nn}"', "{s1: A, s2: B, s4: C}", "11:73: 'support' has no item 's4' here"),
    "item without column": (
        '"LS_{nn}"',
        "{s1: A, s2: B}",
        "11:49: no column is named for s3 (a short form is an",
    ),
    "column twice": ('"LS_{nn}"', "{s1: A, s2: B, s3: A}", "11:77: the column 'A' is also that of s1"),
    "column of two": (
        "score: OUT",
        'instrument: support, columns: "A{n}"',
        "13:79: the column 'A1' also holds an",
    ),
    "already reversed": (
        "already_reversed: [a2]",
        "already_reversed: [a1]",
        "12:89: 'a1' is not a reversed item of 'alliance'; reversed are: a2",
    ),
    "already unknown": (
        "already_reversed: [a2]",
        "already_reversed: [b2]",
        "12:89: 'alliance' has no item 'b2' here",
    ),
    "codebook item": (
        '"LS_{nn}"',
        '"LS_{nn}", codebook: {source: x, reverse: [s9]}',
        "11:101: 'support' has no item",
    ),
    "open fact": (
        "instrument: support",
        "instrument: wai_sr",
        "11:3: 'wai_sr' leaves scoring.minimum_answered open (no rule for missing answers was found): your "
        "codebook has to state it (add codebook: {source: ..., minimum_answered: ...})",
    ),
    "two sets": (
        'instrument: support, export: staff, columns: "LS_{nn}"',
        'instrument: hse_msit, facet: peer_support, export: staff, columns: "H{n}", '
        "codebook: {source: x, minimum_answered: 1, responses: {0: No, 1: Yes}}",
        "11:131: one set cannot replace the 2 that these items have: agreement, frequency",
    ),
    "name of a level": ("tenure: {", "staff: {", "15:3: the name 'staff' is taken: it is a level"),
    "name of a scale": ("tenure: {", "support: {", "15:3: the name 'support' is taken: it is a scale"),
    "name id": ("tenure: {", "id: {", "15:3: the name 'id' is taken: it is the id of a row"),
    "covariate's export": (
        "tenure: {export: staff",
        "tenure: {export: stff",
        "15:20: there is no export 'stff'",
    ),
    "covariate's outcome": (
        "predicts: [alliance]",
        "predicts: [aliance]",
        "15:54: there is no outcome on the path "
        "'aliance'; there are: alliance, outcome (did you mean 'alliance'?)",
    ),
    "nothing measures": (
        "support -> alliance -> out",
        "support -> aliance -> out",
        "19:14: nothing measures 'aliance'"
        "; the scales are: support, alliance, outcome (did you mean 'alliance'?)",
    ),
    "grouping of invariance": (
        "seed: 7",
        "invariance: [age, tenur]\nseed: 7",
        "24:19: there is no covariate or level above the lowest 'tenur'; there are: tenure, age, staff, team",
    ),
    "covariate on the path": ("  support -> outcome", "  tenure -> outcome", "20:3: 'tenure' is a covariate"),
    "circle": (
        "support -> outcome ",
        "outcome -> support ",
        "17:7: the path runs in a circle: support -> alliance -> outcome -> support",
    ),
    "onto itself": (
        "support -> outcome ",
        "outcome -> outcome ",
        "17:7: the path runs in a circle: outcome -> outcome",
    ),
    "no arrow": (
        "support -> outcome ",
        "support => outcome ",
        "20:3: 'support => outcome' is not the name of a scale",
    ),
    "lonely name": ("support -> outcome ", "support", "20:3: 'support' stands alone: an arrow is missing"),
    "missing name": ("support -> outcome ", "support ->", "17:7: '' is not the name of a scale"),
    "two chains in a line": ("path: |", "path: >", "17:7: the path has no arrow (begin with `path: |`"),
    "same id twice": ("id: H2", "id: H1", "23:10: two hypotheses have the id 'H1'"),
    "effect unknown": (
        "effect: alliance ->",
        "effect: aliance ->",
        "23:22: 'aliance' is not on the path (did you mean",
    ),
    "no such route": (
        "effect: support -> alliance",
        "effect: alliance -> support",
        "22:22: the path has no arrow alliance -> support",
    ),
    "not an effect": (
        "effect: alliance -> outcome",
        "effect: alliance",
        "23:22: an effect is a route of the path",
    ),
    "within a team": (
        "level: between",
        "level: within",
        "22:61: 'support' is measured per staff, so it has no effect",
    ),
}

RIVAL = "seed: 7"
BROKEN |= {
    "a rival in a circle": (
        RIVAL,
        'rivals: [{id: R1, path: "a -> b -> a"}]',
        "24:25: the rival runs in a circle: a -> b -> a",
    ),
    "a rival of other scales": (
        RIVAL,
        'rivals: [{id: R1, path: "outcome -> alliance"}]',
        "24:25: a rival orders the same scales as the path; this one differs in: support",
    ),
}


TOLD_TWICE = {"item unknown"}


@pytest.mark.parametrize(("old", "new", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_told_in_its_place(old, new, expected, tmp_path):
    assert SOUND.count(old) >= 1
    problems = problems_of(tmp_path, SOUND.replace(old, new, 1))
    assert [problem for problem in problems if problem.startswith(expected)] != [], problems
    assert len(problems) == 1 or any(BROKEN[name][1] == new for name in TOLD_TWICE)


@pytest.mark.parametrize("option", ["measurement: latent", "missing: fiml"])
def test_latent_variables_and_full_information_are_accepted_with_clusters(option, tmp_path):
    assert problems_of(tmp_path, SOUND.replace("seed: 7", option, 1)) == []


def test_fiml_is_accepted_where_the_path_has_no_clusters(tmp_path):
    one_level = """\
title: A study
levels: {person: {}}
exports: {survey: {file: exports/staff.csv, platform: qualtrics, level: person}}
scales:
  support: {title: Support, export: survey, score: SUP}
  outcome: {title: Well-being, export: survey, score: OUT}
path: support -> outcome
missing: fiml
"""
    assert problems_of(tmp_path, one_level) == []


def test_speeding_needs_a_time(tmp_path):
    text = SOUND.replace("qualtrics", "csv") + "screening: {seconds_per_item: 2}\n"
    assert problems_of(tmp_path, text) == [
        "25:31: no export says how long an answer took (name the column under `seconds`)"
    ]
    assert problems_of(tmp_path, text.replace("level: staff,", "level: staff, seconds: T,")) == []


def test_all_mistakes_of_a_study_and_its_instruments_come_together(tmp_path):
    text = SOUND.replace("title: A study", "titel: A study")
    for name in (
        "outside",
        "platform",
        "instrument",
        "already reversed",
        "nothing measures",
        "a rival in a circle",
    ):
        text = text.replace(*BROKEN[name][:2], 1)
    lay_out(tmp_path, text.replace("seed", "sed").replace("level: between", "level: betwixt"))
    file = tmp_path / "instruments" / "alliance.yaml"
    file.write_text(file.read_text().replace("number: 3", "number: 2").replace("minimum", "maximum"))
    with pytest.raises(StudyError) as caught:
        load_study(tmp_path, "demo")
    places = [(problem.file.split("/")[-1], problem.line) for problem in caught.value.problems]
    study = [("study.yaml", line) for line in (1, 7, 8, 11, 19, 22, 24)]
    assert places == [*study, ("alliance.yaml", 14), ("alliance.yaml", 15)]
    assert str(caught.value).startswith(
        "data/demo/study.yaml:1:1: unknown key 'titel' (did you mean 'title'?)\n"
        "     1 | titel: A study\n"
        "       | ^\n"
    )


def test_a_link_out_of_the_folder_is_seen(tmp_path):
    lay_out(tmp_path)
    (tmp_path / "data" / "demo" / "exports").symlink_to(tmp_path)
    with pytest.raises(StudyError, match="the file must lie in the study's own folder"):
        load_study(tmp_path, "demo")


@pytest.mark.parametrize("name", ["dmo", "../demo", "", ".", "demo/"])
def test_a_study_that_is_not_there(name, tmp_path):
    lay_out(tmp_path)
    with pytest.raises(StudyError, match=r"there is no study '.*'; studies here: demo"):
        load_study(tmp_path, name)
    assert studies(tmp_path) == ("demo",)


def test_without_any_study(tmp_path):
    with pytest.raises(StudyError, match=r"no folder in data/ has a study\.yaml yet"):
        load_study(tmp_path, "demo")


@pytest.fixture
def study(tmp_path) -> LoadedStudy:
    return load_study(lay_out(tmp_path), "demo")


def test_a_sound_study_knows_levels_and_arrows(study):
    assert study.levels == ("client", "staff", "team")
    assert study.above("client") == ("staff", "team")
    assert study.above("team") == ()
    assert study.edges == (("support", "alliance"), ("alliance", "outcome"), ("support", "outcome"))
    assert [study.level_of(name) for name in ("support", "outcome", "tenure")] == ["staff", "client", "staff"]


def test_a_sound_study_knows_columns(study):
    assert dict(study.columns("support")) == {"s1": "LS_01", "s2": "LS_02", "s3": "LS_03"}
    assert dict(study.columns("alliance")) == {"a1": "A1", "a2": "A2", "a3": "A3"}
    assert dict(study.columns("outcome")) == {}


def test_a_sound_study_knows_what_to_turn(study):
    assert study.turned("support") == ("s2",)
    assert study.turned("alliance") == ()
    assert study.turned("outcome") == ()


def test_a_sound_study_knows_titles(study):
    names = ("support", "outcome", "tenure", "age", "staff")
    assert [study.title(name) for name in names] == [
        "support of a test",
        "Well-being",
        "Tenure",
        "Age in years",
        "Staff",
    ]
    assert [study.plural(level) for level in study.levels] == ["clients", "staff", "teams"]


def test_a_problem_in_the_data_is_told_at_its_declaration(study):
    problem = study.problem(
        ("scales", "support", "columns"), "staff.csv has no column 'LS_01'", "it has: LS1"
    )
    assert problem.render() == (
        "data/demo/study.yaml:11:58: staff.csv has no column 'LS_01' (it has: LS1)\n"
        '    11 |   support: {instrument: support, export: staff, columns: "LS_{nn}"}\n'
        f"       | {' ' * 57}^"
    )


def test_columns_by_item_are_in_the_order_of_the_items(tmp_path):
    text = SOUND.replace('"LS_{nn}"', "{s3: C, s1: A, s2: B}")
    assert list(load_study(lay_out(tmp_path, text), "demo").columns("support").items()) == [
        ("s1", "A"),
        ("s2", "B"),
        ("s3", "C"),
    ]


def test_facet_and_codebook_make_the_instrument_that_is_used(tmp_path):
    text = SOUND.replace(
        'instrument: support, export: staff, columns: "LS_{nn}"',
        'instrument: hse_msit, facet: managers_support, export: staff, columns: "Q{n}", '
        "codebook: {source: protocol, minimum_answered: 0.8}",
    )
    study = load_study(lay_out(tmp_path, text), "demo")
    used = study.instruments["support"]
    assert list(study.columns("support").values()) == ["Q8", "Q23", "Q29", "Q33", "Q35"]
    assert study.title("support") == "Managers' support"
    assert used.scoring.minimum_answered == 0.8
    assert used.scoring.total
    assert used.responses("hse8")[5] == "Always"
    assert used.responses("hse29")[5] == "Strongly agree"


def test_printed_codes_are_not_turned_unless_the_codebook_says_so(tmp_path):
    scale = 'instrument: core10, export: clients, columns: "C{n}"'
    text = SOUND.replace("title: Well-being, export: clients, score: OUT", scale)
    study = load_study(lay_out(tmp_path, text), "demo")
    assert study.turned("outcome") == ()
    assert study.instruments["outcome"].responses("core2")[0] == "Most or all the time"
    stated = text.replace('"C{n}"', '"C{n}", codebook: {source: export, reverse: [core2, core3]}')
    study = load_study(lay_out(tmp_path, stated), "demo")
    assert study.turned("outcome") == ("core2", "core3")
    assert study.instruments["outcome"].responses("core2")[0] == "Not at all"


def test_the_committed_schema_is_current():
    path = ROOT / "data" / "study.schema.json"
    assert path.read_text(encoding="utf-8") == schema_text(), (
        "the model has changed; write the schema anew:\n"
        "from pathlib import Path; from pipeline import study\n"
        "Path('data/study.schema.json').write_text(study.schema_text(), encoding='utf-8')"
    )


@pytest.mark.parametrize("name", studies(ROOT))
def test_a_shipped_study_is_sound_names_its_schema_and_is_read_quickly(name):
    begun = time.perf_counter()
    assert load_study(ROOT, name).edges
    assert time.perf_counter() - begun < 2
    first = (ROOT / "data" / name / "study.yaml").read_text(encoding="utf-8").split("\n")[0]
    assert first == "# yaml-language-server: $schema=../study.schema.json"


@given(
    at=st.integers(0, len(SOUND)),
    junk=st.text(alphabet="ab19:-[]{}'#>| \n", max_size=3),
    drop=st.integers(0, 40),
)
@settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_damaged_study_gives_a_value_or_problems(at, junk, drop, tmp_path):
    assert isinstance(problems_of(tmp_path, SOUND[:at] + junk + SOUND[at + drop :]), list)


PUBLISHED = (
    "  - {effect: support -> alliance -> outcome, level: between, standardized: 0.06, source: Somebody}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-> alliance", "-> aliance", "26:14: 'aliance' is not on the path (did you mean"),
        ("between", "within", "'support' is measured per staff, so it has no effect within one"),
        ("0.06", "0", "an effect of zero cannot be found by any design"),
        ("0.06", "1.5", "less than 1"),
        (", source: Somebody", "", "source"),
    ],
)
def test_a_mistake_in_a_published_effect_is_told(tmp_path, old, new, message):
    sound = f"{SOUND}published:\n{PUBLISHED}"
    assert load_study(lay_out(tmp_path, sound), "demo").declared.published[0].standardized == 0.06
    lay_out(tmp_path, sound.replace(PUBLISHED, PUBLISHED.replace(old, new)))
    with pytest.raises(StudyError) as caught:
        load_study(tmp_path, "demo")
    assert [problem.line for problem in caught.value.problems] == [26]
    assert message in str(caught.value)
