"""Where along a moderator a slope differs from zero (Johnson-Neyman), and the lines that a figure shows.

The stages call `johnson_neyman` and `simple_lines` on a `ModeratedModel`. No statistics beyond slopes and
their covariances.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.mediation.conditional import slope_at
from pipeline.mediation.likelihood import Floats
from pipeline.mediation.model import reference
from pipeline.mediation.moderation import ModeratedModel
from pipeline.mediation.products import Moderation

if TYPE_CHECKING:
    import pandas as pd

POINTS = 61
SPREAD = 2.0


@dataclass(frozen=True)
class Region:
    """Where a slope's interval leaves out zero.

    `kind`: outside (below `lower` and above `upper`), between, above (`lower`), below (`upper`), everywhere
    or nowhere. Bounds count from the moderator's centre.
    """

    kind: str
    lower: float | None
    upper: float | None

    def holds(self, at: Floats) -> Floats:
        """Which values lie in the region: 1 or 0."""
        low = -np.inf if self.lower is None else self.lower
        high = np.inf if self.upper is None else self.upper
        if self.kind == "outside":
            found = (at < low) | (at > high)
        else:
            found = (at > low) & (at < high) & (self.kind != "nowhere")
        return np.asarray(found, dtype=float)


def region_of(slope: float, change: float, cov: Floats, critical: float) -> Region:
    """The region for slope + change u, u counted from the moderator's centre.

    Roots of (b + d u)^2 = c^2 (v_b + 2 u v_bd + u^2 v_d), with c the critical value of t or z (Johnson &
    Neyman, 1936; Bauer & Curran, 2005).
    """
    a = change**2 - critical**2 * cov[1, 1]
    b = 2 * (slope * change - critical**2 * cov[0, 1])
    c = slope**2 - critical**2 * cov[0, 0]
    if a == 0:
        if b == 0:
            return Region("everywhere" if c > 0 else "nowhere", None, None)
        return Region("above", -c / b, None) if b > 0 else Region("below", None, -c / b)
    inside = b**2 - 4 * a * c
    if inside <= 0:
        return Region("everywhere" if a > 0 else "nowhere", None, None)
    low, high = sorted((-b + sign * np.sqrt(inside)) / (2 * a) for sign in (-1, 1))
    return Region("outside" if a > 0 else "between", float(low), float(high))


def johnson_neyman(moderated: ModeratedModel) -> pd.DataFrame:
    """For each moderated arrow the region in which its slope's interval leaves out zero.

    Columns: moderator, predictor, outcome, level, kind, lower, upper (in the moderator's units, wherever
    they fall), lowest and highest (observed), share (of observed units in the region), positive and negative
    (shares of those with a slope above and below zero there).
    """
    import pandas as pd

    return pd.DataFrame([_row(moderated, one) for one in moderated.moderations])


def _row(moderated: ModeratedModel, one: Moderation) -> dict[str, Any]:
    scale = moderated.scale(one)
    slopes = [(*one.arrow, one.level), one.slope]
    est = [moderated.value({slope: 1.0}) for slope in slopes]
    critical, _ = reference(0.0, moderated.freedom(one.arrow[1]), moderated.model.confidence)
    found = region_of(est[0], est[1], moderated.covariance(slopes), critical)
    inside = found.holds(scale.observed - scale.centre) == 1
    rising = est[0] + est[1] * (scale.observed - scale.centre) > 0
    shifted = {
        name: None if bound is None else bound + scale.centre
        for name, bound in asdict(found).items()
        if name != "kind"
    }
    return {
        "moderator": one.moderator,
        "predictor": one.arrow[0],
        "outcome": one.arrow[1],
        "level": one.level,
        "kind": found.kind,
        **shifted,
        "lowest": float(scale.observed.min()),
        "highest": float(scale.observed.max()),
        "share": float(inside.mean()),
        "positive": float((inside & rising).mean()),
        "negative": float((inside & ~rising).mean()),
    }


def slope_curve(moderated: ModeratedModel, one: Moderation) -> dict[str, list[float]]:
    """The slope with its band over the observed range of the moderator, for a figure."""
    scale = moderated.scale(one)
    grid = np.linspace(float(scale.observed.min()), float(scale.observed.max()), POINTS)
    rows = [slope_at(moderated, one, float(at)) for at in grid]
    return {"at": grid.tolist()} | {
        name: [row[name] for row in rows] for name in ("est", "ci_lower", "ci_upper")
    }


def simple_lines(moderated: ModeratedModel, one: Moderation) -> list[dict[str, Any]]:
    """Lines of the outcome over the predictor at each declared value of the moderator, with bands.

    Both axes count from the mean (within clusters: from the cluster's): y = b x + c u + d x u, over two
    standard deviations of x on either side. c is the moderator's own slope at the product's level, or between
    for a moderator of a higher level, which then moves whole lines.
    """
    scale, (source, target) = moderated.scale(one), one.arrow
    known = moderated.model.slopes()
    own = next(
        (key for level in (one.level, "between") if (key := (one.moderator, target, level)) in known), None
    )
    slopes = [(source, target, one.level), one.slope, *([own] if own else [])]
    x = np.linspace(-SPREAD * scale.predictor_sd, SPREAD * scale.predictor_sd, 21)
    critical, _ = reference(0.0, moderated.freedom(target), moderated.model.confidence)
    cov = moderated.covariance(slopes)
    est = np.array([moderated.value({slope: 1.0}) for slope in slopes])
    lines = []
    for value in one.values:
        u = scale.at(value, one.unit) - scale.centre
        design = np.column_stack([x, x * u, *([np.full(len(x), u)] if own else [])])
        y, half = design @ est, critical * np.sqrt(np.einsum("ij,jk,ik->i", design, cov, design))
        lines.append(
            {
                "value": value,
                "at": u + scale.centre,
                "x": x.tolist(),
                "y": y.tolist(),
                "lower": (y - half).tolist(),
                "upper": (y + half).tolist(),
            }
        )
    return lines
