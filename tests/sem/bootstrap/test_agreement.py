"""The bootstrap on shipped resampling indices: draws, intervals and counts as lavaan finds them."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline import sem
from pipeline.sem.bootstrap.intervals import acceleration, bias
from sem.references import frame, load
from sem.tolerances import close

from . import cases

NAMES = ("a", "b", "cp", "ind", "tot", "pm")
KINDS = ("percentile", "bc", "bca")


def agrees(interval, reference):
    return all(
        close("bootstrap interval", mine, end)
        for mine, end in zip((interval.lower, interval.upper), reference, strict=True)
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_draw_of_the_latent_mediation(name):
    reference = frame("boot_draws_poldem_1000.csv")[name]
    assert np.abs(cases.democracy_bootstrap().of(name) - reference).max() < 1e-4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_intervals_of_the_latent_mediation(name, kind):
    reference = load("d_mediation_latent")["boot"][name]
    assert agrees(cases.democracy_bootstrap().interval(name, kind), reference[f"{kind}_type7"])


def test_failed_and_inadmissible_draws_are_counted_as_by_lavaan():
    boot = cases.democracy_bootstrap()
    assert boot.failed == load("d_mediation_latent")["boot_n_failed"]
    assert (boot.status[:100] == "inadmissible").sum() == 39
    assert f"{boot.inadmissible} of 1000" in boot.warnings[0]


@pytest.mark.parametrize("kind", KINDS)
def test_observed_mediation(kind):
    reference = load("d_mediation_observed")["tal_or"]["boot"]
    assert agrees(cases.media("tal_or").interval("ind", kind), reference[f"{kind}_type7"])


@pytest.mark.parametrize("name", ["ind1", "ind2", "ind3"])
def test_serial_mediation(name):
    reference = load("d_mediation_observed")["tal_or_serial_boot"][name]
    interval = cases.media("tal_or_serial").interval(name)
    assert agrees(interval, reference["percentile_type7"])
    assert close("bootstrap interval", interval.se, reference["boot_se"])


def test_index_of_moderated_mediation():
    reference = load("d_mediation_observed")["garcia"]
    assert agrees(cases.protest().interval("index"), reference["boot"]["index8"])


@pytest.mark.parametrize("at", range(3))
def test_conditional_indirect_effects_by_arithmetic_on_labels(at):
    reference = load("d_mediation_observed")["garcia"]
    name = f"(a1 + a3 * {reference['probe_values_16_50_84'][at]!r}) * b"
    assert agrees(cases.protest().interval(name), [end[at] for end in reference["boot"]["cond"]])


def test_whole_clusters_are_resampled():
    reference = load("l_screening_power_sensitivity")["cluster_bootstrap"]
    fit = sem.fit(cases.CLUSTERED, frame("lq2002.csv"))
    boot = fit.bootstrap(unit="COMPID", indices=cases.indices("boot_idx_lq2002_clusters_1000.csv.gz"))
    assert agrees(boot.interval("ind"), reference["percentile_type7"])
    assert agrees(boot.interval("ind", "bca"), reference["bca_type7"])
    np.testing.assert_allclose(boot.jackknife.of("ind"), reference["jackknife"], atol=1e-8)
    estimate = float(boot.original.of("ind")[0])
    assert close("bootstrap interval", bias(boot.of("ind"), estimate), reference["z0"])
    assert close("bootstrap interval", acceleration(boot.jackknife.of("ind")), reference["acceleration"])


@pytest.mark.parametrize(
    ("reference", "options"),
    [("fiml", {"missing": "fiml"}), ("gls", {"estimator": "GLS"})],
)
def test_full_information_and_least_squares(reference, options):
    data = frame("HS_mcar10.csv" if reference == "fiml" else "HolzingerSwineford1939.csv")
    given = cases.indices(f"boot_idx_{'hs_mcar' if reference == 'fiml' else 'hs'}_40.csv.gz")
    boot = sem.fit(cases.CFA, data, **options).bootstrap(indices=given)
    theta = boot.values.theta / boot.values.solution.factor
    assert np.abs(theta - cases.draws(f"boot_draws_{reference}_40.csv")).max() < 2e-4


def test_groups_are_resampled_apart():
    given = [cases.indices(f"boot_idx_{school}_40.csv.gz") for school in ("pasteur", "grantwhite")]
    boot = cases.schools().bootstrap(indices=given)
    theta = boot.values.theta / boot.values.solution.factor
    assert np.abs(theta - cases.draws("boot_draws_school_40.csv")).max() < 2e-4


def test_bollen_stine_statistics():
    result = sem.bollen_stine(cases.factors(), indices=cases.indices("boot_idx_hs_40.csv.gz"))
    reference = cases.draws("boot_bollen_stine_hs_40.csv")[:, 0]
    np.testing.assert_allclose(result.draws, reference, rtol=1e-4)
    assert result.pvalue == (reference > cases.factors().measures["chisq"]).mean()


@pytest.mark.parametrize("row", range(3))
def test_monte_carlo_interval(row):
    reference = load("d_mediation_latent")["monte_carlo_ci_1e6"][row]
    interval = sem.monte_carlo(cases.democracy(), reference["row"], draws=200_000, seed=5)
    error = 4 * np.sqrt(1.2 * 0.025 * 0.975 / 2e5) * interval.se / 0.058
    assert abs(interval.lower - reference["ci.lower"]) < error
    assert abs(interval.upper - reference["ci.upper"]) < error
