"""Which items a key turns, and what to tell where a key does not fit the data.

`score` asks which items to turn and puts the problems into score.json; `scoresfile` labels the codes by
it. Nothing is changed here: an export that is already reversed is told, with the line to write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.instrument import Instrument
from pipeline.study import LoadedStudy

if TYPE_CHECKING:
    from pipeline.psychometrics.scoring import ReverseCheck

MEANINGS = {
    "already reversed": "is reversed by the key and then pulls against its scale: this export looks already "
    "reversed there",
    "not yet reversed": "counts as reversed on paper or by the platform, but pulls against its scale: this "
    "export looks not reversed there",
    "not in the key": "is not reversed by the key, but pulls against its scale: it may be worded the other "
    "way, or this export's codes may be turned round there",
}


@dataclass(frozen=True)
class Key:
    """The key of a scale: the items that scoring turns, and those that the platform has turned already."""

    scale: str
    instrument: Instrument
    already: tuple[str, ...]
    turned: tuple[str, ...]

    @classmethod
    def of(cls, study: LoadedStudy, scale: str) -> Key:
        """The key of a scale that is made of items."""
        already = study.declared.scales[scale].already_reversed
        return cls(scale, study.instruments[scale], already, study.turned(scale))

    @property
    def items(self) -> tuple[str, ...]:
        """Ids of the items, in the order of their numbers."""
        return self.instrument.item_ids

    def runs_against_codes(self, name: str) -> bool:
        """Whether a keyed value stands for the label at the other end of the response set."""
        return name in self.turned or name in self.already


def problems_of(key: Key, check: ReverseCheck) -> list[dict[str, Any]]:
    """What the check of a key found, an entry an item: what is odd, and what to write if the key is wrong."""
    suspects = _suspects(key, check.against)
    rows = check.frame.set_index("item")
    return [_problem(key, name, suspects, rows.loc[name].to_dict()) for name in suspects]


def _suspects(key: Key, against: Sequence[str]) -> tuple[str, ...]:
    """The items to name: where all turned items pull against all others, the turned ones, however many."""
    others = [name for name in key.items if name not in key.turned]
    return key.turned if key.turned and sorted(against) == sorted(others) else tuple(against)


def _problem(key: Key, name: str, suspects: Sequence[str], row: Mapping[Any, Any]) -> dict[str, Any]:
    from pipeline.sem.wording import bounded

    kind = _kind(key, name)
    sure = bool(row["ci_upper"] < 0) or len(suspects) > 1
    strength = f"r = {bounded(row['r'])} with the rest of the scale as keyed, n = {row['n']:.0f}"
    doubt = "" if sure else "; with so few answers or so weak a correlation this can be chance"
    return {
        "scale": key.scale,
        "item": name,
        "r": row["r"],
        "n": row["n"],
        "ci_lower": row["ci_lower"],
        "ci_upper": row["ci_upper"],
        "sure": sure,
        "kind": kind,
        "message": f"{key.scale}: item {name} {MEANINGS[kind]} ({strength}){doubt}. Nothing was changed",
        "write": f"scales:\n  {key.scale}:\n    {_remedy(key, kind, name, suspects)}",
    }


def _kind(key: Key, name: str) -> str:
    if name in key.turned:
        return "already reversed"
    return "not yet reversed" if key.instrument.item(name).reverse else "not in the key"


def _remedy(key: Key, kind: str, name: str, suspects: Sequence[str]) -> str:
    if kind == "already reversed":
        return f"already_reversed: {_list([*key.already, *(one for one in suspects if one in key.turned)])}"
    if kind == "not yet reversed" and name in key.already:
        return f"already_reversed: {_list([one for one in key.already if one not in suspects])}"
    reverse = [one for one in key.items if one in {*suspects, *key.turned, *key.already}]
    return f'codebook: {{source: "<what shows that {name} is reversed>", reverse: {_list(reverse)}}}'


def _list(items: Sequence[str]) -> str:
    return f"[{', '.join(items)}]"
