"""Sentences: they follow the numbers, name the level, and never say more than the design allows."""

from __future__ import annotations

import re

import pytest
import recorded

from pipeline.reporting import bibliography, markup, prose
from pipeline.reporting.prose import references, results, summary
from pipeline.reporting.record import Record
from pipeline.reporting.values import Notice, Paragraph
from pipeline.stages.report import OWN_TEMPLATE, compose

CAUSAL = re.compile(
    r"\b(caus(e|es|ed|ing)|lead(s|ing)? to|led to|increas\w+|decreas\w+|reduc\w+|improv\w+|influenc\w+|"
    r"impact\w*|affect(s|ed|ing)?|produc(e|es|ed)|boost\w*|prevent\w*|results? in|due to|because of)\b",
    re.IGNORECASE,
)


@pytest.fixture(autouse=True)
def _drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.reporting.compose.pictures", recorded.drawn_once)


def plain(texts: list[str]) -> str:
    return markup.plain(" ".join(texts)).replace("\u00a0", " ")


def told(record: Record, section: str) -> str:
    return plain(prose.sentences(record)[section])


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_no_causal_verb_anywhere(study: str) -> None:
    sentences = prose.sentences(recorded.record(study))
    written = [text for name, texts in sentences.items() if name != "measures" for text in texts]
    question = recorded.record(study).declared.get("question") or ""
    found = CAUSAL.findall(plain(written).replace(question, ""))
    assert found == []
    assert CAUSAL.findall(OWN_TEMPLATE.read_text(encoding="utf-8")) == []


def test_a_path_is_told_with_level_direction_size_and_interval() -> None:
    words = told(recorded.record("army-climate"), "paths")
    assert (
        "Within companies, leader support was positively related to co-worker cohesion, B = 0.48, 95% CI "
        "[0.45, 0.51], β = 0.41, p < .001." in words
    )
    assert "Between companies, co-worker cohesion was not clearly related to well-being, B = −0.22" in words
    assert "negatively related to hostility" in told(recorded.record("army-leadership"), "paths")


def test_covariates_are_no_paths() -> None:
    assert "complexity" not in told(recorded.record("demo"), "paths").lower()


HYPOTHESES = {
    "supported": (
        {"verdict": "supported", "est": 0.041, "ci_lower": 0.029, "ci_upper": 0.053},
        "The hypothesis is supported: the interval excludes zero",
        "H1: supported. Within companies, higher leader support went with higher well-being by way of "
        "co-worker cohesion, as expected. All values that the data leave open lie on the expected side",
    ),
    "too small": (
        {
            "verdict": "not supported",
            "est": 0.001,
            "ci_lower": -0.002,
            "ci_upper": 0.004,
            "reason": "too small",
        },
        "The hypothesis is not supported: too small.",
        "the relation is smaller than what the study declared worth noticing.",
    ),
    "opposite": (
        {
            "verdict": "not supported",
            "est": -0.04,
            "ci_lower": -0.06,
            "ci_upper": -0.02,
            "reason": "opposite",
        },
        "The estimate was −0.040, 95% CI [−0.060, −0.020]",
        "the data speak against the expectation that higher leader support goes with higher well-being by "
        "way of co-worker cohesion: the relation runs the other way.",
    ),
    "inconclusive": (
        {"verdict": "inconclusive", "est": 0.01, "ci_lower": -0.03, "ci_upper": 0.05, "reason": "both"},
        "The hypothesis is inconclusive: both.",
        "the data do not decide whether higher leader support goes with higher well-being",
    ),
    "not estimated": (
        {"verdict": None, "est": None, "ci_lower": None, "ci_upper": None, "reason": "it did not converge"},
        "It could not be judged: it did not converge.",
        None,
    ),
}


@pytest.mark.parametrize(("changes", "result", "lay"), HYPOTHESES.values(), ids=HYPOTHESES)
def test_a_hypothesis_is_told_by_its_verdict(
    changes: dict[str, object], result: str, lay: str | None
) -> None:
    record = recorded.with_hypothesis(**changes)
    assert result in told(record, "hypotheses")
    assert lay is None or lay in told(record, "findings")
    assert ("What was found, and how sure it is." in told(record, "summary")) == (lay is not None)
    assert ("What to do with it" in told(record, "advice")) == (changes["verdict"] is not None)


