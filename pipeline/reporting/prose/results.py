"""Sentences of the Results section: direction, size, interval and level, and never a causal verb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.prose import estimators, improper
from pipeline.reporting.record import ARROW, Entries, Record
from pipeline.reporting.tables.build import listed
from pipeline.reporting.tables.flat import LABEL
from pipeline.reporting.tables.indirect import without_repeats
from pipeline.reporting.tables.paths import levels_of

HIGH = 0.80


def measurement(record: Record) -> list[str]:
    """Reliability, factor models and clustering over all scales."""
    factors = [_factors(record), estimators.results(record)]
    return [text for text in (_reliability(record), *factors, _clustering(record)) if text]


def paths(record: Record) -> list[str]:
    """One paragraph an outcome and level, one sentence a path."""
    rows: Entries = [r for r in record.slopes if r.get("role", "path") == "path"]
    found = []
    for outcome in dict.fromkeys(str(r["outcome"]) for r in rows):
        for level in levels_of(rows):
            own = [r for r in rows if r["outcome"] == outcome and r["level"] == level]
            if own:
                found.append(_outcome(record, level, own))
    return [*found, *filter(None, [improper.of_paths(record)])]


def hypotheses(record: Record) -> list[str]:
    """One paragraph a hypothesis: estimate, interval, verdict and why."""
    return [_hypothesis(record, h) for h in record.hypotheses]


def indirect(record: Record) -> list[str]:
    """Total indirect effects of the path's ends, one sentence a level."""
    effects = [r for r in without_repeats(record.effects) if r.get("est") is not None]
    summed = {_ends(r) for r in effects if r["kind"] == "total_indirect"}
    alone = [r for r in effects if r["kind"] == "specific" and _ends(r) not in summed]
    return [_indirect(record, r) for r in effects if r["kind"] == "total_indirect" or r in alone]


def contextual(record: Record) -> list[str]:
    """Whether slopes within and between differ."""
    rows = [r for r in record.differences if r.get("est") is not None]
    if not rows:
        return []
    clear = [r for r in rows if _p(r) is not None and (_p(r) or 0.0) < 0.05]
    if not clear:
        return [
            "No slope between clusters differed clearly from the slope within them. That the data do not "
            "show a difference is no proof that there is none."
        ]
    told = listed(_difference(record, r) for r in clear)
    rest = len(rows) - len(clear)
    others = " The other slopes did not differ clearly." if rest else ""
    return [f"The slope between clusters differed from the slope within them for {told}.{others}"]


def flat(record: Record) -> list[str]:
    """The flat model, labelled, beside what it mixes."""
    found: Mapping[str, Any] = record.part("model", "flat")
    if not record.is_clustered or not found.get("paths"):
        return []
    kinds = {"total_indirect": 0, "specific": 1}
    rows = sorted(
        (r for r in found.get("indirect") or () if r.get("kind") in kinds), key=lambda r: kinds[r["kind"]]
    )
    opening = f"{LABEL}."
    if not rows:
        return [f"{opening} Its slopes are in the table for comparison and are not interpreted."]
    r = rows[0]
    several = r["kind"] == "total_indirect"
    words = (
        f"the total indirect effect of {record.phrase(r['source'])} on {record.phrase(r['target'])}"
        if several
        else f"the indirect effect {record.route(str(r['route']))}"
    )
    told = [
        f"{opening} In that model {words} would be {_numbers(record, r)}. It is shown for comparison and is "
        "not interpreted."
    ]
    return [*told, *_manifest(record)]


