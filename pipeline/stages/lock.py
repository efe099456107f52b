"""What a study froze before its results were seen: written by `lock`, compared by the report.

`data/<study>/lock.json` holds, for every lock, the parts of the declarations as people read them and a hash
of each. The command line calls `lock`; `stages/results` calls `told`. Nothing else writes the file, and
its author commits it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.declaration import StudyError
from pipeline.stages.artefacts import Workspace, read_json, write_json
from pipeline.study import LoadedStudy

PARTS = ("path", "hypotheses", "instruments", "scoring", "screening", "options", "seed")
NOTHING = "—"
OPTIONS = ("measurement", "missing", "intervals", "marker", "published", "small_cell")


def lock(study: LoadedStudy, workspace: Workspace, today: date, *, again: bool = False) -> Path:
    """Freeze the study as it is declared now; StudyError where it is locked already, unless `again`.

    Locking again keeps the earlier locks: the report lists them with their dates.
    """
    file, earlier = lock_file(workspace), _locks(workspace)
    if earlier and not again:
        raise StudyError.of(
            _shown(workspace),
            f"the study was locked on {earlier[-1]['date']}",
            f"to lock it anew and keep the earlier lock on record: make lock STUDY={study.id} AGAIN=1",
        )
    entry = {"date": today.isoformat(), "pipeline": __version__, "parts": _hashed(parts(study))}
    write_json(file, {"study": study.id, "locks": [*earlier, entry]})
    return file


def lock_file(workspace: Workspace) -> Path:
    """Where a study's lock lies."""
    return workspace.declared / "lock.json"


def told(study: LoadedStudy, workspace: Workspace) -> dict[str, Any] | None:
    """What the report tells: each lock with its date, and every deviation since; None where none was made."""
    locks = _locks(workspace)
    if not locks:
        return None
    frozen = [_values(entry) for entry in locks]
    now = _plain(parts(study))
    since = [None, *frozen[:-1]]
    return {
        "locks": [
            {
                "date": entry["date"],
                "pipeline": entry["pipeline"],
                "sha256": _hash(values),
                "changed": [] if before is None else _changed(before, values),
            }
            for entry, values, before in zip(locks, frozen, since, strict=True)
        ],
        "parts": {name: told["sha256"] for name, told in locks[-1]["parts"].items()},
        "deviations": list(deviations(frozen[-1], now)),
    }


def deviations(locked: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Every place in which the declarations differ from what was locked: part, place, then and now."""
    for part in dict.fromkeys((*locked, *now)):
        for place, before, after in _differences(locked.get(part), now.get(part), ()):
            yield {
                "part": part,
                "what": " · ".join(place),
                "locked": _in_words(before),
                "now": _in_words(after),
            }


def parts(study: LoadedStudy) -> dict[str, Any]:
    """The parts of a study that a lock freezes, laid out for reading."""
    declared = study.declared
    options = declared.model_dump(mode="json", include=set(OPTIONS))
    return {
        "path": _path(study),
        "hypotheses": {one.id: one.model_dump(mode="json", exclude={"id"}) for one in declared.hypotheses},
        "instruments": {name: _instrument(study, name) for name in study.instruments},
        "scoring": {name: _scoring(study, name) for name in declared.scales},
        "screening": declared.screening.model_dump(mode="json") | {"exports": _exports(study)},
        "options": {name: options[name] for name in OPTIONS},
        "seed": declared.seed,
    }


def _path(study: LoadedStudy) -> dict[str, Any]:
    told = study.declared
    return {
        "arrows": [" -> ".join(edge) for edge in study.edges],
        "covariates": {name: list(one.predicts) for name, one in told.covariates.items()},
        "moderators": [one.model_dump(mode="json") for one in told.moderators],
        "congruence": [one.model_dump(mode="json") for one in told.congruence],
        "rivals": {one.id: one.path.strip() for one in told.rivals},
        "levels": {name: level.within for name, level in told.levels.items()},
    }


def _instrument(study: LoadedStudy, scale: str) -> dict[str, Any]:
    used = study.instruments[scale]
    return {
        "id": used.id,
        "version": used.version,
        "facet": study.declared.scales[scale].facet,
        "items": list(used.item_ids),
        "response_sets": {name: [*map(str, codes)] for name, codes in used.response_sets.items()},
        "wording": _hash([[item.id, item.text] for item in used.items]),
    }


def _scoring(study: LoadedStudy, scale: str) -> dict[str, Any]:
    told = study.declared.scales[scale]
    if told.score is not None:
        return {"ready score": told.score}
    rule = study.instruments[scale].scoring
    return {
        "rule": rule.rule,
        "factor": rule.factor,
        "offset": rule.offset,
        "minimum_answered": rule.minimum_answered,
        "reversed": list(study.turned(scale)),
        "already_reversed": list(told.already_reversed),
    }


def _exports(study: LoadedStudy) -> dict[str, Any]:
    """What of an export decides who counts and which answers are missing."""
    kept = {"consent", "missing_codes", "seconds"}
    return {name: one.model_dump(mode="json", include=kept) for name, one in study.declared.exports.items()}


def _hashed(frozen: Mapping[str, Any]) -> dict[str, Any]:
    plain = _plain(frozen)
    return {name: {"sha256": _hash(plain[name]), "value": plain[name]} for name in PARTS}


def _locks(workspace: Workspace) -> list[dict[str, Any]]:
    """The locks on record, oldest first; StudyError where the file was changed by hand."""
    file = lock_file(workspace)
    if not file.exists():
        return []
    try:
        locks: list[dict[str, Any]] = read_json(file)["locks"]
        wrong = [
            f"{name} of {entry['date']}"
            for entry in locks
            for name, told in entry["parts"].items()
            if told["sha256"] != _hash(told["value"])
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"this is not a lock as `lock` writes it ({type(error).__name__}: {error})"
        raise StudyError.of(_shown(workspace), message, _RESTORE) from error
    if wrong:
        message = f"what was locked does not fit its hash: {', '.join(wrong)}"
        raise StudyError.of(_shown(workspace), message, _RESTORE)
    return locks


_RESTORE = "bring the file back from version control: a lock that was edited proves nothing"


def _values(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told["value"] for name, told in entry["parts"].items()}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(one["part"] for one in deviations(before, after)))


def _differences(
    before: Any, after: Any, place: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Leaves that differ; what only one side has is one difference, not one for each of its leaves."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from _differences(before.get(key), after.get(key), (*place, str(key)))
    elif before != after:
        yield place, before, after


def _in_words(value: Any) -> str:
    """A locked value on one line."""
    if value is None or value in ([], {}):
        return NOTHING
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_in_words(each)}" for key, each in value.items() if each is not None)
    if isinstance(value, list):
        return ", ".join(_in_words(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())


def _plain(value: Any) -> Any:
    """As it comes back from the file."""
    return json.loads(json.dumps(value))


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _shown(workspace: Workspace) -> str:
    return lock_file(workspace).relative_to(workspace.root).as_posix()