@pytest.mark.parametrize(
    ("changes", "sure", "use"),
    [
        (
            {"verdict": "supported", "beyond_smallest": True},
            "All values that the data leave open lie on the expected side and are large enough to matter.",
            "H1 can be built on as what was seen to go together in these data; whether changing the",
        ),
        (
            {"verdict": "supported", "beyond_smallest": False},
            "lie on the expected side, but some are too small to matter.",
            "H1 can be built on",
        ),
        (
            {"verdict": "inconclusive", "est": 0.01, "ci_lower": -0.03, "ci_upper": 0.05},
            "Both no relation and one large enough to matter remain possible.",
            "H1 should be neither counted on nor ruled out",
        ),
        (
            {"verdict": "inconclusive", "est": 0.01, "ci_lower": -0.03, "ci_upper": 0.05, "smallest": 0},
            "Both no relation and one in the expected direction remain possible.",
            "H1 should be neither counted on nor ruled out",
        ),
        (
            {"verdict": "not supported", "est": -0.04, "ci_lower": -0.06, "ci_upper": -0.02},
            "H1: not supported. Within companies, the data speak against the expectation that",
            "H1 should not be built on without new evidence.",
        ),
        (
            {"verdict": "not supported", "est": 0.001, "ci_lower": -0.002, "ci_upper": 0.004},
            "the relation is smaller than what the study declared worth noticing.",
            "H1 should not be built on",
        ),
    ],
)
def test_the_summary_says_how_sure_it_is_and_what_to_do(
    changes: dict[str, object], sure: str, use: str
) -> None:
    record = recorded.with_hypothesis(**changes)
    assert sure in told(record, "findings")
    assert use in told(record, "advice")


def test_an_arrowhead_is_explained_where_a_picture_has_one() -> None:
    for upper, words in ((0.23, "interval)"), (0.25, "interval; an arrowhead: it runs on)")):
        record = recorded.with_hypothesis(verdict="supported", ci_lower=0.01, ci_upper=upper, smallest=0.02)
        assert f"the bar what the data leave open (95% {words}" in told(record, "summary")


def test_a_cross_sectional_study_is_warned_of_and_one_with_waves_is_not() -> None:
    found = recorded.results("army-climate")
    notices = [block.text for block in compose(found).blocks if isinstance(block, Notice)]
    assert any("Everything was measured at one time" in text for text in notices)
    found["declared"]["waves"] = ["spring", "autumn"]
    assert summary.temporal_order(Record(found)) is None
    assert "at one time" not in " ".join(getattr(block, "text", "") for block in compose(found).blocks)


def test_synthetic_data_say_so_everywhere() -> None:
    document = recorded.document("demo")
    assert document.banner is not None
    assert "Synthetic data" in document.banner
    assert any(isinstance(block, Notice) and "Synthetic data" in block.text for block in document.blocks)
    assert recorded.document("army-climate").banner is None


def test_the_level_that_answers_depends_on_where_the_predictor_is_measured() -> None:
    demo, army = (told(recorded.record(study), "answering_level") for study in ("demo", "army-climate"))
    assert (
        "perceived leader support and perceived co-worker support, which were measured above the clients"
        in demo
    )
    assert "is answered between staff" in demo
    assert "is answered within companies" in army
    assert prose.sentences(recorded.record("plain"))["answering_level"] == []


def test_every_model_carries_its_label() -> None:
    record = recorded.record("army-climate")
    assert "latent means: corrected for the error" in told(record, "limits")
    assert told(record, "flat").startswith("Flat (single-level): ignores clusters.")
    assert "not interpreted" in told(record, "flat")
    assert "Co-worker cohesion → Well-being: B = −0.10" in told(record, "flat")
    assert "two-level model" in told(record, "analysis")


def test_manifest_means_are_told_where_they_are_the_main_model() -> None:
    results = recorded.results("army-climate")
    found = results["stages"]["model"]["results"]
    found |= found.pop("manifest") | {"manifest": None}
    found["options"]["means"] = "manifest"
    found["labels"]["between"] = found["labels"].pop("manifest")
    record = Record(results)
    assert "manifest means: attenuated where clusters measure imprecisely" in told(record, "limits")
    assert "(manifest means), not latent means" in told(record, "analysis")
    assert "latent" not in told(record, "flat")


