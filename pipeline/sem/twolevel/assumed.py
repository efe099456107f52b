"""A two-level model at parameter values that are assumed, not estimated: what power is worked out from.

`mediation.power` calls `assume`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipeline.sem.errors import DataError, ModelError
from pipeline.sem.estimate.newton import Optimum
from pipeline.sem.options import METHODS
from pipeline.sem.twolevel.likelihood import Complete
from pipeline.sem.twolevel.result import TwoLevelFit


def assume(fit: TwoLevelFit, values: Mapping[str, float]) -> TwoLevelFit:
    """Return the model with some parameters at other values, and the errors to be expected there.

    `values` are by `parameter_names`; all other parameters stay as they are. `vcov` of what is returned is
    the inverse of the expected information for the cluster sizes of the data, which enter in no other way.
    LinAlgError where the values give no distribution; needs a fit to complete rows.
    """
    if not all(isinstance(one, Complete) for one in fit.solution.problem.likelihoods):
        raise DataError("expected errors under assumed values need a model fitted to complete rows")
    unknown = [name for name in values if name not in fit.parameter_names]
    if unknown:
        raise ModelError(f"the model has no free parameter '{unknown[0]}'")
    theta = fit.theta.copy()
    for name, value in values.items():
        theta[[at for at, known in enumerate(fit.parameter_names) if known == name]] = value
    solution = fit.solution
    state = solution.problem.at(solution.problem.reduction.reduce(theta * solution.factor))
    method = replace(METHODS["ML"], information="expected")
    return TwoLevelFit(replace(solution, optimum=Optimum(state, 0.0, 0)), method, None)
