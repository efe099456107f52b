"""A general factor above group factors: the Schmid-Leiman transformation.

`consistency.omega` calls it; it works alone on answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.exploratory.correlation_matrix import CorrelationMatrix, Kind, correlation_matrix
from pipeline.psychometrics.exploratory.extraction import Method, extract, facing_up
from pipeline.psychometrics.exploratory.factor_analysis import in_order
from pipeline.psychometrics.exploratory.rotation import Rotated, Rotation, RotationOptions, rotate
from pipeline.psychometrics.moments import Missing

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SchmidLeiman:
    """Loadings on a general factor and on group factors, all uncorrelated.

    `frame`: g, F1, F2, ... by item, communality, uniqueness, general_share (of the communality).
    `phi`: correlations of the oblique factors; `on_general`: their loadings on the general factor.
    """

    frame: pd.DataFrame
    phi: pd.DataFrame
    on_general: pd.Series[float]
    n: int

    @property
    def general(self) -> Floats:
        """Loadings on the general factor."""
        return self.frame["g"].to_numpy(float)

    @property
    def groups(self) -> Floats:
        """Loadings on the group factors, items by factors."""
        return self.frame[list(self.phi.columns)].to_numpy(float)

    @property
    def explained_common_variance(self) -> float:
        """Share of the common variance that the general factor explains."""
        return float(np.sum(self.general**2) / (np.sum(self.general**2) + np.sum(self.groups**2)))


def schmid_leiman(
    items: pd.DataFrame,
    factors: int = 3,
    method: Method = "minres",
    rotation: Rotation = "oblimin",
    *,
    n: int | None = None,
    missing: Missing = "complete",
    options: RotationOptions | None = None,
    correlations: Kind = "pearson",
) -> SchmidLeiman:
    """Schmid & Leiman (1957), as R's psych: varimax, then oblique factors, then one factor of those.

    General loading = pattern times loadings of the factors on the general one; group loading = pattern times
    sqrt(1 - that loading squared). With two factors both load sqrt(r) on the general one. Given `n`,
    `items` is a correlation matrix.
    """
    if factors < 2:
        raise PsychometricsError("a general factor above group factors needs at least two of those")
    found = correlation_matrix(items, n, missing, correlations)
    first = in_order(rotate(extract(found.values, factors, method).loadings, "varimax"))
    oblique = rotate(first.loadings, rotation, options)
    if oblique.phi is None:
        raise PsychometricsError(
            "a general factor needs correlated group factors: choose an oblique rotation"
        )
    return _lay_out(found, first.loadings, oblique, oblique.phi, method)


def _lay_out(
    found: CorrelationMatrix, orthogonal: Floats, oblique: Rotated, phi: Floats, method: Method
) -> SchmidLeiman:
    import pandas as pd

    above = _on_general(phi, method)
    names, items = [f"F{k + 1}" for k in range(len(phi))], list(found.names)
    general = oblique.loadings @ above
    groups = oblique.loadings * np.sqrt(1 - above**2)
    communality = np.sum(orthogonal**2, axis=1)
    frame = pd.DataFrame({"g": general}, items).join(pd.DataFrame(groups, items, names))
    frame = frame.assign(
        communality=communality, uniqueness=1 - communality, general_share=general**2 / communality
    )
    return SchmidLeiman(frame, pd.DataFrame(phi, names, names), pd.Series(above, names), found.n)


def _on_general(phi: Floats, method: Method) -> Floats:
    if len(phi) == 2:
        root = np.sqrt(abs(phi[0, 1]))
        return np.array([root, np.sign(phi[0, 1]) * root])
    return facing_up(extract(phi, 1, method).loadings)[:, 0]