def test_warnings_are_told_in_words_once() -> None:
    words = prose.sentences(recorded.record("army-leadership"))["warnings"]
    assert [markup.plain(text).replace("\u00a0", " ")[:28] for text in words] == [
        "There are 49 clusters: below",
        "The bootstrap draws only 49 ",
    ]
    assert "raised a warning" not in told(recorded.record("army-leadership"), "limits")


def test_differences_of_slopes_are_told_where_they_are_clear() -> None:
    assert "No slope between clusters differed clearly" in told(recorded.record("army-climate"), "contextual")
    found = recorded.results("army-climate")
    found["stages"]["model"]["results"]["contextual"][1] |= {"est": -0.4, "pvalue": 0.002}
    words = told(Record(found), "contextual")
    assert (
        "differed from the slope within them for Co-worker cohesion → Well-being (difference −0.40, p = .002)"
        in words
    )
    assert "The other slopes did not differ clearly." in words


def test_a_high_alpha_does_not_hide_a_poor_factor_model() -> None:
    words = told(recorded.record("army-leadership"), "measurement")
    assert "; alpha ranged from .82 (task significance) to .90 (leadership climate)." in words
    assert "one thing: that of leadership climate is .90 all the same." in words
    assert "does not fit leadership climate (CFI = .79, RMSEA = 0.17) and hostility" in words


def test_participants_and_measures_of_the_demonstration() -> None:
    words = told(recorded.record("demo"), "participants")
    assert "Clients: of 2,946 records received, 147 were excluded for no consent (16)" in words
    assert "Of these, 2,358 could be linked to staff and 2,358 to teams." in words
    measures = told(recorded.record("demo"), "measures")
    assert (
        "answered by staff from 1 (Never) to 5 (Very often) (recall period: the past three months)"
        in measures
    )
    assert "Licence: CC0-1.0" in measures
    assert "Its wording is not reprinted here." in told(recorded.record("army-leadership"), "measures")
    assert "came as a ready scale score" in told(recorded.record("army-climate"), "measures")


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_what_is_cited_is_listed_and_nothing_else(study: str) -> None:
    document = recorded.document(study)
    texts = [block.text for block in document.blocks if isinstance(block, Paragraph)]
    listed = [text for text in texts if re.match(r"[\w’-]+, \w\..*\(\d{4}\)", markup.plain(text))]
    everything = str([block for block in document.blocks if getattr(block, "text", None) not in listed])
    assert listed == sorted(listed, key=references.by_author)
    for work in references.methods_literature():
        key = bibliography.cited_as(work)
        author, _, year = key.rpartition(", ")
        is_cited = key in everything or f"{author} ({year})" in everything
        assert is_cited == (bibliography.apa(work) in listed), key


@pytest.mark.parametrize(
    ("citation", "cited"),
    [
        ("Bliese, P. D., Halverson, R. R., & Schriesheim, C. A. (2002). Title.", "Bliese et al., 2002"),
        ("Horvath, A. O., & Greenberg, L. S. (1989). Title.", "Horvath & Greenberg, 1989"),
        ("Malone, G. P. (2012). Title.", "Malone, 2012"),
        ("Written for this project (2026).", r"Written for this project (2026)."),
    ],
)
def test_sources_as_the_text_cites_them(citation: str, cited: str) -> None:
    assert markup.plain(references.in_text(citation)) == cited


def test_direction_needs_an_interval_on_one_side() -> None:
    assert results.direction({"est": 0.1, "ci_lower": -0.1, "ci_upper": 0.3}) == "not clearly related to"
    assert results.direction({"est": -0.1, "ci_lower": -0.3, "ci_upper": -0.01}) == "negatively related to"
    assert not results.excludes_zero({"est": 0.1, "ci_lower": None, "ci_upper": None})


def moved(study: str, at: int, **changes: float) -> Record:
    """A study with one indirect effect changed."""
    found = recorded.results(study)
    found["stages"]["model"]["results"]["indirect"][at] |= changes
    return Record(found)


