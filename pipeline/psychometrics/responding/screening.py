"""All indices of careless answering side by side, and who is flagged by several of them.

The screen and validate stages are to call `careless`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.psychometrics.errors import PsychometricsError
from pipeline.psychometrics.responding.consistency import even_odd, synonyms
from pipeline.psychometrics.responding.distance import mahalanobis
from pipeline.psychometrics.responding.runs import average_string, irv, longstring
from pipeline.psychometrics.scoring import ScoringError, key_items
from pipeline.sem.wording import bounded

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class CarelessRules:
    """When an index speaks of carelessness; None leaves an index unflagged.

    longstring: a run of half the items or more, unless a length is given (Curran, 2016). even_odd: below .30
    (Jackson, 1977). synonyms: alike items answered unlike, r below 0. mahalanobis: p below .001.
    seconds_per_item: below 2 (Huang et al., 2012). irv has no accepted bound. `needed` indices flag a person.
    """

    longstring: float | None = None
    irv: float | None = None
    even_odd: float | None = 0.30
    synonyms: float | None = 0.0
    mahalanobis: float | None = 0.001
    seconds_per_item: float | None = 2.0
    synonym_correlation: float = 0.60
    needed: int = 2


@dataclass(frozen=True)
class Careless:
    """`frame`: the indices, `raised` (how many spoke) and `flagged`, by person; `flags`: which spoke.

    An index that cannot be worked out for a person does not speak. `pairs` are the synonyms found; `skipped`
    says which indices could not be had, and why.
    """

    frame: pd.DataFrame
    flags: pd.DataFrame
    rules: CarelessRules
    pairs: tuple[tuple[str, str], ...]
    skipped: tuple[str, ...]

    @property
    def counts(self) -> pd.DataFrame:
        """Persons for whom each index spoke, and its share."""
        import pandas as pd

        return pd.DataFrame({"n": self.flags.sum(), "share": self.flags.mean()})


def careless(
    items: pd.DataFrame,
    scales: Mapping[str, Sequence[str]] | None = None,
    reverse: Mapping[str, tuple[float, float]] | None = None,
    seconds: pd.Series | None = None,
    rules: CarelessRules | None = None,
) -> Careless:
    """Indices of careless answering (Curran, 2016; Meade & Craig, 2012).

    `items` as answered, in the order they were shown; `reverse`: reversed item -> lowest and highest code;
    `scales` for the even-odd index; `seconds` taken for the items by each person.
    """
    import pandas as pd

    if items.shape[1] < 3:
        raise PsychometricsError("fewer than three items show no pattern of answers")
    rules = rules or CarelessRules()
    alike = synonyms(items, rules.synonym_correlation)
    columns = {"longstring": longstring(items), "average_string": average_string(items), "irv": irv(items)}
    columns["synonyms"] = alike.values
    skipped = []
    if len(alike.pairs) < 3:
        skipped.append(
            f"synonyms: pairs of items that correlate above {bounded(rules.synonym_correlation)} are "
            f"{len(alike.pairs)}, and 3 are needed"
        )
    try:
        keyed = key_items(items, reverse or {})
        columns["even_odd"] = even_odd(keyed, scales or {})
    except (PsychometricsError, ScoringError) as problem:
        skipped.append(f"even_odd: {problem}")
    try:
        far = mahalanobis(items)
        columns |= {"mahalanobis": far["mahalanobis"], "mahalanobis_p": far["p"]}
    except PsychometricsError as problem:
        skipped.append(f"mahalanobis: {problem}")
    if seconds is not None:
        answered = items.notna().sum(axis="columns")
        columns["seconds_per_item"] = (seconds.astype(float) / answered).where(answered > 0)
    frame = pd.DataFrame(columns, index=items.index)
    flags = _flags(frame, rules, items.shape[1])
    raised = flags.sum(axis="columns")
    return Careless(
        frame.assign(raised=raised, flagged=raised >= rules.needed), flags, rules, alike.pairs, tuple(skipped)
    )


def _flags(frame: pd.DataFrame, rules: CarelessRules, items: int) -> pd.DataFrame:
    """True where an index speaks; comparisons with an undefined value are False."""
    import pandas as pd

    flags = {"longstring": frame["longstring"] >= (rules.longstring or np.ceil(items / 2))}
    below = {
        "irv": rules.irv,
        "even_odd": rules.even_odd,
        "synonyms": rules.synonyms,
        "mahalanobis_p": rules.mahalanobis,
        "seconds_per_item": rules.seconds_per_item,
    }
    for name, bound in below.items():
        if bound is not None and name in frame:
            flags[name.removesuffix("_p")] = frame[name] < bound
    return pd.DataFrame(flags, index=frame.index)
