"""rwg, a_wg, AD_M, their nulls, design effect and WABA against R's multilevel; what they do not depend on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import load_data, load_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.psychometrics import PsychometricsError, intraclass
from pipeline.psychometrics import aggregation as ag

LEAD = [f"LEAD{n:02d}" for n in range(1, 12)]
TSIG = [f"TSIG0{n}" for n in range(1, 4)]
HOSTILE = [f"HOSTIL0{n}" for n in range(1, 6)]
UNIFORM = ag.uniform_null(5)


def columns(dataset: str, names: object, cluster: str) -> tuple[pd.DataFrame, pd.Series]:
    frame = load_data(dataset)
    return frame.iloc[:, names] if isinstance(names, slice) else frame[names], frame[cluster]


INDICES = {
    "rwg.bh1996_LEAD_single": (ag.rwg, ("bh1996", "LEAD", "GRP"), 2.0),
    "rwg.lq_lead_j_uniform": (ag.rwg_j, ("lq2002", LEAD, "COMPID"), UNIFORM),
    "rwg.lq_tsig_j_uniform": (ag.rwg_j, ("lq2002", TSIG, "COMPID"), UNIFORM),
    "rwg.lq_host_j_uniform": (ag.rwg_j, ("lq2002", HOSTILE, "COMPID"), UNIFORM),
    "rwg.lq_lead_j_skew": (ag.rwg_j, ("lq2002", LEAD, "COMPID"), ag.skewed_null("slight")),
    "rwg.lq_lead_rstar": (ag.r_star_wg_j, ("lq2002", LEAD, "COMPID"), UNIFORM),
    "rwg.bhr2000_j": (ag.rwg_j, ("bhr2000", slice(1, 12), "GRP"), 2.0),
    "rwg.bhr2000_rstar": (ag.r_star_wg_j, ("bhr2000", slice(1, 12), "GRP"), 2.0),
    "rwg.cohesion_j": (ag.rwg_j, ("cohesion", slice(2, 7), "UNIT"), 2.0),
    "awg.lq_lead": (ag.a_wg, ("lq2002", LEAD, "COMPID"), (1, 5)),
    "awg.bhr": (ag.a_wg, ("bhr2000", slice(1, 12), "GRP"), (1, 5)),
    "ad.lq_lead_mean": (ag.ad_m, ("lq2002", LEAD, "COMPID"), "mean"),
    "ad.lq_lead_median": (ag.ad_m, ("lq2002", LEAD, "COMPID"), "median"),
    "ad.bhr_HRS_mean": (ag.ad_m, ("bhr2000", "HRS", "GRP"), "mean"),
    "ad.bhr_items": (ag.ad_m, ("bhr2000", slice(1, 12), "GRP"), "mean"),
}


@pytest.mark.parametrize("key", INDICES)
def test_each_group_agrees_with_multilevel(key, reference):
    part, name = key.split(".")
    theirs = reference("g_aggregation")[part][name]
    index, source, option = INDICES[key]
    ours = index(*columns(*source), option)
    by_label = ours.frame.set_index(ours.frame["cluster"].astype(str))["value"]
    value = next(n for n in theirs["all"][0] if n not in ("grpid", "gsize"))
    assert len(by_label) == theirs["n_groups"]
    assert_close(
        "reliability",
        [by_label[row["grpid"]] for row in theirs["all"]],
        [row[value] for row in theirs["all"]],
    )
    assert_close("reliability", [ours.mean, ours.median], [theirs["mean"], theirs["median"]])


def test_every_group_key_is_covered():
    kept = load_reference("g_aggregation")
    assert {f"{part}.{name}" for part in ("rwg", "awg", "ad") for name in kept[part]} == set(INDICES)


def test_simulated_nulls_agree_with_multilevel(reference):
    kept = reference("g_aggregation")
    rwg = ag.null_rwg_j(size=10, items=6, categories=5)
    assert_close(
        "simulated nulls",
        [rwg.values.mean(), rwg.values.std(), rwg.critical],
        [kept["rwgj_sim_null"][name] for name in ("mean", "sd", "p95")],
    )
    ad = ag.null_ad_m(size=10, items=5, categories=5)
    assert_close(
        "simulated nulls", [ad.values.mean(), ad.critical], [kept["adm_sim_null"][n] for n in ("mean", "p05")]
    )


def test_a_null_follows_its_seed_and_its_correlations():
    first, again = ag.null_ad_m(8, 3, 5, draws=6000, seed=4), ag.null_ad_m(8, 3, 5, draws=6000, seed=4)
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, ag.null_ad_m(8, 3, 5, draws=6000, seed=5).values)
    alike = ag.null_ad_m(8, 3, 5, draws=6000, correlations=np.full((3, 3), 0.8) + 0.2 * np.eye(3))
    assert alike.values.mean() == pytest.approx(first.values.mean(), abs=0.01)
    assert alike.values.std() > 1.3 * first.values.std()
    assert first.frame.loc[0, "draws"] == 6000
    assert first.p_value(0.0) == pytest.approx(1 / 6001)
    assert ag.null_rwg_j(8, 3, 5, draws=6000).p_value(0.0) == 1.0


def test_waba_agrees_with_multilevel(reference, data):
    theirs = reference("g_aggregation")["waba_bh_hrs_wbeing"]
    frame = data("bh1996")
    ours = ag.waba(frame["HRS"], frame["WBEING"], frame["GRP"])
    names = {
        "raw": "RawCorr",
        "eta_between_x": "EtaBx",
        "eta_between_y": "EtaBy",
        "between": "CorrB",
        "eta_within_x": "EtaWx",
        "eta_within_y": "EtaWy",
        "within": "CorrW",
    }
    assert_close(
        "reliability", [getattr(ours, n) for n in names], [theirs["cov_theorem"][n] for n in names.values()]
    )
    assert (ours.n, ours.clusters) == (theirs["n_obs"], theirs["n_grps"])
    assert ours.raw == pytest.approx(ours.between_part + ours.within_part, abs=1e-12)


def test_intervals_agree_with_shrout_and_fleiss(reference):
    kept = reference("f_reliability_validity")["icc_shrout"]
    ratings = pd.DataFrame(kept["data"]).stack()
    found = ag.intraclass_interval(
        intraclass(ratings.astype(float), ratings.index.get_level_values(0).to_series(index=ratings.index))
    )
    rows = {row["type"]: row for row in kept["results"]}
    for ours, theirs in zip(found.frame.itertuples(), (rows["ICC1"], rows["ICC1k"]), strict=True):
        assert_close(
            "reliability",
            [ours.est, ours.ci_lower, ours.ci_upper],
            [theirs[n] for n in ("ICC", "lower bound", "upper bound")],
        )


def test_design_effect_weighs_the_sizes(data):
    frame = data("lq2002")
    found, effect = (
        intraclass(frame["LEAD"], frame["COMPID"]),
        ag.design_effect(frame["LEAD"], frame["COMPID"]),
    )
    sizes = frame["COMPID"].value_counts()
    assert effect.deff == pytest.approx(1 + (found.mean_size - 1) * found.icc1_n0)
    assert effect.deff_weighted == pytest.approx(1 + ((sizes**2).sum() / sizes.sum() - 1) * found.icc1_n0)
    assert effect.effective_n == pytest.approx(len(frame) / effect.deff_weighted)


def test_evidence_of_the_companies_speaks_for_averaging(data, reference):
    frame, kept = data("lq2002"), reference("g_aggregation")
    found = ag.aggregation_evidence(frame[LEAD], frame["COMPID"], (1, 5))
    values = found.frame.set_index("index")["value"]
    assert_close("reliability", values["rwg(j), uniform null"], kept["rwg"]["lq_lead_j_uniform"]["mean"])
    assert_close("reliability", values["rwg(j), slight skew"], kept["rwg"]["lq_lead_j_skew"]["mean"])
    assert_close("reliability", values["AD_M"], kept["ad"]["lq_lead_mean"]["mean"])
    assert_close("reliability", values["a_wg"], kept["awg"]["lq_lead"]["mean"])
    assert found.defensible
    assert found.sentence.endswith("and the averages are reliable.")


def test_the_verdict_is_on_the_scores_that_are_averaged(data):
    frame = data("lq2002")
    score = frame[LEAD].mean(axis="columns")
    rows = frame[LEAD].copy()
    rows.iloc[::2, 0] = np.nan
    found = ag.aggregation_evidence(rows, frame["COMPID"], (1, 5), score)
    whole = ag.aggregation_evidence(frame[LEAD], frame["COMPID"], (1, 5))
    assert found.intraclass == whole.intraclass
    assert found.intraclass != ag.aggregation_evidence(rows, frame["COMPID"], (1, 5)).intraclass


@pytest.mark.parametrize(
    ("between", "noise", "size", "words"),
    [
        (0.0, 0.5, 10, "do not differ beyond chance"),
        (1.0, 3.0, 10, "do not agree enough"),
        (0.45, 0.6, 3, "not very reliable"),
    ],
)
def test_evidence_against_averaging_says_why(between, noise, size, words):
    rng = np.random.default_rng(3)
    clusters = pd.Series(np.repeat(np.arange(60), size))
    true = between * rng.normal(size=60)[clusters]
    person = noise * rng.normal(size=len(clusters)) if noise < 1 else 0.0
    latent = 3 + true + person
    answers = latent[:, None] + noise * rng.normal(size=(len(clusters), 4))
    items = pd.DataFrame(np.clip(np.round(answers), 1, 5))
    assert words in ag.aggregation_evidence(items, clusters, (1, 5)).sentence


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ag.skewed_null("slight"), 1.34),
        (ag.skewed_null("moderate"), 0.90),
        (ag.skewed_null("heavy"), 0.44),
        (ag.uniform_null(5), 2.0),
        (ag.uniform_null(7), 4.0),
        (ag.null_variance([0.5, 0, 0, 0, 0.5]), 4.0),
    ],
)
def test_null_variances_are_those_of_the_tables(value, expected):
    assert value == pytest.approx(expected)


def test_groups_without_two_rows_have_no_value():
    items = pd.DataFrame({"a": [1, 1, 5, 3, np.nan, 2], "b": [1, 1, 5, 4, 2, 2]}, dtype=float)
    clusters = pd.Series(["x", "x", "y", None, "x", "x"])
    found = ag.a_wg(items, clusters, (1, 5))
    assert found.frame["n"].tolist() == [3, 1]
    assert found.without_value == 1
    assert ag.a_wg(items.iloc[:2], clusters[:2], (1, 5)).mean == 1.0
    assert ag.ad_m(items["a"], clusters).mean == pytest.approx(4 / 9)
    assert found.share_at_least(0.5) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, g: ag.rwg(x, g, 0), "above zero"),
        (lambda x, g: ag.rwg(x, g * np.nan, 2), "no row"),
        (lambda x, g: ag.a_wg(x, g, (1, 3)), "outside 1 to 3"),
        (lambda x, g: ag.ad_m(x, g, "mode"), "not 'mode'"),
        (lambda x, g: ag.uniform_null(1), "no variance"),
        (lambda x, g: ag.skewed_null("none"), "not 'none'"),
        (lambda x, g: ag.null_variance([0.5, 0.2]), "add up to 1"),
        (lambda x, g: ag.null_rwg_j(1, 1, 5), "two answers"),
        (lambda x, g: ag.waba(x, g, g), "within groups"),
    ],
)
def test_what_has_no_index_is_refused(call, message):
    with pytest.raises(PsychometricsError, match=message):
        call(pd.Series([1.0, 2, 4, 5]), pd.Series([1.0, 1, 2, 2]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.permutations(range(40)), st.permutations(range(4)), st.integers(1, 5))
def test_agreement_depends_on_neither_order_nor_labels_nor_direction(seed, rows, order, factor):
    rng = np.random.default_rng(seed)
    items = pd.DataFrame(rng.integers(1, 6, (40, 4)).astype(float))
    clusters = pd.Series(rng.integers(0, 5, 40)).map("c{}".format)
    other, labels = (6 - items).iloc[list(rows), list(order)], clusters.iloc[list(rows)].str.upper()
    for index, option in ((ag.rwg_j, 2.0), (ag.r_star_wg_j, 2.0), (ag.a_wg, (1, 5)), (ag.ad_m, "median")):
        first = index(items, clusters, option).frame.set_index("cluster")["value"]
        second = index(other, labels, option).frame.set_index("cluster")["value"]
        np.testing.assert_allclose(first.sort_index(), second.sort_index(), atol=1e-10)
    scaled = ag.rwg_j(items * factor + 3, clusters, 2.0 * factor**2).frame["value"]
    np.testing.assert_allclose(scaled, ag.rwg_j(items, clusters, 2.0).frame["value"], atol=1e-10)
