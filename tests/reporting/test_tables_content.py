"""What the tables say: the right cells, nothing empty, nothing that is not theirs to show."""

from __future__ import annotations

import csv
import io

import pytest
import recorded

from pipeline.reporting import markup, numbering
from pipeline.reporting.compose import TABLES
from pipeline.reporting.record import Record, uncapitalised
from pipeline.reporting.tables import (
    as_csv,
    build,
    changes,
    contextual,
    contrasts,
    correlations,
    descriptives,
    fit,
    flat,
    flow,
    hypotheses,
    indirect,
    instruments,
    loadings,
    measured,
    model_fit,
    paths,
    rivals,
    undecomposed,
    unlinked,
)
from pipeline.reporting.values import Cell, Document, Row, Table


def rows(table: Table | None) -> dict[str, list[str]]:
    """Plain cells by stub; a group's name comes before the stubs below it."""
    assert table is not None
    found: dict[str, list[str]] = {}
    group = ""
    for row in table.body:
        words = [markup.plain(cell.text) for cell in row.cells]
        group = words[0] if row.group else group
        if not row.group:
            found[f"{group}|{words[0]}" if group else words[0]] = words[1:]
    return found


@pytest.mark.parametrize("study", recorded.STUDIES)
@pytest.mark.parametrize(
    "make", TABLES, ids=lambda make: f"{make.__module__.rpartition('.')[2]}.{make.__name__}"
)
def test_every_table_fills_its_grid_and_has_no_empty_column(make: object, study: str) -> None:
    table = make(recorded.record(study))  # type: ignore[operator]
    if table is None:
        return
    numbering.label(Document("t", "s", None, None, (table,), "f"))
    assert table.alt
    assert table.title[0].isupper()
    for column in range(1, len(table.widths)):
        cells = [row.cells[column].text for row in table.body if len(row.cells) == len(table.widths)]
        assert table.id == "correlations" or any(text not in {"—", ""} for text in cells), (table.id, column)


@pytest.mark.parametrize(
    "make", TABLES, ids=lambda make: f"{make.__module__.rpartition('.')[2]}.{make.__name__}"
)
def test_no_results_make_no_table(make: object) -> None:
    assert make(Record({"study": "x", "title": "X", "stages": {}})) is None  # type: ignore[operator]


def test_the_army_paths_stand_side_by_side() -> None:
    table = paths.table(recorded.record("army-climate"))
    found = rows(table)
    assert found["Co-worker cohesion|Leader support"][:2] == ["0.48", "0.01"]
    assert found["Well-being|Co-worker cohesion"] == [
        *("0.09", "0.01", "[0.06, 0.11]", "0.08", "< .001"),
        *("−0.22", "0.18", "[−0.56, 0.13]", "−0.21", ".220"),
    ]
    assert table is not None
    assert "rest on latent means: corrected for the error" in markup.plain(table.general or "")
    assert "7,382 soldiers in 99 companies" in (table.general or "")
    assert [cell.text for cell in table.header[0].cells] == ["", "Within companies", "Between companies"]


def test_a_variable_of_a_higher_level_has_dashes_within() -> None:
    found = rows(paths.table(recorded.record("demo")))
    assert found["Working Alliance, Client View|Perceived Leader Support"][:5] == ["—"] * 5
    assert found["Working Alliance, Client View|Perceived Leader Support"][5] == "0.04"


def test_indirect_effects_have_level_interval_draws_and_seed() -> None:
    table = indirect.table(recorded.record("army-climate"))
    found = rows(table)
    route = "Leader support → Co-worker cohesion → Well-being"
    assert found[f"Within companies|{route}"] == [
        *("0.041", "0.007", "[0.028, 0.054]", "< .001", "[0.028, 0.054]", "[0.029, 0.055]", "< .001")
    ]
    assert found[f"Between companies|{route}"] == [
        *("−0.097", "0.081", "[−0.265, 0.057]", ".222", "[−0.296, 0.053]", "[−0.300, 0.052]", ".220")
    ]
    assert "Total indirect" not in " ".join(found)
    assert table is not None
    assert [cell.text for cell in table.header[0].cells] == ["", "Monte Carlo", "Bootstrap, 95% CI", ""]
    assert "1,000 resamples of the 99 companies, seed 1996; 100.0% were usable." in (table.general or "")
    assert "20,000 draws" in (table.general or "")
    assert "seed 1996" in (table.general or "")


