"""The ordinal invariance ladder of Wu & Estabrook (2016), written by us, against semTools' own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipeline import sem
from pipeline.sem.ordinal.invariance import STEPS, invariance_syntax

from ..references import frame
from ..tolerances import close
from .references import UNITS, fitted

ONE = "FU1 =~ u1 + u2 + u3 + u4"
FIVE = dict.fromkeys(UNITS, 5)
STEPS_OF = {
    ("delta", "config"): 0, ("delta", "thresholds"): 1, ("delta", "thr_load"): 2,
    ("delta", "thr_load_int"): 3, ("theta", "config"): 0, ("theta", "thr_load_int"): 3,
    ("theta", "strict"): 4,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "step"), list(STEPS_OF))
def test_ladder_of_semtools(kind, step):
    syntax = invariance_syntax(ONE, FIVE, 2, STEPS[: STEPS_OF[kind, step]], parameterization=kind)
    mine = sem.fit(syntax, frame("datCat.csv"), ordered=UNITS, group="g", parameterization=kind)
    theirs = fitted(f"e_invariance:datCat{'_theta' if kind == 'theta' else ''}:{step}")
    assert mine.df == theirs.df
    assert close("chi-square", mine.tested.statistic, theirs.tested.statistic)
    assert close("scaled chi-square", mine.tested.scaled.statistic, theirs.tested.scaled.statistic)


def test_partial_invariance_frees_what_it_names():
    whole, partial = (
        sem.fit(
            invariance_syntax(ONE, FIVE, 2, STEPS[:2], partial=names),
            frame("datCat.csv"),
            ordered=UNITS,
            group="g",
        )
        for names in ([], ["u1 | t2", "FU1 =~ u3"])
    )
    assert partial.df == whole.df - 2
    assert partial.tested.statistic < whole.tested.statistic


@pytest.mark.parametrize("seed", [0, 1, 10])
def test_equal_thresholds_of_three_items_leave_nothing_of_the_correlations_to_fit(seed):
    rng = np.random.default_rng(seed)
    answers = 3 + rng.normal(size=(249, 1)) + 0.6 * rng.normal(size=(249, 3))
    three = dict.fromkeys(UNITS[:3], 5)
    data = pd.DataFrame(np.clip(np.round(answers), 1, 5), columns=list(three)).assign(
        g=rng.integers(1, 4, 249)
    )
    syntax = invariance_syntax("F =~ u1 + u2 + u3", three, 3, STEPS[:1])
    told = sem.fit(syntax, data, ordered=list(three), group="g").measures
    names = ("rmsea.robust", "rmsea.ci.upper.robust", "rmsea.pvalue.robust", "cfi.robust", "tli.robust")
    assert [told[name] for name in names] == pytest.approx([0, 0, 1, 1, 1], abs=1e-9)
    assert told["chisq"] > 1


MISTAKES = [
    ({"equal": ["loadings"]}, "start of thresholds"),
    ({"groups": 1}, "two groups"),
    ({"equal": STEPS}, "parameterization='theta'"),
    ({"categories": {"u1": 5}}, "lacks 'u2'"),
    ({"categories": FIVE | {"u2": 2}, "equal": ["thresholds"]}, "'u2' has two categories"),
    ({"model": ONE + "\nu1 ~~ u2"}, "plain factor model"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_mistakes(change, message):
    with pytest.raises(sem.ModelError, match=message):
        invariance_syntax(**({"model": ONE, "categories": FIVE, "groups": 2} | change))


def test_two_categories_are_tied_in_one_step():
    data = frame("datCat.csv").copy()
    data["u1"] = (data["u1"] > 2).astype(int)
    syntax = invariance_syntax(ONE, FIVE | {"u1": 2}, 2, STEPS[:3])
    assert sem.fit(syntax, data, ordered=UNITS, group="g").converged
