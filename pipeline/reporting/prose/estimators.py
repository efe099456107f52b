"""Sentences on the estimator of factor models: which, why, what to read, where conclusions differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import listed

Model = Mapping[str, Any]
GLOSS = {"MLR": "MLR (answers as numbers)", "WLSMV": "WLSMV (answers as ordered categories)"}
INDICES = {"cfi": "CFI", "rmsea": "RMSEA", "srmr": "SRMR"}


def models(record: Record) -> Iterator[tuple[str, str, Model]]:
    """Scale or level, kind and result of every factor model that had a choice of estimator."""
    factor: Mapping[str, Any] = record.part("validate", "factor")
    for scale, found in factor.items():
        if found and found.get("choice"):
            yield scale, "one factor", found
        joint = (found or {}).get("facets") or {}
        if joint.get("choice"):
            yield scale, "correlated facets", joint
    whole: Mapping[str, Any] = record.part("validate", "measurement_model")
    for level, found in whole.items():
        yield level, "correlated factors", found


def title(record: Record, name: str) -> str:
    """What a model is of: a scale, or all scales that the units of a level answered."""
    if name in record.levels:
        return f"All scales of {record.many(name)}"
    return record.label(name)


def choices(record: Record) -> list[str]:
    """One sentence a reason: which models have which estimator, and why."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for name, kind, model in models(record):
        whole = _lower(title(record, name)) if name in record.levels else record.phrase(name)
        words = whole + (f" ({kind})" if kind == "correlated facets" else "")
        reasons.setdefault((_used(model), str(model["choice"]["reason"])), []).append(words)
    alone = len(reasons) == 1
    told = [
        f"{GLOSS.get(used, used)} for {_models_named(names, alone=alone)}, because {markup.literal(reason)}."
        for (used, reason), names in reasons.items()
    ]
    if not told:
        return []
    opening = "**Estimator of the factor models.** The program chose by the number of answers in use, their "
    if _declared(record):
        opening = "**Estimator of the factor models.** The study declares it. "
    else:
        opening += "skew, empty cells, and the number of rows (Rhemtulla et al., 2012): "
    return [opening + " ".join(told)]


def _models_named(names: list[str], *, alone: bool) -> str:
    """The models of one reason; all of them where there is no other."""
    return f"each of the {numbers.count(len(names))} models" if alone and len(names) > 2 else listed(names)


def differences(record: Record) -> list[str]:
    """One sentence a model whose conclusions depend on the estimator."""
    found = []
    for name, kind, model in models(record):
        if model.get("disagreements"):
            found.append(_difference(record, name, kind, model))
    return found


def results(record: Record) -> str:
    """Whether anything that is concluded depends on the estimator."""
    compared = [one for one in models(record) if one[2].get("beside")]
    if not compared:
        return ""
    apart = [one for one in compared if one[2].get("disagreements")]
    many = f"{numbers.count(len(compared))} factor model{'s' * (len(compared) != 1)}"
    if not apart:
        return f"By the other estimator nothing that is concluded of the {many} would change."
    return (
        f"Of {many} fitted by both estimators, {numbers.count(len(apart))} would be judged otherwise by the "
        "other one; the warnings name them."
    )


def indices_to_read(told: Sequence[Model]) -> str:
    """Which of the three columns of indices is shown, and why that one."""
    kinds = {str(model.get("read")) for model in told if model.get("df") and model.get("read")}
    if not kinds:
        return ""
    words = (
        "Of three kinds of CFI, TLI, and RMSEA (uncorrected, scaled, robust) read the robust ones shown "
        "here: cut-offs were made for maximum likelihood, which robust ones estimate (Brosseau-Liard & "
        "Savalei, 2014; Savalei, 2021); the others of WLSMV look better than they are (Xia & Yang, 2019). "
        "All three are in results.json."
    )
    if kinds == {"robust"}:
        return words
    rest = listed({"scaled": "scaled", "plain": "uncorrected"}[kind] for kind in sorted(kinds - {"robust"}))
    return f"{words} Where robust ones cannot be had, {rest} ones stand here."


def clusters_ignored(record: Record, told: Sequence[Model]) -> str:
    """WLSMV knows no clusters."""
    uses = any(model.get("estimator") == "WLSMV" for model in told)
    if not uses or not any(record.part("validate", "icc").values()):
        return ""
    return "WLSMV ignores clusters: its χ² is too large, and its standard errors are too small."


def completely_at_random(told: Sequence[Model]) -> str:
    """What pairwise deletion assumes."""
    if not any(model.get("missing_answers") == "pairwise" for model in told):
        return ""
    return (
        "WLSMV takes each correlation from the rows that answered both items (pairwise), which assumes that "
        "answers are missing completely at random; MLR takes every row with an answer, which assumes less "
        "(missing at random)."
    )


def how_fitted(told: Sequence[Model]) -> str:
    """The estimators in use, within a sentence."""
    used = {str(model.get("estimator")) for model in told}
    words = [
        "maximum likelihood with robust errors and a scaled test (MLR; Yuan & Bentler, 2000)",
        "weighted least squares of polychoric correlations with a scaled and shifted test (WLSMV; "
        "Asparouhov & Muthén, 2010)",
    ]
    return listed([words[0]] * (used != {"WLSMV"}) + [words[1]] * ("WLSMV" in used), "or")


def fit_note(told: Sequence[Model]) -> str:
    """What χ² and the indices of the table of fit are."""
    used = {str(model.get("estimator")) for model in told}
    parts = [
        "Maximum likelihood with robust errors (MLR): χ² is scaled (Yuan & Bentler, 2000)."
        if used != {"WLSMV"}
        else "",
        "WLSMV (answers as ordered categories): χ² is scaled and shifted (Asparouhov & Muthén, 2010)."
        if "WLSMV" in used
        else "",
        indices_to_read(told),
        completely_at_random(told),
    ]
    return " ".join(part for part in parts if part)


def range_of_loadings(model: Model) -> tuple[float | None, float | None]:
    """Smallest and largest standardized loading."""
    return model.get("loading_lowest"), model.get("loading_highest")


def _difference(record: Record, name: str, kind: str, model: Model) -> str:
    one, two = _used(model), str(model["beside"]["estimator"])
    parts = [_part(told, one, two) for told in model["disagreements"]]
    return f"{title(record, name)} ({kind}): {'; '.join(parts)}."


def _part(told: Mapping[str, Any], one: str, two: str) -> str:
    values = told["shown"], told["other"]
    if told["what"] == "pvalue":
        shown, other = (numbers.p_phrase(value) for value in values)
        return f"exact fit has {shown} by {one} and {other} by {two}"
    what = told["what"] if told["what"] in INDICES else "cfi"
    shown, other = (numbers.statistic(what, value, 3) for value in values)
    if told["what"] in INDICES:
        cutoff = numbers.statistic(what, told["cutoff"])
        return f"{INDICES[what]} is {shown} by {one} and {other} by {two}, on either side of {cutoff}"
    item = markup.literal(str(told["item"]))
    sides = "of another sign" if told["what"] == "sign" else "on either side of .40"
    return f"the loading of {item} is {shown} by {one} and {other} by {two}, {sides}"


def _used(model: Model) -> str:
    return str(model["choice"]["used"])


def _declared(record: Record) -> bool:
    return all(model["choice"]["asked"] != "auto" for _, _, model in models(record))


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