def bootstrapped(study: str, **changes: object) -> Record:
    """A study whose bootstrap went otherwise; without usable draws its effects have no such intervals."""
    found = recorded.results(study)
    told = found["stages"]["model"]["results"]
    told["bootstrap"] |= changes
    if told["bootstrap"]["reason"]:
        names = ("boot_se", "boot_lower", "boot_upper", "bc_lower", "bc_upper")
        for part in ("indirect", "contrasts", "contextual_indirect"):
            told[part] = [row | dict.fromkeys(names) for row in told[part]]
    return Record(found)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"usable": 0.62, "reason": "only 620 of 1000 draws are usable"}, "are withheld: only 620 of 1000"),
        ({"draws": 0, "reason": "fitted equation by equation"}, "There are no bootstrap intervals: fitted"),
    ],
)
def test_withheld_bootstrap_intervals_leave_their_reason(changes: dict[str, object], words: str) -> None:
    for make in (indirect.table, contrasts.table):
        table = make(bootstrapped("army-climate", **changes))
        assert table is not None
        assert words in (table.general or "")
        heads = [cell.text for row in table.header for cell in row.cells]
        assert "95% CI" in heads
        assert "BC" not in heads


def test_few_resampled_units_and_improper_draws_are_told() -> None:
    note = indirect.table(recorded.record("army-leadership")).general or ""  # type: ignore[union-attr]
    assert "232 of them hold a variance below zero" in note
    assert "Caution: the bootstrap draws only 49 units" in note


def test_routes_are_held_against_each_other_and_levels_too() -> None:
    found = rows(contrasts.table(recorded.record("demo")))
    group = "Between staff: Perceived Leader Support → Day-to-Day Functioning and Well-Being"
    assert sum(stub.startswith(f"{group}|By way of") for stub in found) == 6
    last = [stub for stub in found if stub.startswith("Between staff, less within|")]
    assert len(last) == 1
    assert found[last[0]][0] == "−0.0389"
    assert contrasts.table(recorded.record("plain")) is None


def test_small_products_get_the_decimals_they_need() -> None:
    found = rows(indirect.table(recorded.record("demo")))
    assert found[
        "Between staff|Total indirect: Perceived Leader Support → Day-to-Day Functioning and Well-Being"
    ][:1] == ["0.0113"]


def test_flat_manifest_and_latent_stand_side_by_side() -> None:
    table = flat.table(recorded.record("army-climate"))
    assert table is not None
    assert table.header[0].cells[1].text == "Flat (single-level): ignores clusters"
    found = rows(table)
    assert found["Indirect, direct, and total effects|Leader support → Co-worker cohesion → Well-being"] == [
        *("0.037", "0.006", "0.007", "[0.025, 0.048]", "< .001"),
        *("0.041", "−0.046"),
        *("0.041", "−0.097"),
    ]
    assert found["Paths|Co-worker cohesion → Well-being"][5:] == ["0.085", "−0.101", "0.085", "−0.215"]
    assert [cell.text for cell in table.header[0].cells[2:]] == ["Manifest means", "Latent means"]
    assert "Manifest means: attenuated where clusters measure imprecisely." in table.general
    assert "sandwich errors over 99 companies" in table.general
    assert flat.table(recorded.record("plain")) is None


def test_the_mixed_model_is_told_apart_from_the_one_by_level() -> None:
    table = undecomposed.table(recorded.record("army-climate"))
    assert table is not None
    found = rows(table)
    assert found["Outcome: Well-being|Hours"] == [
        *("−0.030", "0.004", "[−0.038, −0.021]", "−6.77", "< .001"),
    ]
    assert "estimates neither where the two differ" in table.general
    assert "*N* = 7,382 in 99 companies." in table.general
    assert undecomposed.table(recorded.record("plain")) is None


