"""How precise scores of an item response model are over the people they are for.

`stages/item_response` calls both beside the information curve, which says the same point by point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics.irt.graded_response import GradedResponse


def marginal_reliability(model: GradedResponse) -> float:
    """Mean of I / (I + 1) over a standard normal trait, I the information of the test.

    Green, Bock, Humphreys, Linn & Reckase (1984), with the error variance of a score that knows the trait to
    be standard normal, 1 / (I + 1); PsychometricsError where the model has not converged.
    """
    information = model.information(model.grid.points)["test"].to_numpy(float)
    return float(model.grid.weights @ (information / (information + 1)))


def empirical_reliability(scores: pd.DataFrame) -> float:
    """Variance of EAP scores over that and their mean error variance (Bechger et al., 2003).

    `scores` as `GradedResponse.eap` gives them; rows without a score do not count.
    """
    known = scores.dropna()
    spread = float(known["eap"].var(ddof=1))
    return spread / (spread + float(np.mean(known["se"] ** 2)))
