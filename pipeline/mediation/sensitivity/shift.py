"""One arrow's model at any residual correlation: closed form where that is exact, else fitted again.

`curves` asks for points; each is made once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.mediation.errors import NotEstimable
from pipeline.mediation.sensitivity.absorbed import is_absorbed, shifted
from pipeline.mediation.sensitivity.arrows import Arrow
from pipeline.mediation.sensitivity.fitted import Fitted, Source

CLOSED_FORM, REFITTED = "closed form", "refitted"


@dataclass
class Shift:
    """The fits made so far by correlation; `failed` are the correlations without a solution, with reasons."""

    source: Source
    arrow: Arrow
    found: dict[float, Fitted] = field(default_factory=dict)
    failed: dict[float, str] = field(default_factory=dict)
    how: str = field(init=False)

    def __post_init__(self) -> None:
        """Begin at no correlation: the model as it is reported."""
        self.how = CLOSED_FORM if is_absorbed(self.source, self.arrow) else REFITTED
        self.found[0.0] = self.source.fitted

    def at(self, rho: float) -> Fitted | None:
        """The model at a correlation, fitted from the nearest one known; None where it has no solution."""
        if rho not in self.found and rho not in self.failed:
            try:
                self.found[rho] = self._made(rho)
            except NotEstimable as reason:
                self.failed[rho] = str(reason)
        return None if rho in self.failed else self.found[rho]

    def with_errors(self, rho: float) -> Fitted | None:
        """The same where its standard errors exist; None where they do not."""
        fitted = self.at(rho)
        if fitted is None:
            return None
        try:
            _ = fitted.cov
        except NotEstimable as reason:
            self.failed[rho] = str(reason)
            return None
        return fitted

    @property
    def fits(self) -> int:
        """How many models were fitted for it, those without a solution included."""
        return 0 if self.how == CLOSED_FORM else len(self.found.keys() | self.failed.keys()) - 1

    def _made(self, rho: float) -> Fitted:
        if self.how == CLOSED_FORM:
            return shifted(self.source, self.arrow, rho)
        near = min(self.found, key=lambda known: abs(known - rho))
        return self.source.held(self.arrow, rho, self.found[near])