def test_descriptives_drop_what_a_study_does_not_have() -> None:
    header = [cell.text for cell in descriptives.table(recorded.record("army-climate")).header[-1].cells]  # type: ignore[union-attr]
    assert header == ["Variable", "*n*", "Missing", "*M*", "*SD*", "ICC(1)", "ICC(2)"]
    table = descriptives.table(recorded.record("plain"))
    assert table is not None
    assert len(table.header) == 1
    found = rows(descriptives.table(recorded.record("demo")))
    assert found["Staff|Perceived Leader Support"][4:] == [".94", "[.93, .95]", ".94", "—", "—", ".13", ".48"]


def test_correlations_within_lie_below_and_between_above() -> None:
    found = rows(correlations.table(recorded.record("army-leadership")))
    assert found["1. Leadership Climate"] == ["(.90)", ".39**", "−.60***"]
    told = recorded.results("army-leadership")["stages"]["validate"]["results"]["reliability"]["hostility"]
    assert (round(told["omega"]["est"], 2), round(told["est"], 2)) == (0.88, 0.87)
    assert found["3. Hostility"] == ["−.36***", "−.31***", "(.88)"]
    assert rows(correlations.table(recorded.record("plain")))["1. Leader support"] == ["—", "", ""]


def test_wording_is_shown_only_where_the_licence_lets_it() -> None:
    assert "Perceived Leader Support|1. My supervisor asked me how I was coping with the work." in rows(
        loadings.table(recorded.record("demo"))
    )
    found = recorded.results("army-leadership")
    for item in found["stages"]["validate"]["results"]["items"]["hostility"]:
        item["text"] = "Wording of somebody else"
    table = loadings.table(Record(found))
    assert "Hostility|1. hostil01" in rows(table)
    assert "somebody else" not in str(table)


def test_reversed_items_are_marked() -> None:
    table = loadings.table(recorded.record("demo"))
    assert table is not None
    marked = [row.cells[0].text for row in table.body if row.cells[0].text.endswith("^a^")]
    assert len(marked) == 1
    assert table.specific == (
        "^a^ Reverse-keyed; statistics are for the item as scored.",
        "^b^ Reverse-keyed, and already turned round in the export.",
    )


def test_a_model_that_cannot_be_tested_says_so() -> None:
    table = fit.table(recorded.record("army-leadership"))
    found = rows(table)
    assert found["Leadership Climate|One factor"][1:5] == ["1,937.92", "44", "< .001", ".79"]
    assert found["Task Significance|One factora"][1:] == ["—", "0", *["—"] * 6]
    assert table is not None
    assert table.specific == (
        "^a^ Three items on one factor are just identified (df = 0): they fit exactly whatever the answers "
        "are, so that there is no fit to test (Kline, 2023); the loadings can be read.",
    )


def test_the_fit_table_says_how_it_was_made_and_what_a_second_program_found() -> None:
    note = markup.plain(fit.table(recorded.record("army-leadership")).general)
    assert "robust errors (MLR): χ² is scaled (Yuan & Bentler, 2000)" in note
    assert "Errors and test allow for clusters of companies." in note
    assert "Errors and test rest on only 49 clusters (fewer than 50)" in note
    assert "Two programs, semopy beside this pipeline" in note
    assert "standardized estimate below 0.00001, of χ² below 0.0001 (4 models)" in note
    note = markup.plain(fit.table(recorded.record("demo")).general)
    assert "full information" in note
    assert "rows in none that is known are left out (441 at most)" in note


def test_a_model_without_a_second_opinion_says_why() -> None:
    found = recorded.results("army-leadership")
    model = found["stages"]["validate"]["results"]["factor"]["hostility"]
    model["second_opinion"] = {"program": None, "reason": "only 3 rows answer every item"}
    note = markup.plain(fit.table(Record(found)).general)
    assert "(3 models)" in note
    assert "Second opinion on hostility (one factor): none, because only 3 rows answer every item." in note