def test_intervals_that_disagree_about_zero_are_told() -> None:
    assert "agree about zero for every effect" in told(recorded.record("army-climate"), "indirect")
    words = told(moved("army-climate", 0, boot_lower=-0.002), "indirect")
    assert "bootstrap intervals agree" not in words
    assert (
        "Within companies, the intervals of the effect Leader support → Co-worker cohesion → Well-being "
        "disagree about zero: the Monte Carlo interval [0.028, 0.054] and the bias-corrected bootstrap "
        "interval [0.029, 0.055] exclude it, the bootstrap percentile interval [−0.002, 0.054] holds it."
    ) in words
    direct = told(moved("army-climate", 2, bc_lower=-0.1), "indirect")
    assert "the normal-theory interval [0.438, 0.515] and" in direct


def test_a_share_is_told_or_why_there_is_none() -> None:
    words = told(recorded.record("army-climate"), "indirect")
    share = "8% of the total effect of leader support on well-being was indirect, 95% CI [5%, 11%]."
    assert f"Within companies, {share}" in words
    assert (
        "Between companies, no share of the total effect of leader support on well-being is called" in words
    )
    assert "opposite signs" in words


def test_differences_of_indirect_effects_are_told_where_they_are_clear() -> None:
    words = told(recorded.record("demo"), "indirect")
    assert "No two routes of one level had indirect effects that differed clearly." in words
    assert "No indirect effect between staff differed clearly from the one within them." in words
    found = recorded.results("demo")
    found["stages"]["model"]["results"]["contrasts"][0] |= {"ci_lower": -0.02, "ci_upper": -0.001}
    clear = told(Record(found), "indirect")
    assert "Indirect effects differed between routes for" in clear
    assert "The other pairs did not differ clearly." in clear
    found["stages"]["model"]["results"]["contextual_indirect"][0] |= {"ci_lower": -0.3, "ci_upper": -0.1}
    assert "The indirect effect between staff differed from the one within" in told(Record(found), "indirect")


def unconverged(study: str, outcome: str) -> Record:
    found = recorded.results(study)
    found["stages"]["model"]["results"]["equations"][outcome]["converged"] = False
    return Record(found)


def test_nothing_that_rests_on_a_failed_equation_is_told() -> None:
    record = unconverged("army-climate", "wellbeing")
    assert "The equation of well-being did not converge, so its paths are not reported." in told(
        record, "paths"
    )
    assert "positively related to co-worker cohesion" in told(record, "paths")
    assert told(record, "indirect") == ""
    assert "It could not be judged: an equation that it rests on did not converge." in told(
        record, "hypotheses"
    )
    assert "support" not in told(record, "findings") + told(record, "advice").partition("How to read")[0]
    assert [r["est"] for r in record.effects] == [None] * 8
    assert [h["verdict"] for h in record.hypotheses] == [None, None]


def test_a_failed_equation_leaves_the_others_alone() -> None:
    record = unconverged("demo", "coworker_support")
    shown = {(r["route"], r["level"]) for r in record.effects if r["est"] is not None}
    assert ("alliance -> belonging -> functioning", "within") in shown
    assert not [route for route, _ in shown if "coworker_support" in route]


def test_what_could_not_be_estimated_is_a_warning_unless_there_are_no_items() -> None:
    assert prose.sentences(recorded.record("army-climate"))["warnings"] == []
    found = recorded.results("demo")
    found["stages"]["validate"]["results"]["not_estimated"] = [
        {"what": "factor model", "scale": "autonomy", "reason": "it did not converge"}
    ]
    found["stages"]["ingest"]["results"]["exports"]["staff"]["warnings"] = ["an id was not on the roster"]
    words = told(Record(found), "warnings")
    assert "Autonomy in Daily Life: factor model could not be estimated (it did not converge)." in words
    assert "Staff: an id was not on the roster." in words


def test_alpha_says_how_many_answers_it_rests_on() -> None:
    words = told(recorded.record("demo"), "measures")
    assert "α = .94, 95% CI [.93, .95] (n = 381; interval for n = 316)" in words
    leadership = told(recorded.record("army-leadership"), "measures")
    assert "α = .90, 95% CI [.90, .91] (n = 2,042)" in leadership


