"""Sentences of the Method section: design, participants, measures, analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.prose import estimators
from pipeline.reporting.prose.references import in_text
from pipeline.reporting.record import Record
from pipeline.reporting.tables.build import listed
from pipeline.reporting.tables.flow import column_title
from pipeline.reporting.tables.instruments import adaptation_words, responses_words


def design(record: Record) -> list[str]:
    """What kind of study, and what lies in what."""
    told = record.declared.get("design")
    nested = [
        f"{record.many(low)} in {record.many(high)}"
        for low, high in zip(record.levels, record.levels[1:], strict=False)
    ]
    sentences = [markup.literal(_ended(str(told)))] if told else []
    if nested:
        sentences.append(f"The data have {_count_word(len(record.levels))} levels: {listed(nested)}.")
    else:
        sentences.append(f"The data have one level, {record.many(record.levels[0])}, and no clusters.")
    return [" ".join(sentences)]


def participants(record: Record) -> list[str]:
    """One sentence an export, from received to linked; then the sizes of clusters."""
    exports: Mapping[str, Mapping[str, Any]] = record.part("screen", "exports")
    paragraphs = [_export(record, name, export) for name, export in exports.items()]
    sizes = _sizes(record)
    return [*paragraphs, sizes] if sizes else paragraphs


def measures(record: Record) -> list[str]:
    """One paragraph a variable."""
    variables: Mapping[str, Mapping[str, Any]] = record.declared.get("variables", {})
    told = [_measure(record, name, variable) for name, variable in variables.items()]
    return [*told, *estimators.choices(record)]


def analysis(record: Record) -> list[str]:
    """How the numbers were made, without a number that is a result."""
    model = _clustered_model(record) if record.is_clustered else _flat_model(record)
    return [text for text in (_validation(record), model, _effects(record), _hypotheses(record)) if text]


def reproducibility(record: Record) -> list[str]:
    """Where the numbers come from and how they can be made again."""
    made = record.results.get("made", {})
    seed = record.part("model", "options").get("seed")
    draws = f" Random draws start from seed {seed}." if seed is not None else ""
    return [
        "Every number in this report stands in results.json, with the stage and the input that made it. It "
        f"was made by version {markup.literal(str(made.get('pipeline')))} of the pipeline with Python "
        f"{markup.literal(str(made.get('python')))}.{draws} The exports are never changed; direct "
        "identifiers are dropped when they are read."
    ]


def _export(record: Record, name: str, export: Mapping[str, Any]) -> str:
    received, kept = numbers.count(export.get("received")), numbers.count(export.get("kept"))
    lost = [e for e in export.get("excluded") or () if e["n"]]
    title = column_title(record, name, export)
    if export.get("kind") == "roster":
        return f"{title}: {received} units were listed."
    total = numbers.count(record.results.get("derived", {}).get("excluded", {}).get(name))
    if not lost:
        told = f"{title}: {received} records were received and none was excluded."
    else:
        reasons = listed(f"{markup.literal(e['reason'])} ({numbers.count(e['n'])})" for e in lost)
        told = (
            f"{title}: of {received} records received, {total} were excluded for {reasons}; {kept} were kept."
        )
    return f"{told} {_links(record, str(export.get('level')))}".strip()


def _links(record: Record, level: str) -> str:
    found = record.part("score", "levels").get(level, {})
    everything = _all_linked(record, level, found)
    if everything:
        return everything
    linked = [
        f"{numbers.count(e.get('linked'))}{' could be linked' if not i else ''} to {record.many(upper)}"
        for i, (upper, e) in enumerate((found.get("linked") or {}).items())
    ]
    roster = found.get("roster")
    parts = [f"Of these, {listed(linked)}."] if linked else []
    if roster:
        parts.append(
            f"The roster lists {numbers.count(roster['listed'])} {record.many(level)}, of whom "
            f"{numbers.count(roster['answered'])} answered."
        )
    return " ".join(parts)


def _all_linked(record: Record, level: str, found: Mapping[str, Any]) -> str:
    """A short sentence where nothing was left unlinked and there is no roster to tell of."""
    totals: Mapping[str, Any] = record.results.get("derived", {}).get("unlinked", {}).get(level) or {}
    if not totals or any(totals.values()) or found.get("roster"):
        return ""
    return f"All of these could be linked to {listed(record.many(upper) for upper in totals)}."


def _sizes(record: Record) -> str:
    parts = []
    for level, found in record.part("score", "levels").items():
        sizes = found.get("cluster_sizes") or {}
        known = {upper: size for upper, size in sizes.items() if size.get("clusters")}
        if known:
            parts.append(_size(record, level, known))
    return " ".join(parts)


def _size(record: Record, level: str, sizes: Mapping[str, Mapping[str, Any]]) -> str:
    told = listed(_spread(record, upper, size) for upper, size in sizes.items())
    return f"{record.many(level).capitalize()} came from {told}."


def _spread(record: Record, upper: str, size: Mapping[str, Any]) -> str:
    """How many units of a level above, and how many of those below lie in each."""
    least, median, most = (record.cluster_size(size, name) for name in ("min", "median", "max"))
    words = f"median {median} each, from {least} to {most}" if least != most else f"{least} each"
    return f"{numbers.count(size['clusters'])} {record.many(upper)} ({words})"


def _measure(record: Record, name: str, variable: Mapping[str, Any]) -> str:
    instrument = record.declared.get("instruments", {}).get(name)
    if variable.get("kind") == "covariate":
        return f"**{record.label(name)}** was taken from the export as it is, as a covariate."
    if variable.get("kind") == "score" or not instrument:
        return (
            f"**{record.label(name)}** came as a ready scale score from the export, measured on "
            f"{record.many(str(variable.get('level')))}. Its items are not in the data, so reliability and "
            f"factor structure could not be examined here."
        )
    return " ".join(part for part in _instrument(record, name, variable, instrument) if part)


def _instrument(
    record: Record, name: str, variable: Mapping[str, Any], instrument: Mapping[str, Any]
) -> list[str]:
    scale = record.part("score", "scales").get(name) or {}
    title = markup.literal(str(instrument.get("title")))
    version = markup.literal(str(instrument.get("version")))
    items = numbers.count(len(instrument.get("items") or ()))
    opening = (
        f"**{record.label(name)}** was measured with the {items} items of *{title}* (version {version}), "
        f"answered by {record.many(str(variable.get('level')))} from {responses_words(instrument)}"
    )
    recall = instrument.get("recall")
    adapted = adaptation_words(instrument)
    return [
        opening + (f" (recall period: {markup.literal(str(recall))})." if recall else "."),
        f"It was {adapted}." if adapted else "No change to the instrument is recorded.",
        _scoring(scale, instrument),
        f"Source: {_ended(in_text(str((instrument.get('source') or {}).get('citation', '—'))))}",
        _licence(instrument.get("licence") or {}),
        _reliability(record, name),
    ]


def _scoring(scale: Mapping[str, Any], instrument: Mapping[str, Any]) -> str:
    rule = scale.get("rule_in_words") or (instrument.get("scoring") or {}).get("rule") or "mean"
    needed, turned = scale.get("needed"), len(scale.get("reversed") or ())
    told = f"The score is the {markup.literal(str(rule))}"
    if needed:
        told += f", computed where at least {numbers.count(needed)} are answered"
    told += f"; {numbers.count(turned)} items were reversed first" if turned > 1 else ""
    told += "; 1 item was reversed first" if turned == 1 else ""
    higher = (instrument.get("scoring") or {}).get("higher_means")
    return f"{told}. Higher scores mean {markup.literal(_ended(str(higher)))}" if higher else f"{told}."


def _licence(licence: Mapping[str, Any]) -> str:
    if not licence.get("name"):
        return ""
    holder = f"; holder: {markup.literal(str(licence['holder']))}" if licence.get("holder") else ""
    wording = "" if licence.get("wording_may_be_shipped") else " Its wording is not reprinted here."
    return f"Licence: {markup.literal(str(licence['name']))}{holder}.{wording}"


def _reliability(record: Record, name: str) -> str:
    found = record.part("validate", "reliability").get(name) or {}
    if found.get("est") is None:
        return ""
    alpha, lower = numbers.statistic("alpha", found["est"]), found.get("ci_lower")
    if lower is None:
        return f"In this sample α = {alpha}."
    ci = numbers.ci_phrase(record.confidence, lower, found.get("ci_upper"), name="alpha")
    n = _alpha_rows(found)
    return f"In this sample α = {alpha}, {ci}{n}."


def _alpha_rows(found: Mapping[str, Any]) -> str:
    n, of_interval = found.get("n"), found.get("n_interval")
    if not n or found.get("missing") != "pairwise":
        return f" (over the {numbers.count(n)} who answered every item)" if n else ""
    thin = f"; interval for *n* = {numbers.count(of_interval)}" if of_interval != n else ""
    return f" (*n* = {numbers.count(n)}{thin})"


def _validation(record: Record) -> str:
    parts = []
    found = record.part("validate", "reliability")
    if any((told or {}).get("omega") for told in found.values()):
        parts.append(
            "Reliability is omega, the share of a score’s variance that its one factor explains (McDonald, "
            "1999), with an interval by the delta method on the logit."
        )
    if found:
        parts.append(
            "Internal consistency is Cronbach’s alpha (Cronbach, 1951) from pairwise covariances, with the "
            "interval of Feldt (1965), which counts only the rows of the pair of items answered together "
            "least."
        )
    if record.part("validate", "factor"):
        parts.append(_factor_models(record.part("validate", "factor"), record))
    if record.part("validate", "icc"):
        parts.append(
            "Clustering is described by ICC(1), the share of variance between clusters, and ICC(2), the "
            "reliability of cluster means (Bliese, 2000)."
        )
    return " ".join(parts)


def _factor_models(factor: Mapping[str, Any], record: Record) -> str:
    """Estimator, missing answers and clusters of the factor models."""
    scales = [found for found in factor.values() if found]
    models = [*scales, *(found["facets"] for found in scales if found.get("facets"))]
    full = any(model.get("missing_answers") == "fiml" for model in models)
    uppers = dict.fromkeys(str(model["cluster"]) for model in models if model.get("cluster"))
    words = listed(record.many(upper) for upper in uppers)
    whose = " of MLR" if any(model.get("estimator") == "WLSMV" for model in models) else ""
    return (
        f"Each scale was fitted with a one-factor model by {estimators.how_fitted(models)}, in the manner of "
        "lavaan (Rosseel, 2012)"
        + (", missing answers by full information" if full else "")
        + (f"; errors and test{whose} allow for clusters of {words}." if words else ".")
    )


def _clustered_model(record: Record) -> str:
    cluster = record.many(str(record.cluster))
    opening = (
        f"A single-level model would mix two questions: how {record.many(record.lowest)} of the same "
        f"{record.one(str(record.cluster))} compare, and how {cluster} compare (Preacher et al., 2010)."
    )
    options = record.part("model", "options")
    if options.get("measurement") == "latent":
        return f"{opening} {_latent_variables(record)}{_bounded(record)}"
    if options.get("means") == "latent":
        return f"{opening} {_latent_means(record)}{_bounded(record)}"
    return (
        f"{opening} Predictors were therefore split into the mean of each {record.one(str(record.cluster))} "
        f"and the deviation from it, so that each path has a slope within and a slope between {cluster} "
        "(Raudenbush & Bryk, 2002; Zhang et al., 2009). Every outcome was fitted by maximum likelihood with "
        "random intercepts of all levels above it. The means are those of the answers at hand (manifest "
        "means), not latent means."
    )


def _bounded(record: Record) -> str:
    """That variances between clusters may not fall below zero, with the space before it; else nothing."""
    if record.part("model", "options").get("between_variances") != "bounded":
        return ""
    return (
        f" The study declares bounded estimation: no variance between {record.many(str(record.cluster))} was "
        "allowed to fall below zero, which few clusters can require (De Jonckere & Rosseel, 2022). Where one "
        "rests at zero, standard errors, the test and fit indices are approximate, computed as if it were "
        "fixed there (Savalei & Kolenikov, 2008)."
    )


def _latent_means(record: Record) -> str:
    cluster, rows = record.many(str(record.cluster)), record.many(record.lowest)
    robust = record.many(str(record.part("model", "options").get("robust_unit") or record.cluster))
    return (
        "All paths were therefore fitted at once in a two-level model. It splits every variable measured "
        f"on {rows}, covariates included, into a part within {cluster} and a latent mean of each "
        f"{record.one(str(record.cluster))}, so that each path has a slope within and a slope between. A "
        f"mean of the answers at hand holds the sampling error of its few {rows}, which draws the slope "
        "between towards the slope within; a latent mean does not (Lüdtke et al., 2008). Estimation is by "
        "maximum likelihood with standard errors robust to non-normality and to dependence within "
        f"{robust}. Predictors covary at their level, and so do residuals of outcomes that no route "
        "connects. Random-intercept "
        "models with manifest means (Zhang et al., 2009) and a flat model stand beside it for comparison."
    )


def _latent_variables(record: Record) -> str:
    cluster, rows = record.many(str(record.cluster)), record.many(record.lowest)
    robust = record.many(str(record.part("model", "options").get("robust_unit") or record.cluster))
    return (
        "All paths were therefore fitted at once in a two-level model of latent variables behind the items. "
        f"Every variable measured on {rows} has a latent variable within {cluster} and one between them, "
        "with the same loadings at both levels, so that it means the same at both (Mehta & Neale, 2005); a "
        f"variable measured on {cluster} has one between them. Loadings are scaled so that a latent variable "
        "has the unit of its scale score (Little et al., 2006). Scores that came ready, single items, and "
        "covariates enter as observed. Latent variables hold neither the error of items nor, between "
        f"{cluster}, that of the few {rows} who stand for a {record.one(str(record.cluster))} (Lüdtke et "
        "al., 2008). Estimation is by maximum likelihood with standard errors robust to non-normality and to "
        f"dependence within {robust}. Models of scale scores stand beside it for comparison."
    )


def _flat_model(record: Record) -> str:
    if record.part("model", "options").get("measurement") == "latent":
        return (
            f"All paths were fitted at once over {record.many(record.lowest)}, as a model of latent "
            "variables behind the items, by maximum likelihood with robust standard errors. Loadings are "
            "scaled so that a latent variable has the unit of its scale score (Little et al., 2006); scores "
            "that came ready, single items, and covariates enter as observed. The study declares no "
            "clusters, so there is one level and nothing to separate within and between."
        )
    return (
        f"All outcomes were fitted at once, as one path model over {record.many(record.lowest)} by maximum "
        "likelihood; on complete rows its estimates are those of least squares (Hayes, 2022). The study "
        "declares no clusters, so there is one level and nothing to separate within and between."
    )


def _effects(record: Record) -> str:
    options = record.part("model", "options")
    draws = options.get("draws")
    if not draws:
        return ""
    if not any(r["kind"] == "specific" for r in record.effects):
        return (
            f"The path has no mediator, and so no indirect effect. {_lacking(record)}; nothing was imputed."
        )
    return (
        "Indirect effects are products of the slopes along a route. Their "
        f"{numbers.confidence(record.confidence)} intervals are Monte Carlo intervals: "
        f"{numbers.count(draws)} draws from the normal distribution of the estimated slopes, seed "
        f"{options.get('seed')} (MacKinnon et al., 2004).{_bootstrap(record)} {_lacking(record)}; nothing "
        "was imputed."
    )


def _bootstrap(record: Record) -> str:
    """What was resampled, with the space before it; nothing without a bootstrap."""
    told: Mapping[str, Any] = record.part("model", "bootstrap")
    if not told.get("draws"):
        return ""
    units = record.many(str(told["level"]))
    drawn = f"whole {units} (Cameron et al., 2008)" if record.is_clustered else units
    return (
        " Beside them stand bootstrap intervals, percentile and bias-corrected: the model was fitted again "
        f"to {numbers.count(told['draws'])} resamples of {drawn}. They rest on no normal distribution of the "
        "slopes; where fewer than 90% of the resamples give a solution they are withheld."
    )


def _lacking(record: Record) -> str:
    """What became of rows that lack an answer."""
    options = record.part("model", "options")
    full = options.get("missing") == "fiml"
    if str(options.get("missing")).startswith("complete"):
        return "No answer that the model needs was missing"
    if options.get("means") == "latent" and full:
        return "Rows that lack an answer count with those that they have (full information)"
    if record.is_clustered and options.get("means") != "latent":
        return "Rows that lack an answer which an equation needs were left out of that equation"
    if full and options.get("measurement") == "latent":
        return "Rows that lack an answer count with those that they have (full information)"
    if full:
        return (
            "Rows that lack an outcome count with the answers that they have (full information); those that "
            "lack a predictor which nothing explains were left out"
        )
    return "Rows that lack an answer which the model needs were left out"


def _hypotheses(record: Record) -> str:
    if not record.declared.get("hypotheses"):
        return ""
    return (
        "A hypothesis is called supported where the interval excludes zero in the expected direction, not "
        "supported where the whole interval lies below the smallest effect of interest or in the other "
        "direction, and otherwise inconclusive."
    )


def _count_word(n: int) -> str:
    return {2: "two", 3: "three", 4: "four"}.get(n, numbers.count(n))


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
