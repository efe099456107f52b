"""What an instrument is: items, response sets, facets, scoring, licence, and how well each fact is attested.

A student edits `instruments/<id>.yaml`; `load_instrument` reads it into the frozen values below.
`study.py` and the stages read them. Nothing here computes a score: `stages/score` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(gt=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Declared(BaseModel):
    """A value read from a declaration: unknown keys are mistakes, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Declared):
    """Where the instrument comes from."""

    citation: str
    doi: str | None = None
    note: str | None = None


class Licence(Declared):
    """What may be done with the wording, and who says so."""

    name: str
    holder: str
    wording_may_be_shipped: bool
    may_be_changed: bool
    note: str | None = None


class Item(Declared):
    """One question. `printed_reversed`: the form already prints its codes the other way round."""

    id: Name
    number: int = Field(ge=1)
    text: str | None = None
    reverse: bool = False
    printed_reversed: bool = False
    response_set: str | None = Field(
        default=None, description="Name of a response set; the first one if left out."
    )


class Facet(Declared):
    """A named subset of items that has a score of its own."""

    title: str
    items: tuple[Name, ...] = Field(min_length=1)


class Scoring(Declared):
    """How answers become a score.

    `mean` and `sum` are over the keyed items; `scaled` is the mean times `factor` plus `offset`.
    A score needs `minimum_answered` (a share of its items); null means that the source gives no
    rule and the study has to declare one.
    """

    rule: Literal["mean", "sum", "scaled"] = "mean"
    factor: float = 1.0
    offset: float = 0.0
    minimum_answered: Share | None
    total: bool = Field(default=True, description="False where only the facets are scored.")
    higher_means: str


class Reliability(Declared):
    """A published coefficient."""

    coefficient: str
    value: str
    sample: str
    citation: str


class Published(Declared):
    """What the literature reports of the instrument."""

    reliability: tuple[Reliability, ...] = ()
    factor_model: str | None = None


class Cutoff(Declared):
    """A threshold on a score, with the direction in which it is met."""

    score: str = "total"
    operator: Literal["<", "<=", ">", ">="]
    value: float
    meaning: str
    source: str
    verified: bool = True


class Change(Declared):
    """One recorded difference from the parent of an adapted instrument."""

    where: str
    before: str | None
    after: str | None


class Adaptation(Declared):
    """Parent and changes of an adapted instrument."""

    parent: str
    parent_version: str
    parent_sha256: str
    changes: tuple[Change, ...] = ()


class Instrument(Declared):
    """A scale as it is fielded.

    `unverified` maps a fact ("items.reverse", "response_sets", "scoring.minimum_answered", "cutoffs")
    to what is doubtful about it. Such a fact is never a default: a study that uses the instrument must
    state it under `codebook`.
    """

    id: Name
    version: str
    language: str
    title: str
    construct_: str = Field(alias="construct")
    respondent: str
    recall: str | None
    source: Source
    licence: Licence
    response_sets: Mapping[str, Mapping[int, str]] = Field(min_length=1)
    items: tuple[Item, ...] = Field(min_length=1)
    facets: Mapping[Name, Facet] = Field(default_factory=dict)
    scoring: Scoring
    published: Published = Published()
    cutoffs: tuple[Cutoff, ...] = ()
    safety_items: tuple[Name, ...] = ()
    unverified: Mapping[str, str] = Field(default_factory=dict)
    adaptation: Adaptation | None = None

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Ids of the items, in the order of their numbers."""
        return tuple(item.id for item in sorted(self.items, key=lambda item: item.number))

    def item(self, item_id: str) -> Item:
        """The item of that id."""
        return next(item for item in self.items if item.id == item_id)

    def responses(self, item_id: str) -> Mapping[int, str]:
        """Value -> label of an item's response set."""
        name = self.item(item_id).response_set or next(iter(self.response_sets))
        return self.response_sets[name]
