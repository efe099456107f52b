"""Levels linked: which client belongs to which staff member and team, and why some belong to none.

`stages/score` gathers the scored rows of each level here and gets back one frame a level with the ids of
all levels above, and the counts of what was linked and what was not. Rows keep the order in which they
first appear; an id never enters a count or a message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

LINK = "_link_"


class LinkingError(ValueError):
    """Levels that cannot be linked: says what is ambiguous and what to do about it."""


@dataclass(frozen=True)
class Table:
    """Scored rows of one export: `_row`, `_id`, `_link_<level>`, `_seconds` and columns of data."""

    export: str
    kind: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class Units:
    """The units of a level, before linking.

    `frame` has `_id` (null where there is none), `_answered`, `_listed`, the ids of higher levels as given
    (`_link_<level>`) and the data. `left_out` holds the ids that screening excluded altogether.
    `contradicted` counts, by higher level, units of which two sources give different ids.
    """

    level: str
    frame: pd.DataFrame
    sources: tuple[str, ...]
    listed: int | None
    left_out: frozenset[str]
    contradicted: Mapping[str, int]


@dataclass(frozen=True)
class Noun:
    """What a level's units are called, one and many."""

    one: str
    many: str

    @property
    def a(self) -> str:
        """One of them, with its article."""
        return f"{'an' if self.one[:1].lower() in 'aeio' else 'a'} {self.one}"


@dataclass(frozen=True)
class Linked:
    """By level: a frame (`id`, the ids of the levels above, the data, `_seconds`) and the counts."""

    frames: Mapping[str, pd.DataFrame]
    results: Mapping[str, Mapping[str, Any]]


def gather(
    level: str,
    tables: Sequence[Table],
    above: Sequence[str],
    received_ids: frozenset[str],
    lowest: bool,
) -> Units:
    """Bring the exports of a level together by id: surveys first, then rosters.

    A unit that is only on a roster joins the level, except at the lowest one: there it has nothing to add.
    Where two exports give a link, the first survey's stands, and a difference is counted.
    """
    frame: pd.DataFrame | None = None
    contradicted = dict.fromkeys(above, 0)
    ordered = sorted(tables, key=lambda table: table.kind != "survey")
    for table in ordered:
        rows = _prepared(table, above)
        if frame is None:
            frame = rows
        else:
            frame, differing = _joined(frame, rows, table, extend=table.kind == "survey" or not lowest)
            contradicted = {name: n + differing[LINK + name] for name, n in contradicted.items()}
    frame = _empty(above) if frame is None else frame
    listed = {name for table in tables if table.kind == "roster" for name in table.frame["_id"].dropna()}
    return Units(
        level,
        _named(frame.reset_index(drop=True)),
        tuple(dict.fromkeys(table.kind for table in ordered)) or ("links",),
        len(listed) if any(table.kind == "roster" for table in tables) else None,
        received_ids - frozenset(frame["_id"].dropna()),
        contradicted,
    )


def link(gathered: Sequence[Units], nouns: Mapping[str, Noun]) -> Linked:
    """Follow the links from each level, lowest first, to every level above it.

    A link goes by the chain (client -> staff -> team); where the chain is broken, an id that the row itself
    gives for the higher level is used. A level without an export of its own has the units that the levels
    below name, and what they say of the levels above it.
    """
    units = _complete(gathered)
    levels = [entry.level for entry in units]
    resolved: dict[str, dict[str, pd.Series[Any]]] = {}
    results: dict[str, Mapping[str, Any]] = {}
    for entry in reversed(units):
        _refuse_repeated_ids(entry, units)
        above = units[levels.index(entry.level) + 1 :]
        resolved[entry.level] = {}
        linked = {
            upper.level: _follow(entry, upper, above[:place], resolved, nouns)
            for place, upper in enumerate(above)
        }
        results[entry.level] = _results(entry, resolved[entry.level], linked)
    frames = {entry.level: _frame(entry, resolved[entry.level]) for entry in units}
    return Linked(frames, {level: results[level] for level in levels})


def _prepared(table: Table, above: Sequence[str]) -> pd.DataFrame:
    frame = table.frame
    if table.kind == "roster":
        frame = frame[frame["_id"].notna() & ~frame["_id"].duplicated()]
    frame = frame.drop(columns=[name for name in frame if str(name) in {"_consent", "_preview"}])
    frame = frame.assign(
        _export=table.export, _answered=table.kind == "survey", _listed=table.kind == "roster"
    )
    links = {LINK + name: None for name in above if LINK + name not in frame}
    return frame.assign(**links).astype({LINK + name: object for name in above} | {"_id": object})


