"""Whether the scales of a level measure different things, as validate.json holds it.

`stages/validate` calls `validity_of` for each level with several scales of items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline.stages import factors
from pipeline.stages.attempts import Told
from pipeline.stages.structure import items_of
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.psychometrics import Discriminant, Heterotrait, Joint, MethodFactor

DRAWS = 500
CONFIDENCE = 0.95
OPTIONS = {
    "convergent": "average variance extracted (Fornell & Larcker, 1981) and composite reliability (Jöreskog, "
    "1971) from the standardised loadings of the model of all scales together, omega over the observed "
    "variance of the sum of the items (McDonald, 1999) from the same",
    "discriminant": "difference of that model and one in which two factors are one (Anderson & Gerbing, "
    "1988; Rönkkö & Cho, 2022); interval of a correlation of factors on Fisher's z (Browne, 1982)",
    "htmt": f"heterotrait-monotrait ratios of absolute correlations, pairwise complete: HTMT (Henseler "
    f"et al., 2015), HTMT2 (Roemer et al., 2021); percentiles of {DRAWS} resamples "
    "of whole clusters of the level that the factor model allows for, of rows where there is none",
    "method": "unmeasured latent method factor with equal loadings on all items (Podsakoff et al., 2003); "
    "the declared marker's factor in its place (Williams et al., 2010)",
    "harman": "share of one component and one minimum residual factor of all items (Harman, 1976), a weak "
    "test",
}


def validity_of(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str, data: Joint, told: Told
) -> dict[str, Any]:
    """Convergent and discriminant validity of the scales of a level, and common method variance."""
    from pipeline.psychometrics import discriminant, method_factor

    named = items_of(study, level)
    fit = told.attempt("discriminant validity", level, partial(discriminant, data))
    method = told.attempt("latent method factor", level, partial(method_factor, data))
    return {
        "scales": list(named),
        "n": data.n,
        "handling": data.handling,
        "clusters": data.clusters,
        "discriminant": None if fit is None else _discriminant(fit),
        "htmt": told.attempt("HTMT", level, partial(_htmt, study, frames, level, named)),
        "method": None if method is None else _method(method),
        "marker": _marker(study, level, data, told),
        "harman": told.attempt("Harman's test", level, partial(_harman, frames[level], named)),
    }


def _discriminant(found: Discriminant) -> dict[str, Any]:
    from pipeline.psychometrics import ave, fornell_larcker

    extracted = ave(found.loadings)
    names = list(extracted.frame.index)
    matrix = _square(found.correlations, names)
    criterion = fornell_larcker(extracted, matrix)
    return {
        "fit": asdict(found.fit),
        "extracted": [
            {"scale": name, **row.to_dict(), "omega": found.omega[str(name)]}
            for name, row in extracted.frame.iterrows()
        ],
        "pairs": found.frame.to_dict("records"),
        "fornell_larcker": criterion.frame.to_dict("records"),
    }


def _square(correlations: pd.DataFrame, names: list[Any]) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    matrix = pd.DataFrame(np.eye(len(names)), names, names)
    for one, other, value in zip(
        correlations["factor"], correlations["with"], correlations["est"], strict=True
    ):
        matrix.loc[one, other] = matrix.loc[other, one] = value
    return matrix


def _htmt(
    study: LoadedStudy, frames: Mapping[str, pd.DataFrame], level: str, named: Mapping[str, list[str]]
) -> dict[str, Any]:
    from pipeline.psychometrics import htmt

    upper = factors.cluster(study, frames, level)
    units = None if upper is None else frames[level][upper]
    ratio = partial(
        htmt,
        frames[level],
        named,
        missing="pairwise",
        clusters=units,
        draws=DRAWS,
        confidence=CONFIDENCE,
        seed=study.declared.seed,
    )
    first: Heterotrait = ratio(kind="htmt")
    second: Heterotrait = ratio(kind="htmt2")
    return {
        "cluster": upper,
        "n": first.n,
        "draws": first.draws,
        "usable": [first.usable, second.usable],
        "pairs": first.frame.to_dict("records"),
        "pairs2": second.frame.to_dict("records"),
    }


def _method(found: MethodFactor) -> dict[str, Any]:
    names = ("kind", "share", "chisq", "df", "pvalue", "n", "handling")
    return {name: getattr(found, name) for name in names} | {
        "cfi": [found.plain.cfi, found.fit.cfi],
        "pairs": found.frame.to_dict("records"),
        "largest_change": float((found.frame["est"] - found.frame["without"]).abs().max()),
    }


def _marker(study: LoadedStudy, level: str, data: Joint, told: Told) -> dict[str, Any] | None:
    """The declared marker, at its level, beside at least two other scales."""
    from pipeline.psychometrics import marker_variable

    marker = study.declared.marker
    if marker is None or marker not in data.structure.factors or len(data.structure.factors) < 3:
        return None
    found = told.attempt("marker variable", level, partial(marker_variable, data, marker))
    return None if found is None else _method(found) | {"marker": marker}


def _harman(frame: pd.DataFrame, named: Mapping[str, list[str]]) -> dict[str, Any]:
    from pipeline.psychometrics import harman

    found = harman(frame[[item for items in named.values() for item in items]], missing="pairwise")
    return asdict(found)