def _manifest(record: Record) -> list[str]:
    """The model with manifest means: how far it lies from the main one between clusters."""
    found: Mapping[str, Any] = record.part("model", "manifest")
    own = {_slope(r): r for r in record.slopes if r["level"] == "between" and r.get("est") is not None}
    pairs = [(own[_slope(r)], r) for r in found.get("paths") or () if _slope(r) in own and r["cluster_mean"]]
    pairs = [pair for pair in pairs if pair[0].get("role", "path") == "path"]
    if not pairs or record.cluster is None:
        return []
    latent, manifest = max(pairs, key=lambda pair: abs(float(pair[0]["est"]) - float(pair[1]["est"])))
    route = record.route(ARROW.join((str(latent["predictor"]), str(latent["outcome"]))))
    return [
        "With manifest means, which are attenuated where clusters measure imprecisely, the slope between "
        f"{record.many(record.cluster)} that moves most is that of {route}: "
        f"{_slope_numbers(record, manifest)} with manifest means, {_slope_numbers(record, latent)} with "
        f"{_measured(record)}. The report rests on the latter."
    ]


def _measured(record: Record) -> str:
    is_latent = record.part("model", "options").get("measurement") == "latent"
    return "latent variables" if is_latent else "latent means"


def _slope(r: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(r["predictor"]), str(r["outcome"]), str(r["level"])


def answering_level(record: Record) -> list[str]:
    """Which level answers which question."""
    if not record.is_clustered or record.cluster is None:
        return []
    cluster, rows = record.many(record.cluster), record.many(record.lowest)
    above = [v for v in record.path_variables if record.level_of(v) != record.lowest]
    if above:
        names = listed(record.phrase(v) for v in above)
        first = (
            f"The question about {names}, which {_was(above)} measured above the {rows}, is answered between "
            f"{cluster}: such a variable is the same for all {rows} of one {record.one(record.cluster)} and "
            "has no slope within."
        )
    else:
        first = (
            f"A question about {cluster} as wholes, such as what goes with better leadership of a "
            f"{record.one(record.cluster)}, is answered between {cluster}."
        )
    return [
        f"{first} A question about how {rows} of the same {record.one(record.cluster)} differ from each "
        f"other is answered within {cluster}. The two need not agree, and neither stands in for the other."
    ]


def path_sentence(record: Record, r: Mapping[str, Any]) -> str:
    """One path: direction, size, interval, level."""
    predictor, outcome = record.phrase(str(r["predictor"])), record.phrase(str(r["outcome"]))
    return f"{predictor} was {direction(r)} {outcome}, {_slope_numbers(record, r)}"


def direction(r: Mapping[str, Any]) -> str:
    """How two variables went together, by sign and interval."""
    if not excludes_zero(r):
        return "not clearly related to"
    return "positively related to" if float(r["est"]) > 0 else "negatively related to"


def excludes_zero(r: Mapping[str, Any]) -> bool:
    """Whether an interval lies on one side of zero."""
    lower, upper = r.get("ci_lower"), r.get("ci_upper")
    return lower is not None and upper is not None and float(lower) * float(upper) > 0


def at_level(record: Record, level: str) -> str:
    """A level as a sentence begins: `Within staff, `; nothing where there is one level."""
    return f"{record.level_words(level)}, " if record.is_clustered else ""


def _ends(r: Mapping[str, Any]) -> tuple[Any, ...]:
    return r.get("source"), r.get("target"), r.get("level")


def _outcome(record: Record, level: str, rows: Entries) -> str:
    if rows[0].get("est") is None:
        outcome = record.phrase(str(rows[0]["outcome"]))
        return f"The equation of {outcome} did not converge, so its paths are not reported."
    parts = [path_sentence(record, r) for r in rows]
    opening = at_level(record, level)
    sentences = [f"{opening}{parts[0]}.", *(f"{_capital(part)}." for part in parts[1:])]
    text = " ".join(sentences)
    return text if opening else _capital(text)


def _slope_numbers(record: Record, r: Mapping[str, Any]) -> str:
    beta = f", β = {numbers.number(r['beta'])}" if r.get("beta") is not None else ""
    ci = numbers.ci_phrase(record.confidence, r.get("ci_lower"), r.get("ci_upper"))
    return f"*B* = {numbers.number(r.get('est'))}, {ci}{beta}, {numbers.p_phrase(r.get('pvalue'))}"


def _numbers(record: Record, r: Mapping[str, Any]) -> str:
    p = numbers.p_phrase(r.get("pvalue"), is_bound=bool(r.get("pvalue_is_bound")))
    effect = str(r.get("effect") or ARROW * 2)
    decimals = record.decimals_of(effect)
    ci = numbers.ci_phrase(record.confidence, r.get("ci_lower"), r.get("ci_upper"), decimals)
    told = f"{numbers.number(r.get('est'), decimals)}, {ci}"
    return f"{told}, {p}" if r.get("pvalue") is not None else told


def _hypothesis(record: Record, h: Mapping[str, Any]) -> str:
    name, verdict = markup.literal(str(h["id"])), str(h.get("verdict") or "not judged")
    expected = (
        f"{name} expected a {h.get('sign')} {effect_noun(str(h['effect']))}"
        f"{_level_phrase(record, str(h.get('level')))}, {record.route(str(h['effect']))}"
    )
    if h.get("est") is None:
        why = f": {markup.literal(str(h['reason']))}" if h.get("reason") else ""
        return f"{expected}. It could not be judged{why}."
    smallest = h.get("smallest") or 0
    limit = f" The smallest effect of interest was {numbers.declared(smallest)}." if smallest else ""
    because = f": {markup.literal(str(h['reason']))}" if h.get("reason") else ""
    return (
        f"{expected}. The estimate was {_numbers(record, h)}.{limit} The hypothesis is "
        f"**{markup.literal(verdict)}**{because}.{improper.of_hypothesis(record, h)}"
    )


def effect_noun(effect: str) -> str:
    """What an effect is called: a path, or an indirect effect."""
    return "indirect effect" if effect.count(ARROW) > 1 else "path"


def _level_phrase(record: Record, level: str) -> str:
    """A level within a sentence, with the space before it; nothing where there is one level."""
    return f" {_lower_first(record.level_words(level))}" if record.is_clustered else ""


def _indirect(record: Record, r: Mapping[str, Any]) -> str:
    source, target = record.phrase(str(r["source"])), record.phrase(str(r["target"]))
    sign = "no clear" if not excludes_zero(r) else "a positive" if float(r["est"]) > 0 else "a negative"
    if r.get("kind") == "specific":
        through = listed(record.phrase(name) for name in str(r["route"]).split(ARROW)[1:-1])
        what = f"{sign} indirect relation of {source} with {target} through {through}"
    else:
        what = f"{sign} indirect relation of {source} with {target}, summed over all routes"
    opening = at_level(record, str(r["level"]))
    return f"{_capital(f'{opening}there was {what}')} (estimate {_numbers(record, r)})."


def _difference(record: Record, r: Mapping[str, Any]) -> str:
    route = record.route(ARROW.join((str(r["predictor"]), str(r["outcome"]))))
    return f"{route} (difference {numbers.number(r.get('est'))}, {numbers.p_phrase(_p(r))})"


def _p(r: Mapping[str, Any]) -> float | None:
    value = r.get("pvalue", r.get("p"))
    return None if value is None else float(value)


def _reliability(record: Record) -> str:
    """Omega first, with its interval; alpha beside it."""
    found = {k: v for k, v in record.part("validate", "reliability").items() if v and v.get("est")}
    if not found:
        return ""
    omegas = {k: v["omega"] for k, v in found.items() if v.get("omega")}
    alphas = _range(record, {k: v["est"] for k, v in found.items()})
    if not omegas:
        return f"Alpha {alphas}."
    intervals = {
        k: numbers.ci_phrase(v["confidence"], v["ci_lower"], v["ci_upper"], name="omega")
        for k, v in omegas.items()
    }
    told = _range(record, {k: v["est"] for k, v in omegas.items()}, intervals)
    return f"Omega, the share of a score’s variance that its one factor explains, {told}; alpha {alphas}."


def _range(record: Record, found: Mapping[str, float], intervals: Mapping[str, str] | None = None) -> str:
    """Lowest and highest coefficient with their scales and, where given, intervals."""

    def one(name: str) -> str:
        ci = f", {intervals[name]}" if intervals else ""
        return f"{numbers.statistic('omega', found[name])} ({record.phrase(name)}{ci})"

    low, high = min(found, key=lambda k: found[k]), max(found, key=lambda k: found[k])
    return f"was {one(low)}" if len(found) == 1 else f"ranged from {one(low)} to {one(high)}"


def _factors(record: Record) -> str:
    factor: Mapping[str, Any] = record.part("validate", "factor")
    tested = {k: v for k, v in factor.items() if v and v.get("converged", True) and v.get("df")}
    if not tested:
        return ""
    poor = [k for k, v in tested.items() if _is_poor(v)]
    cutoffs = "CFI of at least .90, RMSEA of at most 0.10"
    if not poor:
        return f"The one-factor model fitted every scale that it can test by common cut-offs ({cutoffs})."
    told = listed(f"{record.phrase(k)} ({_fit(tested[k])})" for k in poor)
    rescued = [k for k in poor if tested[k].get("facets") and not _is_poor(tested[k]["facets"])]
    facets = listed(f"{record.phrase(k)} ({_fit(tested[k]['facets'])})" for k in rescued)
    return (
        (f"By common cut-offs ({cutoffs}) the one-factor model does not fit {told}.{_in_spite(record, poor)}")
        + (f" With correlated facets the model fits {facets}." if rescued else "")
        + _misfits(record, poor, tested)
    )


def _in_spite(record: Record, poor: list[str]) -> str:
    """The scale with the highest alpha among those that do not fit, as an example."""
    alphas = {k: (record.part("validate", "reliability").get(k) or {}).get("est") for k in poor}
    known = {k: float(v) for k, v in alphas.items() if v is not None}
    if not known or max(known.values()) < HIGH:
        return ""
    scale = max(known, key=lambda k: known[k])
    alpha = numbers.statistic("alpha", known[scale])
    return (
        " A high alpha does not show that a scale measures one thing: that of "
        f"{record.phrase(scale)} is {alpha} all the same."
    )


def _misfits(record: Record, poor: list[str], tested: Mapping[str, Any]) -> str:
    """Which items of a scale that does not fit hang together beyond its factor."""
    told = []
    for scale in poor:
        pairs = [
            f"{markup.literal(str(one['first']))} and {markup.literal(str(one['second']))} "
            f"({numbers.statistic('r', one['size'])})"
            for one in tested[scale].get("misfit") or ()
            if one["kind"] == "residual correlation"
        ]
        if pairs:
            told.append(f"{listed(pairs)} in {record.phrase(scale)}")
    if not told:
        return ""
    return (
        f" The model misses most where items go together otherwise than the factor implies (observed less "
        f"implied correlation): {'; '.join(told)}."
    )


def _is_poor(fit: Mapping[str, Any]) -> bool:
    cfi, rmsea = fit.get("cfi"), fit.get("rmsea")
    return (cfi is not None and cfi < 0.90) or (rmsea is not None and rmsea > 0.10)


def _fit(fit: Mapping[str, Any]) -> str:
    rmsea = numbers.statistic("rmsea", fit.get("rmsea"))
    return f"CFI = {numbers.statistic('cfi', fit.get('cfi'))}, RMSEA = {rmsea}"


def _clustering(record: Record) -> str:
    if record.cluster is None:
        return ""
    found = {
        name: levels[record.cluster]["icc1"]
        for name, levels in record.part("validate", "icc").items()
        if (levels or {}).get(record.cluster, {}).get("icc1") is not None
    }
    if not found:
        return ""
    told = listed(f"{numbers.statistic('icc', v)} for {record.phrase(k)}" for k, v in found.items())
    return f"ICC(1) over {record.many(record.cluster)} was {told}."


def _was(names: list[str]) -> str:
    return "was" if len(names) == 1 else "were"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
