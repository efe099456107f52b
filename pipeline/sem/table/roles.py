"""Which variables of a model are latent, indicators, predictors, outcomes (lavaan's lav_partable_vnames)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.sem.errors import ModelError
from pipeline.sem.syntax import Formula
from pipeline.sem.table.rows import unique


@dataclass(frozen=True)
class Roles:
    """Names by role; 'terminal' ones are outcomes that predict nothing."""

    latent: tuple[str, ...]
    observed: tuple[str, ...]
    indicators: tuple[str, ...]
    outcomes: tuple[str, ...]
    predictors: tuple[str, ...]
    exogenous_observed: tuple[str, ...]

    @property
    def exogenous_latent(self) -> tuple[str, ...]:
        """Factors that nothing in the model explains."""
        return tuple(f for f in self.latent if f not in self.outcomes and f not in self.indicators)

    @property
    def terminal(self) -> tuple[str, ...]:
        """Outcomes that neither predict nor indicate anything: lavaan lets their residuals covary."""
        ends = [v for v in self.outcomes if v not in self.predictors and v not in self.indicators]
        latent = [v for v in self.latent if v in ends]
        return tuple(latent + [v for v in self.observed if v in ends])


def find_roles(formulas: Sequence[Formula]) -> Roles:
    """Sort the names of a model into roles."""
    latent = unique(name for f in formulas if f.operator == "=~" for name in f.left)
    indicators = unique(t.name for f in formulas if f.operator == "=~" for t in f.terms)
    outcomes = unique(n for f in formulas if f.operator == "~" and _has_predictor(f) for n in f.left)
    predictors = unique(t.name for f in formulas if f.operator == "~" for t in f.terms if t.name != "1")
    others = unique(
        name
        for f in formulas
        for name in (*f.left, *(t.name for t in f.terms if f.operator != "|"))
        if name != "1" and f.operator != "=~"
    )
    named = unique((*indicators, *outcomes, *predictors, *others))
    observed = tuple(name for name in named if name not in latent)
    exogenous = tuple(
        name
        for name in predictors
        if name not in latent
        and name not in outcomes
        and name not in indicators
        and not _is_modelled(name, formulas)
    )
    _check_factors(formulas, latent)
    return Roles(latent, observed, indicators, outcomes, predictors, exogenous)


def _has_predictor(formula: Formula) -> bool:
    return any(term.name != "1" for term in formula.terms)


def _is_modelled(name: str, formulas: Sequence[Formula]) -> bool:
    """Whether the user gives a predictor a variance, covariance or intercept: then it is not fixed."""
    for formula in formulas:
        if formula.operator == "~~" and (name in formula.left or name in [t.name for t in formula.terms]):
            return True
        if formula.operator == "~" and name in formula.left:
            return True
    return False


def _check_factors(formulas: Sequence[Formula], latent: tuple[str, ...]) -> None:
    for formula in formulas:
        if formula.operator == "=~":
            for term in formula.terms:
                if term.name in formula.left:
                    raise ModelError(
                        f"line {formula.line}: the factor '{term.name}' cannot be its own indicator"
                    )
        if formula.operator == "|" and set(formula.left) & set(latent):
            raise ModelError(
                f"line {formula.line}: a factor has no thresholds; '|' belongs to an observed item"
            )