def test_a_model_that_did_not_converge_shows_no_numbers() -> None:
    found = recorded.results("army-leadership")
    found["stages"]["validate"]["results"]["factor"]["hostility"] |= {
        "converged": False,
        "warning": "No luck.",
    }
    assert rows(fit.table(Record(found)))["Hostility|One factorb"][1:] == ["—"] * 8


def test_a_failed_equation_shows_no_numbers() -> None:
    found = recorded.results("army-climate")
    found["stages"]["model"]["results"]["equations"]["wellbeing"]["converged"] = False
    table = paths.table(Record(found))
    shown = rows(table)
    assert shown["Well-beinga|Leader support"] == ["—"] * 10
    assert shown["Co-worker cohesion|Leader support"][0] == "0.48"
    assert table is not None
    assert table.specific[0].startswith("^a^ The equation did not converge")
    assert rows(hypotheses.table(Record(found)))["H1: Leader support → Co-worker cohesion → Well-being"][
        3:
    ] == ["—", "—", "Not judged"]


def test_flow_and_links_count_every_level() -> None:
    found = rows(flow.table(recorded.record("demo")))
    assert found["Records received"] == ["2,946", "409", "60"]
    assert found["Excluded|Duplicate"] == ["20", "4", "0"]
    assert found["Excluded|Kept after screening"] == ["2,799", "381", "60"]
    assert found["Excluded|Linked to teams"] == ["2,358", "381", "—"]
    links = rows(unlinked.table(recorded.record("demo")))
    assert links["Clients to staff|Not linked"] == ["441"]
    assert links["Clients to staff|No id given"] == ["155"]


def test_cluster_sizes_are_least_middle_most_only() -> None:
    table = unlinked.sizes_table(recorded.record("demo"))
    assert table is not None
    assert [cell.text for cell in table.header[0].cells[1:]] == ["Clusters", "Minimum", "Median", "Maximum"]
    assert rows(table)["Staff in teams"] == ["60", "1", "7.0", "8"]


def test_contextual_tests_and_hypotheses() -> None:
    assert rows(contextual.table(recorded.record("army-climate")))["Co-worker cohesion → Well-being"] == [
        *("−0.30", "0.18", "[−0.64, 0.04]", "−1.71", ".087")
    ]
    found = rows(hypotheses.table(recorded.record("army-climate")))
    assert found["H2: Leader support → Co-worker cohesion → Well-being"] == [
        *("Between", "Positive", "0.02", "−0.097", "[−0.265, 0.057]", "Inconclusive")
    ]
    single = hypotheses.table(recorded.record("plain"))
    assert single is not None
    assert "Level" not in [cell.text for cell in single.header[0].cells]


def test_changes_of_the_exports_and_private_ids() -> None:
    found = recorded.results("demo")
    found["derived"]["recodings"] = [
        {"export": "staff", "variable": "leader_support", "rule": "label", "from": "Often", "to": "4", "n": 9}
    ]
    shown = rows(changes.table(Record(found)))
    assert shown["Answers declared missing by a code|clients: code -9 (Don't know)"] == ["2,768"]
    assert shown["Recoded answers|Perceived Leader Support: “Often” as 4 (label)"] == ["9"]
    assert shown["Corrected ids|Team: “TEAM 1” read as “T01”"] == ["2"]
    found["derived"]["id_corrections"][0] |= {"typed": None, "meant": None}
    assert "Corrected ids|Team ids" in rows(changes.table(Record(found)))


def test_instruments_tell_scoring_source_and_licence() -> None:
    found = rows(instruments.table(recorded.record("army-leadership")))
    cells = found["Hostility (version lq2002)"]
    assert cells[0] == "5"
    assert cells[1] == "0 (lowest; label not documented) to 4 (highest; label not documented)"
    assert cells[3:] == ["Bliese et al., 2002", "not stated"]


def test_an_adapted_instrument_names_its_parent() -> None:
    found = recorded.results("demo")
    found["declared"]["instruments"]["autonomy"]["adaptation"] = {
        "parent": "autonomy",
        "parent_version": "1.0",
        "changes": [{}, {}],
    }
    cells = rows(instruments.table(Record(found)))["Autonomy in Daily Life (version 1.0)"]
    assert cells[-1] == "CC0-1.0; adapted from autonomy 1.0 (2 recorded changes)"