def _empty(above: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {"_id": object, "_answered": bool, "_listed": bool, "_export": object}
    columns |= {"_row": "int64", "_seconds": float} | {LINK + name: object for name in above}
    return pd.DataFrame({name: [] for name in columns}).astype(columns)


def _joined(
    frame: pd.DataFrame, rows: pd.DataFrame, table: Table, extend: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Fill `frame` from the rows of the same id; add the others where the level is to be extended."""
    import pandas as pd

    same = rows["_id"].notna() & rows["_id"].isin(frame["_id"])
    _refuse_ambiguous_join(frame, rows[same], table)
    told = rows[same].set_index("_id")
    frame, differing = frame.copy(), dict[str, int]()
    for name in [column for column in told.columns if column not in {"_row", "_export"}]:
        values = frame["_id"].map(told[name])
        if name in {"_answered", "_listed"}:
            frame[name] = frame[name] | values.eq(other=True)
        elif name not in frame:
            frame[name] = values
        else:
            differing[name] = int((frame[name].notna() & values.notna() & (frame[name] != values)).sum())
            frame[name] = frame[name].where(frame[name].notna(), values)
    others = rows[~same]
    return (pd.concat([frame, others]) if extend and len(others) else frame), differing


def _refuse_ambiguous_join(frame: pd.DataFrame, rows: pd.DataFrame, table: Table) -> None:
    twice = (
        rows["_id"].duplicated().any() or frame.loc[frame["_id"].isin(rows["_id"]), "_id"].duplicated().any()
    )
    if twice:
        raise LinkingError(
            f"the rows of export '{table.export}' cannot be joined to the other exports of their level: an "
            "id occurs more than once. Set screening.duplicates to first or last"
        )


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Add `id`: the id given, or the row's number where the export gives none."""
    rows = frame["_row"].astype("int64").astype(str)
    if frame["_id"].notna().any() or frame["_export"].nunique() > 1:
        rows = frame["_export"].astype(str) + " row " + rows
    return frame.assign(id=frame["_id"].where(frame["_id"].notna(), rows))


def _complete(gathered: Sequence[Units]) -> list[Units]:
    """Give levels without an export their units, and links that only the levels below know."""
    complete: list[Units] = []
    for place, entry in enumerate(gathered):
        above = [upper.level for upper in gathered[place + 1 :]]
        full = _named_below(entry, above, complete) if entry.sources == ("links",) else entry
        for upper in above if complete else ():
            full = _filled_from_below(full, upper, complete)
        complete.append(full)
    return complete


def _named_below(entry: Units, above: Sequence[str], below: Sequence[Units]) -> Units:
    import pandas as pd

    given = [lower.frame[LINK + entry.level].dropna() for lower in below]
    ids = pd.concat(given).drop_duplicates().tolist() if given else []
    frame = pd.DataFrame({"_id": ids, "id": ids}, dtype=object).assign(
        _answered=False, _listed=False, _seconds=float("nan"), **{LINK + name: None for name in above}
    )
    return Units(entry.level, frame, entry.sources, None, frozenset(), dict.fromkeys(above, 0))


def _filled_from_below(entry: Units, upper: str, below: Sequence[Units]) -> Units:
    import pandas as pd

    own, up = LINK + entry.level, LINK + upper
    said = pd.concat([lower.frame[[own, up]].dropna() for lower in below]).drop_duplicates()
    open_units = entry.frame[up].isna() & entry.frame["_id"].notna()
    told = said[said[own].isin(entry.frame.loc[open_units, "_id"])]
    if told.empty:
        return entry
    first = told.drop_duplicates(own).set_index(own)[up]
    frame = entry.frame.assign(**{up: entry.frame[up].where(~open_units, entry.frame["_id"].map(first))})
    differing = entry.contradicted[upper] + len(told) - len(first)
    contradicted = {**entry.contradicted, upper: differing}
    return Units(entry.level, frame, entry.sources, entry.listed, entry.left_out, contradicted)


def _refuse_repeated_ids(entry: Units, units: Sequence[Units]) -> None:
    repeated = set(entry.frame.loc[entry.frame["_id"].duplicated() & entry.frame["_id"].notna(), "_id"])
    below = units[: [unit.level for unit in units].index(entry.level)]
    pointed = any(lower.frame[LINK + entry.level].isin(repeated).any() for lower in below)
    if repeated and pointed:
        raise LinkingError(
            f"{len(repeated)} ids occur more than once at level '{entry.level}', and rows of a level below "
            "name them: which row is meant? Set screening.duplicates to first or last"
        )


def _follow(
    entry: Units,
    upper: Units,
    between: Sequence[Units],
    resolved: dict[str, dict[str, pd.Series[Any]]],
    nouns: Mapping[str, Noun],
) -> dict[str, Any]:
    """Resolve the ids of one higher level; the chain is read from what is resolved already."""
    given = entry.frame[LINK + upper.level]
    known = given.where(given.isin(upper.frame["_id"].dropna()))
    via = _by_chain(entry, upper.level, between, resolved)
    found = via.where(via.notna(), known)
    reasons = _reasons(entry, upper, between, resolved[entry.level], nouns)
    resolved[entry.level][upper.level] = found
    counted = _counted(entry)
    unlinked = reasons.where(counted & found.isna()).value_counts()
    order = [
        reason for reason in dict.fromkeys(_all_reasons(upper, between, nouns)) if reason in unlinked.index
    ]
    against = int((via.notna() & known.notna() & (via != known)).sum())
    silent = upper.frame.loc[~upper.frame["_answered"], "_id"]
    return {
        "linked": int((counted & found.notna()).sum()),
        "unlinked": [{"reason": reason, "n": int(unlinked[reason])} for reason in order],
        "contradicted": entry.contradicted[upper.level] + against,
        "linked_to_unit_without_answers": (
            int((counted & found.isin(silent)).sum()) if "survey" in upper.sources else 0
        ),
    }


def _by_chain(
    entry: Units,
    upper: str,
    between: Sequence[Units],
    resolved: Mapping[str, Mapping[str, pd.Series[Any]]],
) -> pd.Series[Any]:
    import pandas as pd

    via = pd.Series([None] * len(entry.frame), index=entry.frame.index, dtype=object)
    for middle in between:
        identified = middle.frame["_id"].notna()
        goes_to = resolved[middle.level][upper][identified].set_axis(middle.frame.loc[identified, "_id"])
        goes_to = goes_to[~goes_to.index.duplicated()]
        step = resolved[entry.level][middle.level].map(goes_to)
        via = via.where(via.notna(), step)
    return via


def _reasons(
    entry: Units,
    upper: Units,
    between: Sequence[Units],
    resolved: Mapping[str, pd.Series[Any]],
    nouns: Mapping[str, Noun],
) -> pd.Series[Any]:
    """Why each row would have no link: the nearest broken step of its chain, or the id that it gives."""
    import pandas as pd

    excluded, unknown, none_given, *steps = _all_reasons(upper, between, nouns)
    given = entry.frame[LINK + upper.level]
    reasons = pd.Series(none_given, index=entry.frame.index, dtype=object)
    for middle, step in zip(reversed(between), reversed(steps), strict=True):
        reasons = reasons.where(resolved[middle.level].isna(), step)
    reasons = reasons.where(given.isna(), unknown)
    return reasons.where(~given.isin(upper.left_out), excluded)


def _all_reasons(upper: Units, between: Sequence[Units], nouns: Mapping[str, Noun]) -> tuple[str, ...]:
    one, many = nouns[upper.level].one, nouns[upper.level].many
    places = {
        ("survey",): f"among the {many} who answered",
        ("survey", "roster"): f"among the {many} who answered or on the roster",
        ("roster",): f"on the roster of {many}",
    }
    none_given = f"not linked to {nouns[between[0].level].a}" if between else "no id given"
    return (
        f"the {one} was excluded by screening",
        f"id not {places.get(upper.sources, f'among the {many}')}",
        none_given,
        *(f"the {nouns[middle.level].one} is not linked to {nouns[upper.level].a}" for middle in between),
    )


def _counted(entry: Units) -> pd.Series[bool]:
    answered = entry.frame["_answered"].astype(bool)
    return answered if "survey" in entry.sources else answered | True


def _results(
    entry: Units, resolved: Mapping[str, pd.Series[Any]], linked: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    counted = _counted(entry)
    return {
        "source": " and ".join(entry.sources),
        "rows": len(entry.frame),
        "answered": int(entry.frame["_answered"].sum()),
        "roster": _roster(entry),
        "linked": linked,
        "cluster_sizes": {upper: _sizes(ids[counted]) for upper, ids in resolved.items()},
    }


def _roster(entry: Units) -> dict[str, int] | None:
    if entry.listed is None:
        return None
    answered = entry.frame["_answered"].astype(bool)
    on_it = int((answered & entry.frame["_listed"]).sum())
    return {"listed": entry.listed, "answered": on_it, "answered_unlisted": int(answered.sum()) - on_it}


def _sizes(ids: pd.Series[Any]) -> dict[str, Any]:
    sizes = ids.dropna().value_counts()
    if sizes.empty:
        return {"clusters": 0, "min": None, "median": None, "max": None, "singletons": 0}
    return {
        "clusters": len(sizes),
        "min": int(sizes.min()),
        "median": float(sizes.median()),
        "max": int(sizes.max()),
        "singletons": int((sizes == 1).sum()),
    }


def _frame(entry: Units, resolved: Mapping[str, pd.Series[Any]]) -> pd.DataFrame:
    data = [name for name in entry.frame.columns if name != "id" and not str(name).startswith("_")]
    frame = entry.frame[["id"]].astype("str")
    ids = {upper: values.astype("str").where(values.notna()) for upper, values in resolved.items()}
    return (
        frame.assign(**ids)[["id", *ids]]
        .join(entry.frame[data].astype(float))
        .assign(_seconds=entry.frame["_seconds"].astype(float))
    )
