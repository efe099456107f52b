"""The plain-language summary, and the warnings in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.reporting import markup, numbers
from pipeline.reporting.figures.finding import FURTHEST
from pipeline.reporting.prose import estimators, improper
from pipeline.reporting.prose.results import at_level, excludes_zero
from pipeline.reporting.record import ARROW, Entries, Record, uncapitalised
from pipeline.reporting.tables.build import listed
from pipeline.reporting.tables.paths import equation_words

SYNTHETIC = (
    "Synthetic data: made by a computer to demonstrate the analysis. No person answered; nothing here is a "
    "finding."
)
SOME_SMALLER = ", but some are too small to matter"

FEWEST_CLUSTERS = 30


def summary(record: Record) -> list[str]:
    """What was asked, who answered, and how to look at what was found; `findings` come next."""
    return [text for text in (_asked(record), _who(record), _opening(record)) if text]


def findings(record: Record) -> dict[str, str]:
    """What was found about each hypothesis and how sure it is, by the id of its picture.

    Without hypotheses: what goes together by way of the mediators, in one paragraph.
    """
    told = {name: _finding(record, h) for name, h in _known(record).items()}
    if told:
        return told
    effects = [_plain_effect(record, r) for r in _main_effects(record)]
    return {"findings_in_words": " ".join(effects)} if effects else {}


def drawable(record: Record) -> dict[str, Mapping[str, Any]]:
    """Hypotheses with a verdict by an interval that can be read, by the id of their picture."""
    needed = ("ci_lower", "ci_upper", "verdict")
    return {
        name: h
        for name, h in _known(record).items()
        if all(h.get(key) is not None for key in needed) and not record.rests_on_improper(h)
    }


def advice(record: Record) -> list[str]:
    """What to do with the findings, and what they do not say."""
    return [text for text in (_use(record), _few(record), _level(record)) if text]


def expectation(record: Record, h: Mapping[str, Any]) -> str:
    """A hypothesis in plain words: `higher support goes with higher alliance, between staff`."""
    level = at_level(record, str(h.get("level"))).rstrip(", ")
    return f"{_link(record, h)}{f', {uncapitalised(level)}' if level else ''}"


def temporal_order(record: Record) -> str | None:
    """The warning of a study that measured everything at one time; None for one with waves."""
    if len(record.declared.get("waves", ())) > 1:
        return None
    return (
        "Everything was measured at one time. The order of the variables in the path is an assumption that "
        "these data cannot test: the same numbers fit other orders as well, and indirect effects from one "
        "time point can be far from those over time (Maxwell & Cole, 2007). Read every arrow as “goes "
        "with”, not as “comes from”."
    )


def warnings(record: Record) -> list[str]:
    """What the stages warn of, once each, in their own words."""
    equations: Mapping[str, Any] = record.part("model", "equations")
    told = [str(text) for text in record.part("model", "warnings") or ()]
    told += [str(text) for equation in equations.values() for text in equation.get("warnings") or ()]
    told += _of_measurement(record)
    told += [str(text) for text in record.part("score", "problems") or ()]
    exports: Mapping[str, Any] = record.part("ingest", "exports")
    told += [f"{name}: {text}" for name, export in exports.items() for text in export.get("warnings") or ()]
    found = [markup.literal(_sentence(text)) for text in dict.fromkeys(told)]
    return [*found, *estimators.differences(record)]


def _of_measurement(record: Record) -> list[str]:
    """What reliability warns of, and what could not be estimated though the items are there."""
    alphas: Mapping[str, Any] = record.part("validate", "reliability")
    told = [
        f"{record.title(k)}: {text}" for k, v in alphas.items() for text in (v or {}).get("warnings") or ()
    ]
    ready = {k for k, v in record.declared.get("variables", {}).items() if v.get("kind") == "score"}
    return told + [
        f"{record.title(str(e['scale']))}: {e['what']} could not be estimated ({e['reason']})"
        for e in record.part("validate", "not_estimated") or ()
        if e["scale"] not in ready
    ]


def limits(record: Record) -> list[str]:
    """What the numbers cannot say."""
    told = [] if warnings(record) else ["No stage of the analysis raised a warning."]
    means = record.part("model", "labels").get("between")
    if means and record.part("model", "options").get("means") == "latent":
        told.append(
            f"The slopes between clusters rest on {markup.literal(str(means))} (Lüdtke et al., 2008). They "
            "are less biased than slopes of observed means and less certain: with few clusters, or clusters "
            "that hardly differ, their intervals are wide."
        )
    elif means:
        told.append(
            f"The slopes between clusters rest on {markup.literal(str(means))}. Such slopes are drawn "
            f"towards the slopes within, the more so the lower ICC(2) is (Lüdtke et al., 2008)."
        )
    if record.slopes:
        told.append(
            "Unless units were assigned at random, whatever differs between them and was not measured can "
            "stand behind a relation."
        )
    if record.part("model", "options").get("measurement") == "scores":
        told.append(
            "The path was fitted to scale scores, which hold measurement error; relations between error-free "
            "variables may be stronger."
        )
    return told


def notes_of_screening(record: Record) -> list[str]:
    """What screening could not see."""
    exports: Mapping[str, Any] = record.part("screen", "exports")
    told = [str(text) for export in exports.values() for text in export.get("notes") or ()]
    return [markup.literal(_sentence(text)) for text in dict.fromkeys(told)]


def _asked(record: Record) -> str:
    question = record.declared.get("question")
    return f"**What was asked.** {markup.literal(str(question).strip())}" if question else ""


def _who(record: Record) -> str:
    equations: Mapping[str, Any] = record.part("model", "equations")
    if not equations:
        return ""
    outcome = list(equations)[-1]
    return (
        f"**Who answered.** {equation_words(record, outcome, equations[outcome])} entered the main analysis."
    )


def _known(record: Record) -> dict[str, Mapping[str, Any]]:
    rows = [h for h in record.hypotheses if h.get("est") is not None]
    return {f"finding_{number}": h for number, h in enumerate(rows, 1)}


def _opening(record: Record) -> str:
    """How to read the pictures, once for all."""
    if not findings(record):
        return ""
    drawn = drawable(record).values()
    if not drawn:
        return "**What was found.**"
    arrow = "; an arrowhead: it runs on" if any(map(_runs_on, drawn)) else ""
    shown = [
        "the dot is the estimate",
        f"the bar what the data leave open ({numbers.confidence(record.confidence)} interval{arrow})",
        "the dashed line no relation",
    ]
    if any(h.get("smallest") for h in drawn):
        shown.append("the shaded band what the study declared too small to matter")
    return f"**What was found, and how sure it is.** In each picture {listed(shown)}."


def _runs_on(h: Mapping[str, Any]) -> bool:
    """Whether the interval is longer than its picture."""
    furthest = max(abs(float(h[name])) for name in ("ci_lower", "ci_upper"))
    return furthest > FURTHEST * float(h.get("smallest") or furthest)


def _finding(record: Record, h: Mapping[str, Any]) -> str:
    """One hypothesis: its verdict, what was found, and what the data leave open."""
    word = {"inconclusive": "not decided"}.get(str(h.get("verdict")), str(h.get("verdict") or "not judged"))
    heading = f"**{markup.literal(str(h['id']))}: {markup.literal(word)}.**"
    told = (_verdict(record, h), _left_open(record, h))
    return " ".join((heading, *(f"{_capital(words)}." for words in told if words)))


def _verdict(record: Record, h: Mapping[str, Any]) -> str:
    link = _link(record, h)
    words = {
        "supported": f"{_link(record, h, 'went')}, as expected",
        "not supported": _against(h, link),
        "inconclusive": f"the data do not decide whether {link}",
    }.get(str(h.get("verdict")), f"it could not be judged whether {link}")
    return f"{at_level(record, str(h.get('level')))}{words}"


def _link(record: Record, h: Mapping[str, Any], verb: str = "goes") -> str:
    names = str(h["effect"]).split(ARROW)
    through = f" by way of {listed(record.phrase(n) for n in names[1:-1])}" if len(names) > 2 else ""
    return f"higher {record.phrase(names[0])} {verb} with {_amount(h)} {record.phrase(names[-1])}{through}"


def _left_open(record: Record, h: Mapping[str, Any]) -> str:
    """The values inside the interval in plain words, where the verdict has not said them."""
    if record.rests_on_improper(h):
        return improper.IN_PLAIN_WORDS
    matters = bool(h.get("smallest"))
    if h.get("verdict") == "inconclusive":
        size = "large enough to matter" if matters else "in the expected direction"
        return f"both no relation and one {size} remain possible"
    if h.get("verdict") == "supported":
        end = " and are large enough to matter" if h.get("beyond_smallest") else SOME_SMALLER
        return f"all values that the data leave open lie on the expected side{end * matters}"
    return ""


def _use(record: Record) -> str:
    """What a reader may do with each kind of verdict."""
    by_verdict = {
        name: [h for h in record.hypotheses if h.get("verdict") == name and not record.rests_on_improper(h)]
        for name in ("supported", "inconclusive", "not supported")
    }
    words = {
        "supported": "{} can be built on as what was seen to go together in these data; whether changing the "
        "one would change the other was not tested.",
        "inconclusive": "{} should be neither counted on nor ruled out before a study with more power tells.",
        "not supported": "{} should not be built on without new evidence.",
    }
    told = [words[name].format(_ids(rows)) for name, rows in by_verdict.items() if rows]
    unread = [h for h in record.hypotheses if record.rests_on_improper(h)]
    told += [f"Nothing should be built on the estimate of {_ids(unread)}."] if unread else []
    return f"**What to do with it.** {' '.join(told)}" if told else ""


def _ids(rows: Entries) -> str:
    return listed(markup.literal(str(h["id"])) for h in rows)


def _amount(h: Mapping[str, Any]) -> str:
    return "higher" if h.get("sign") == "positive" else "lower"


def _against(h: Mapping[str, Any], link: str) -> str:
    if excludes_zero(h) and (float(h["est"]) > 0) != (h.get("sign") == "positive"):
        return f"the data speak against the expectation that {link}: the relation runs the other way"
    return f"if {link}, the relation is smaller than what the study declared worth noticing"


def _main_effects(record: Record) -> list[Mapping[str, Any]]:
    rows: Entries = record.effects
    return [r for r in rows if r.get("kind") == "total_indirect" and r.get("est") is not None]


def _plain_effect(record: Record, r: Mapping[str, Any]) -> str:
    source, target = record.phrase(str(r["source"])), record.phrase(str(r["target"]))
    if not excludes_zero(r):
        words = f"the data do not show clearly whether {source} goes with {target} by way of the mediators"
    else:
        amount = "higher" if float(r["est"]) > 0 else "lower"
        words = f"higher {source} went with {amount} {target} by way of the mediators"
    return _capital(f"{at_level(record, str(r['level']))}{words}.")


def _few(record: Record) -> str:
    """How tentative results between clusters are where there are few; nothing where there are enough."""
    clusters = [
        int(n)
        for equation in record.part("model", "equations").values()
        for n in [(equation.get("clusters") or {}).get(record.cluster)]
        if n is not None
    ]
    if not clusters or min(clusters) >= FEWEST_CLUSTERS:
        return ""
    cluster, count = record.many(str(record.cluster)), numbers.count(min(clusters))
    return (
        f"**Few {cluster}.** There are only {count}, and comparing {cluster} takes {FEWEST_CLUSTERS} or "
        f"more: whatever is said between {cluster} is tentative."
    )


def _level(record: Record) -> str:
    if not record.is_clustered or record.cluster is None:
        return "**How to read it.** " + _at_one_time(record)
    cluster, rows = record.many(record.cluster), record.many(record.lowest)
    return (
        f"**How to read it.** “Between {cluster}” compares one {record.one(record.cluster)} with another; "
        f"“within {cluster}” compares {rows} of the same {record.one(record.cluster)}. {_at_one_time(record)}"
    )


def _at_one_time(record: Record) -> str:
    if temporal_order(record) is None:
        return (
            "A relation that follows the order of measurement can still have causes that were not measured."
        )
    return "Everything was measured at one time, so the results say what goes together, not what comes first."


def _sentence(text: str) -> str:
    found = text[:1].upper() + text[1:]
    return found if found.endswith((".", "!", "?")) else f"{found}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
