"""Differences of routes and levels, shares, joint significance; and what must not change any of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import assert_close

from pipeline.mediation import Design, PathGraph, fit_flat, fit_latent_means, indirect_effects, resample
from pipeline.mediation.comparisons import NO_TOTAL, OPPOSITE
from pipeline.mediation.quantities import MOST_COMPARED

SIMPLE = (("cond", "pmi"), ("pmi", "reaction"), ("cond", "reaction"))
PARALLEL = (*SIMPLE, ("cond", "import"), ("import", "reaction"))
SERIAL = (*PARALLEL, ("import", "pmi"))
LQ = (("LEAD", "TSIG"), ("TSIG", "HOSTILE"), ("LEAD", "HOSTILE"))


def flat(table: pd.DataFrame, edges):
    """The single-level model, and its graph."""
    graph = PathGraph.of(edges)
    frame = table.assign(id=[f"P{k}" for k in range(len(table))])
    return fit_flat(
        graph, {"person": frame}, Design(("person",), dict.fromkeys(graph.variables, "person"))
    ), graph


def companies(table: pd.DataFrame, edges=LQ, prefix: str = "G"):
    """The two-level model of lq2002 or bh1996, and its graph."""
    graph = PathGraph.of(edges)
    cluster = "COMPID" if "COMPID" in table else "GRP"
    ids = {"id": [f"P{k}" for k in table.index], "company": [f"{prefix}{k}" for k in table[cluster]]}
    design = Design(("soldier", "company"), dict.fromkeys(graph.variables, "soldier"))
    return fit_latent_means(graph, {"soldier": table.assign(**ids)}, design), graph


def effects(model_and_graph, draws: int = 2000, resamples: int = 200):
    """Effects with intervals of both kinds."""
    model, graph = model_and_graph
    drawn = resample(model, resamples, 1)
    return indirect_effects(model, graph, draws, 1, resamples=drawn)


@pytest.mark.parametrize("label", ["ind1", "ind2", "totind", "diff", "tot"])
def test_parallel_mediators_agree_with_lavaan(data, reference, label):
    """Residuals of parallel mediators covary: errors of sums and differences of routes know of it."""
    parameters = reference("d_mediation_observed")["tal_or_parallel"]["parameters"]
    theirs = next(row for row in parameters if row["label"] == label)
    model, graph = flat(data("Tal_Or"), PARALLEL)
    found = indirect_effects(model, graph, 1000, 1)
    rows = {
        "ind1": ("cond -> import -> reaction", "specific"),
        "ind2": ("cond -> pmi -> reaction", "specific"),
        "totind": ("cond -> reaction", "total_indirect"),
        "tot": ("cond -> reaction", "total"),
    }
    if label == "diff":
        row = found.contrasts.iloc[0]
        sign = 1 if row["first"] == rows["ind1"][0] else -1
    else:
        row, sign = found.frame.set_index(["route", "kind"]).loc[rows[label]], 1
    assert_close("estimates", sign * row["est"], theirs["est"])
    n = 123
    ratio = row["se"] / theirs["se"]
    assert np.sqrt(n / (n - 2)) - 1e-6 < ratio < np.sqrt(n / (n - 4)) + 1e-6


def test_covariances_of_parallel_slopes_are_those_of_lavaan(data, reference):
    vcov = reference("d_mediation_observed")["tal_or_parallel"]["vcov"]
    theirs = pd.DataFrame(vcov["values"], vcov["rows"], vcov["cols"])
    joint = flat(data("Tal_Or"), PARALLEL)[0].joint
    ours = joint.loc[("cond", "import", "flat"), ("cond", "pmi", "flat")]
    assert ours * 121 / 123 == pytest.approx(theirs.loc["a1", "a2"], rel=1e-4)
    assert abs(joint.loc[("cond", "import", "flat"), ("import", "reaction", "flat")]) < 1e-12


def test_the_share_of_tal_or_is_withheld_since_the_total_effect_may_be_nothing(data, reference):
    theirs = reference("d_mediation_observed")["tal_or"]["effect_sizes"]
    found = effects(flat(data("Tal_Or"), SIMPLE))
    share = found.proportions.iloc[0]
    assert (share["est"], share["reason"]) == (None, NO_TOTAL)
    rows = found.frame.set_index("kind")
    est, beta = rows["est"], rows["beta"]
    assert_close("estimates", est["specific"] / est["total"], theirs["proportion_mediated"])
    assert_close("estimates", est["specific"] / est["direct"], theirs["ratio"])
    assert_close("estimates", beta["specific"], theirs["completely_standardized_ab"])
    spread = data("Tal_Or")["reaction"].std()
    assert_close("estimates", est["specific"] / spread, theirs["partially_standardized_ab"])


def test_preacher_and_hayes(data, reference):
    theirs = reference("d_mediation_observed")["preacher_hayes2004"]
    edges = (("THERAPY", "ATTRIB"), ("ATTRIB", "SATIS"), ("THERAPY", "SATIS"))
    model, graph = flat(data("PreacherHayes2004"), edges)
    found = indirect_effects(model, graph, 1000, 1).frame.set_index("kind")
    ours = found.loc["specific", ["est", "se"]].tolist()
    assert_close("estimates", ours, [theirs["sobel"]["ab"], theirs["sobel"]["sobel_se"]])
    assert_close("estimates", found.loc["total", "est"], theirs["c"]["coef"][1]["Estimate"])
    slopes = model.slopes()
    rows = {"ATTRIB": theirs["a"]["coef"][1]}
    named = {row["row"]: row for row in theirs["b"]["coef"]}
    for outcome, predictor, row in (
        ("ATTRIB", "THERAPY", rows["ATTRIB"]),
        ("SATIS", "THERAPY", named["THERAPY"]),
        ("SATIS", "ATTRIB", named["ATTRIB"]),
    ):
        own = slopes[predictor, outcome, "flat"]
        assert_close("standard errors", [own["est"], own["se"]], [row["Estimate"], row["Std. Error"]])
    assert model.equations["SATIS"].r2["flat"] == pytest.approx(theirs["b"]["r2"], abs=1e-6)


def test_pollack(reference):
    """Published correlations of 262 entrepreneurs: rows made to have exactly these."""
    found = reference("d_mediation_observed")
    names = ["depression", "economic.stress", "withdrawal"]
    cor = pd.DataFrame(
        found["pollack_cor"]["values"], found["pollack_cor"]["rows"], found["pollack_cor"]["cols"]
    )
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(262, 3))
    white = np.linalg.qr(raw - raw.mean(0))[0] * np.sqrt(261)
    table = pd.DataFrame(white @ np.linalg.cholesky(cor.loc[names, names]).T, columns=names)
    edges = (
        ("economic.stress", "depression"),
        ("depression", "withdrawal"),
        ("economic.stress", "withdrawal"),
    )
    model, _ = flat(table, edges)
    theirs = found["pollack"]
    for row, slope, se in zip(
        theirs["b"]["rows"], theirs["b"]["values"], theirs["se"]["values"], strict=True
    ):
        own = model.slopes()[row, "withdrawal", "flat"]
        assert_close("estimates", own["est"], slope[0])
        assert_close("standard errors", own["se"], se[0])
    assert_close("estimates", model.equations["withdrawal"].r2["flat"], theirs["R2"]["withdrawal"])


def test_garcia_the_plain_slope_of_the_mediator(data, reference):
    """Models 7 and 14 share these equations with plain mediation: Y on X and M, and M on X."""
    theirs = reference("d_mediation_observed")["garcia"]
    edges = (("prot2", "respappr"), ("respappr", "liking"), ("prot2", "liking"))
    slopes = flat(data("Garcia"), edges)[0].slopes()
    named = {row["row"]: row for row in theirs["model7"]["y"]["coef"]}
    for slope, row in {
        ("prot2", "respappr", "flat"): theirs["model14"]["m"]["coef"][1],
        ("respappr", "liking", "flat"): named["respappr"],
        ("prot2", "liking", "flat"): named["prot2"],
    }.items():
        assert_close("estimates", slopes[slope]["est"], row["Estimate"])
        assert_close("standard errors", slopes[slope]["se"], row["Std. Error"])


def test_every_pair_of_routes_is_compared(data):
    found = effects(flat(data("Tal_Or"), SERIAL))
    assert len(found.contrasts) == 3
    est = found.frame[found.frame["kind"] == "specific"].set_index("route")["est"]
    for row in found.contrasts.to_dict("records"):
        assert row["est"] == pytest.approx(est[row["first"]] - est[row["second"]], abs=1e-14)
        assert row["ci_lower"] < row["est"] < row["ci_upper"]
        assert row["boot_lower"] < row["boot_upper"]


def test_too_many_routes_are_not_compared():
    names = [f"m{k}" for k in range(MOST_COMPARED + 1)]
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(90, len(names) + 2)), columns=["x", *names, "y"])
    edges = [("x", name) for name in names] + [(name, "y") for name in names]
    model, graph = flat(table, edges)
    assert indirect_effects(model, graph, 1000, 1).contrasts.empty
    fewer = flat(table, edges[1 : len(names)] + edges[len(names) + 1 :])
    assert len(indirect_effects(*fewer, 1000, 1).contrasts) == 28


def test_levels_are_held_against_each_other(data):
    model, graph = companies(data("lq2002"))
    found = effects((model, graph))
    est = found.frame[found.frame["kind"] == "specific"].set_index("level")
    row = found.contextual_indirect.set_index("kind").loc["specific"]
    assert row["est"] == pytest.approx(est.loc["between", "est"] - est.loc["within", "est"], abs=1e-14)
    slopes = {slope: values["est"] for slope, values in model.slopes().items()}
    gradient = {}
    for level, sign in (("between", 1), ("within", -1)):
        a, b = ("LEAD", "TSIG", level), ("TSIG", "HOSTILE", level)
        gradient |= {a: sign * slopes[b], b: sign * slopes[a]}
    weights = np.array([gradient[slope] for slope in gradient])
    cov = model.joint.loc[list(gradient), list(gradient)].to_numpy()
    assert row["se"] == pytest.approx(np.sqrt(weights @ cov @ weights))
    assert row["ci_lower"] < row["est"] < row["ci_upper"]
    assert set(found.contextual_indirect["kind"]) == {"specific", "total_indirect"}


def test_shares_of_the_army(data):
    """Within companies 8 % are indirect; between them the parts have opposite signs (issue 4, domain 3.1)."""
    edges = (("LEAD", "COHES"), ("COHES", "WBEING"), ("LEAD", "WBEING"))
    found = effects(companies(data("bh1996"), edges), resamples=60).proportions.set_index("level")
    assert found.loc["within", "est"] == pytest.approx(0.0787, abs=5e-4)
    assert found.loc["within", "ci_lower"] < 0.0787 < found.loc["within", "ci_upper"]
    assert found.loc["between", "reason"] == OPPOSITE
    assert found.loc["between", ["ci_lower", "boot_lower"]].isna().all()


def test_a_path_without_a_direct_arrow_has_no_share(data):
    model, graph = flat(data("Tal_Or"), SIMPLE[:2])
    assert indirect_effects(model, graph, 1000, 1).proportions.empty


def test_joint_significance_is_the_largest_p_of_the_route(data):
    model, graph = flat(data("Tal_Or"), SERIAL)
    frame = indirect_effects(model, graph, 1000, 1).frame.set_index(["route", "kind"])
    slopes = model.slopes()
    route = [("cond", "import", "flat"), ("import", "pmi", "flat"), ("pmi", "reaction", "flat")]
    largest = max(slopes[slope]["pvalue"] for slope in route)
    assert frame.loc[("cond -> import -> pmi -> reaction", "specific"), "joint_pvalue"] == largest
    assert frame.xs("total", level="kind")["joint_pvalue"].isna().all()


def test_a_mediator_turned_round_changes_no_indirect_effect(data):
    table = data("lq2002")
    plain, turned = effects(companies(table)), effects(companies(table.assign(TSIG=6 - table["TSIG"])))
    key = ["route", "kind", "level"]
    one, other = plain.frame.set_index(key), turned.frame.set_index(key)
    np.testing.assert_allclose(one[["est", "se"]], other[["est", "se"]], rtol=1e-4)
    np.testing.assert_allclose(
        one[["boot_lower", "boot_upper", "bc_lower"]],
        other[["boot_lower", "boot_upper", "bc_lower"]],
        atol=1e-4,
    )
    np.testing.assert_allclose(one[["ci_lower", "ci_upper"]], other[["ci_lower", "ci_upper"]], atol=0.02)


def test_an_outcome_turned_round_turns_every_effect_round(data):
    table = data("Tal_Or")
    plain = effects(flat(table, SERIAL)).frame
    turned = effects(flat(table.assign(reaction=-table["reaction"]), SERIAL)).frame
    np.testing.assert_allclose(plain["est"], -turned["est"], atol=1e-9)
    np.testing.assert_allclose(plain["boot_lower"], -turned["boot_upper"], atol=1e-7)


def test_names_of_clusters_do_not_matter(data):
    table = data("lq2002")
    one, other = effects(companies(table)), effects(companies(table, prefix="company number "))
    pd.testing.assert_frame_equal(one.frame, other.frame)
    pd.testing.assert_frame_equal(one.proportions, other.proportions)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([1e-3, 0.1, 7.0, 1e4]), st.sampled_from([1e-2, 3.0, 1e3]), st.permutations(SERIAL))
def test_units_scale_effects_and_the_order_of_arrows_does_not_matter(by, times, edges):
    from conftest import load_data

    table = load_data("Tal_Or")
    plain = effects(flat(table, SERIAL)).frame.set_index(["route", "kind"])
    moved = table.assign(
        cond=times * table["cond"], reaction=5 + by * table["reaction"], pmi=table["pmi"] / 9
    )
    found = effects(flat(moved, edges)).frame.set_index(["route", "kind"]).loc[plain.index]
    scale = by / times
    columns = ["est", "se", "boot_lower", "boot_upper", "bc_lower", "bc_upper"]
    np.testing.assert_allclose(found[columns] / scale, plain[columns], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found["joint_pvalue"], plain["joint_pvalue"], rtol=1e-5)
    np.testing.assert_allclose(found["beta"], plain["beta"], rtol=1e-6)


def test_centring_changes_no_effect_at_either_level(data):
    table = data("lq2002")
    one, other = effects(companies(table)), effects(companies(table.assign(LEAD=table["LEAD"] - 100)))
    for name in ("est", "se", "boot_lower", "bc_upper"):
        np.testing.assert_allclose(one.frame[name], other.frame[name], rtol=2e-4, atol=1e-5)
    np.testing.assert_allclose(
        one.contextual_indirect["est"], other.contextual_indirect["est"], rtol=1e-4, atol=1e-6
    )