HOSTILE = '=HYPERLINK("x") <b>*bold*</b> {{ x }} [@paths] `c`'


def test_what_a_user_typed_comes_out_as_typed() -> None:
    found = recorded.results("army-climate")
    found["declared"]["variables"]["cohesion"]["title"] = HOSTILE
    table = descriptives.table(Record(found))
    assert table is not None
    assert HOSTILE in [markup.plain(row.cells[0].text) for row in table.body]
    assert markup.references(table.body[1].cells[0].text) == ()
    lines = list(csv.reader(io.StringIO(as_csv.as_csv(table))))
    assert lines[3][0] == f"'{HOSTILE}"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("−0.12", "-0.12"),
        ("7,382", "7382"),
        (".05", ".05"),
        ("< .001", "< .001"),
        ("[−0.12, 0.30]", "[−0.12, 0.30]"),
        ("+1+cmd", "'+1+cmd"),
        ("-x", "'-x"),
        ("@x", "'@x"),
        (r"\=1\+1", "'=1+1"),
        ("", ""),
    ],
)
def test_csv_cells_are_numbers_or_safe(text: str, cell: str) -> None:
    table = Table("t", "T", (Row((Cell("a"),)),), (Row((Cell(text),)),), (1.0,))
    assert list(csv.reader(io.StringIO(as_csv.as_csv(table))))[1:] == ([[cell]] if cell else [[""]])


def test_spans_become_empty_csv_cells() -> None:
    header = (build.spanners(1, ("Within", 2)), build.header("x", "a", "b"))
    table = Table("t", "T", header, (build.group("Group", 3),), (1.0, 1.0, 1.0))
    assert as_csv.as_csv(table).splitlines() == [",Within,", "x,a,b", "Group,,"]


@pytest.mark.parametrize(
    ("title", "phrase"),
    [
        ("Working Alliance, Client View", "working alliance, client view"),
        ("Day-to-Day Functioning and Well-Being", "day-to-day functioning and well-being"),
        ("Leader support", "leader support"),
        ("PHQ-9", "PHQ-9"),
        ("Belonging in Wales and at home", "belonging in Wales and at home"),
        ("GAD-7 Anxiety Score", "GAD-7 anxiety score"),
    ],
)
def test_titles_within_a_sentence(title: str, phrase: str) -> None:
    assert uncapitalised(title) == phrase


def test_fit_of_the_path_model_has_a_row_for_each_level() -> None:
    found = rows(model_fit.table(recorded.record("army-leadership")))
    assert found["Latent variables (for comparison)|Both levels"][:3] == ["1,686.90", "314", "< .001"]
    assert found["Latent variables (for comparison)|Between companies alone"][1:3] == ["149", ".279"]
    assert found["Scale scores, latent means (main model)|Both levels"][:2] == ["—", "0"]
    note = model_fit.table(recorded.record("army-leadership")).general  # type: ignore[union-attr]
    assert "these are the ones to read, and the only ones printed" in note
    assert "cannot be judged" in note


@pytest.mark.parametrize("study", ["army-climate", "plain"])
def test_saturated_models_alone_make_no_table_of_fit(study: str) -> None:
    assert model_fit.table(recorded.record(study)) is None


def test_scores_and_latent_variables_side_by_side() -> None:
    found = rows(measured.table(recorded.record("army-leadership")))
    assert found["Between companies|Task Significance → Hostility"][0::3] == ["−0.547", "−0.595"]
    assert measured.table(recorded.record("army-climate")) is None


def test_rival_orders_with_their_likelihoods() -> None:
    found = rows(rivals.table(recorded.record("army-leadership")))
    assert [cells[-1] for cells in found.values()] == ["—", "Worse", "Equal"]
    groups = [name.partition("|")[0] for name in found]
    assert groups == ["Hypothesized path", "R1: Reversed", "R2: Reversed, with the direct arrow"]
    assert rivals.table(recorded.record("demo")) is None