def test_the_analysis_says_how_the_factor_models_were_fitted() -> None:
    demo, army = (told(recorded.record(study), "analysis") for study in ("demo", "army-leadership"))
    assert (
        "(MLR; Yuan & Bentler, 2000), in the manner of lavaan (Rosseel, 2012), missing answers by full"
        in demo
    )
    assert "errors and test allow for clusters of teams" in demo
    assert "errors and test allow for clusters of companies" in army
    assert "missing answers by full information" not in army
    listed = " ".join(references.references(references.cited(recorded.record("demo"), [demo])))
    assert "Journal of Statistical Software" in listed
    assert "Sociological Methodology" in listed


def test_local_misfit_is_told_where_a_scale_does_not_fit() -> None:
    words = told(recorded.record("army-leadership"), "measurement")
    assert "(observed less implied correlation): lead08 and lead10 (.28)" in words


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("listwise", "which the model needs were left out"), ("fiml", "count with the answers that they have")],
)
def test_one_level_says_what_became_of_missing_answers(missing: str, expected: str) -> None:
    found = recorded.results("plain")
    found["stages"]["model"]["results"]["options"]["missing"] = missing
    words = told(Record(found), "analysis")
    assert expected in words
    assert "as one path model" in words


def test_a_saturated_path_is_not_said_to_fit() -> None:
    words = told(recorded.record("army-climate"), "model_fit")
    assert "saturated (df = 0)" in words
    assert "cannot be judged" in words
    assert "CFI" not in words


def test_equations_fitted_one_by_one_have_no_fit_as_a_whole() -> None:
    assert "an equation of its own" in told(recorded.without("army-climate", "model", "fit"), "model_fit")


def _on_latent_variables() -> Record:
    """The leadership study with its latent variables in front and the scores beside them."""
    found = recorded.results("army-leadership")
    model = found["stages"]["model"]["results"]
    scores = {name: model[name] for name in model["other"]}
    model |= model["other"] | {"other": scores}
    model["options"] |= {"measurement": "latent", "measurement_reason": "the study declares it"}
    return Record(found)


def test_fit_of_latent_variables_names_the_kind_of_index_and_each_level() -> None:
    words = told(_on_latent_variables(), "model_fit")
    assert "χ2(314) = 1,686.90, p < .001, CFI = .86" in words.replace("²", "2").replace("^2^", "2")
    assert "(scaled; the indices are robust)" in words
    assert "within and 0.10 between companies" in words
    assert "Between companies alone" in words
    assert "does not fit" in words


def test_method_and_measurement_of_latent_variables() -> None:
    record = _on_latent_variables()
    assert "two-level model of latent variables behind the items" in told(record, "analysis")
    assert "rests on latent variables behind the items: the study declares it" in told(record, "measured")
    assert "No answer that the model needs was missing" in told(record, "analysis")
    assert "hold measurement error" not in told(record, "limits")


def test_the_other_measurement_is_told_or_why_there_is_none() -> None:
    words = told(recorded.record("army-leadership"), "measured")
    assert "Beside it stands the path with latent variables behind the items" in words
    assert "agree on whether zero is among them" in words
    assert "50 items at two levels with missing answers are too many" in told(
        recorded.record("demo"), "measured"
    )


def test_an_order_that_fits_equally_is_said_to_be_one_that_the_data_cannot_tell_apart() -> None:
    words = told(recorded.record("army-leadership"), "rivals")
    assert "R2 (Reversed, with the direct arrow) fits exactly as well as the hypothesized path" in words
    assert "the order of the variables stays an assumption" in words
    assert "R1 (Reversed) fits worse than the hypothesized path (AIC differs by " in words
    assert told(recorded.record("demo"), "rivals") == ""


def test_why_there_is_no_other_measurement_is_told_once() -> None:
    found = recorded.results("army-climate")
    model = found["stages"]["model"]["results"]
    assert "does not stand beside it: no scale" in told(Record(found), "measured")
    model["options"]["measurement_reason"] = model["why_no_other"]
    assert told(Record(found), "measured").count("no scale of the path") == 1
