"""What an instrument is: items, response sets, facets, scoring, licence, and how well each fact is attested.

A student edits `instruments/<id>.yaml`; `load_instrument` reads it into the frozen values below.
`study`, `adaptation` and the stages read them. Nothing here computes a score: `stages/score` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline import declaration
from pipeline.declaration import Node, Problem, StudyError, did_you_mean

Share = Annotated[float, Field(gt=0, le=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Fact = Literal[
    "items.reverse", "response_sets", "scoring.minimum_answered", "cutoffs", "licence", "published"
]
SETTLED_BY: Mapping[Fact, str] = {
    "items.reverse": "reverse",
    "response_sets": "responses",
    "scoring.minimum_answered": "minimum_answered",
}
"""The facts that a score depends on, and the entry of a study's codebook that states each."""


class Declared(BaseModel):
    """A value read from a declaration: unknown keys are mistakes, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


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
    """One question.

    `reverse`: worded against the score. `printed_reversed`: the form already prints the codes of such an
    item the other way round, so that an answer as recorded points the way of the score and is not turned
    again; its response set lists the codes as printed.
    """

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

    `mean` and `sum` are over the keyed items; `scaled` is the mean times `factor` plus `offset`. Where
    answers are missing, a sum is the mean of those given times the number of items.
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


class Loadings(Declared):
    """Factor loadings as published: factor -> item -> loading, of items keyed as the score takes them.

    An item that is not named under a factor counts as having no loading on it. With one factor, name it as
    you like; with several, the names of facets let a reader see which is which.
    """

    citation: str
    sample: str | None = None
    factors: Mapping[Name, Mapping[Name, Annotated[float, Field(gt=-1.5, lt=1.5)]]] = Field(min_length=1)


class Published(Declared):
    """What the literature reports of the instrument: numbers that somebody has read there, never guesses."""

    reliability: tuple[Reliability, ...] = ()
    factor_model: str | None = None
    loadings: Loadings | None = None


class Cutoff(Declared):
    """A threshold on a score, with the direction in which it is met."""

    score: str = Field(default="total", description="'total' or the name of a facet.")
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
    """Parent and changes of an adapted instrument; written by `instrument adapt`."""

    parent: Name
    parent_version: str
    parent_sha256: str
    changes: tuple[Change, ...] = ()


class Instrument(Declared):
    """A scale as it is fielded.

    `unverified` maps a fact to what is doubtful about it. Such a fact is never a default: where a score
    depends on it, a study that uses the instrument must state it under `codebook`.
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
    response_sets: Mapping[str, Mapping[int, str]] = Field(default_factory=dict)
    items: tuple[Item, ...] = Field(min_length=1)
    facets: Mapping[Name, Facet] = Field(default_factory=dict)
    scoring: Scoring
    published: Published = Published()
    cutoffs: tuple[Cutoff, ...] = ()
    safety_items: tuple[Name, ...] = ()
    unverified: Mapping[Fact, str] = Field(default_factory=dict)
    adaptation: Adaptation | None = None

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Ids of the items, in the order of their numbers."""
        return tuple(item.id for item in sorted(self.items, key=lambda item: item.number))

    @property
    def open_facts(self) -> Mapping[Fact, str]:
        """What a score depends on and no source settles, with the doubt about it."""
        doubts: dict[Fact, str] = {
            fact: doubt for fact, doubt in self.unverified.items() if fact in SETTLED_BY
        }
        if self.scoring.minimum_answered is None:
            doubts.setdefault("scoring.minimum_answered", "the source gives no rule for missing answers")
        return doubts

    def item(self, item_id: str) -> Item:
        """The item of that id."""
        return next(item for item in self.items if item.id == item_id)

    def responses(self, item_id: str) -> Mapping[int, str]:
        """Value -> label of an item's response set."""
        name = self.item(item_id).response_set or next(iter(self.response_sets))
        return self.response_sets[name]

    def only(self, facet: str) -> Instrument:
        """The instrument cut down to the items of one facet, whose score becomes the total."""
        chosen = self.facets[facet]
        cutoffs = [cutoff for cutoff in self.cutoffs if cutoff.score == facet]
        loadings = self.published.loadings and _loadings_of(self.published.loadings, chosen.items)
        return self.model_copy(
            update={
                "title": chosen.title,
                "items": tuple(item for item in self.items if item.id in chosen.items),
                "facets": {},
                "scoring": self.scoring.model_copy(update={"total": True}),
                "published": self.published.model_copy(update={"loadings": loadings}),
                "cutoffs": tuple(cutoff.model_copy(update={"score": "total"}) for cutoff in cutoffs),
                "safety_items": tuple(item for item in self.safety_items if item in chosen.items),
            }
        )

    def settled(
        self,
        reverse: tuple[str, ...] | None = None,
        minimum_answered: float | None = None,
        responses: Mapping[int, str] | None = None,
    ) -> Instrument:
        """The instrument with open facts as a codebook states them; None leaves a fact as it is.

        `reverse` names every item whose recorded codes run against the score: no other is turned.
        """
        copy = self
        if responses is not None:
            items = tuple(item.model_copy(update={"response_set": None}) for item in copy.items)
            copy = copy.model_copy(update={"response_sets": {"codebook": dict(responses)}, "items": items})
        if reverse is not None:
            copy = copy._with_reverse(reverse)
        if minimum_answered is not None:
            scoring = copy.scoring.model_copy(update={"minimum_answered": minimum_answered})
            copy = copy.model_copy(update={"scoring": scoring})
        stated = {"reverse": reverse, "minimum_answered": minimum_answered, "responses": responses}
        left = {
            fact: doubt
            for fact, doubt in self.unverified.items()
            if fact not in SETTLED_BY or stated[SETTLED_BY[fact]] is None
        }
        return copy.model_copy(update={"unverified": left})

    def _with_reverse(self, reverse: tuple[str, ...]) -> Instrument:
        """Only these items run against the score; those printed the other way round are so no longer."""
        sets, items = dict(self.response_sets), []
        for item in self.items:
            update: dict[str, object] = {"reverse": item.id in reverse, "printed_reversed": False}
            if item.printed_reversed and item.id in reverse:
                labels = self.responses(item.id)
                name = f"{item.response_set or next(iter(self.response_sets))} (other way round)"
                sets[name] = {min(labels) + max(labels) - code: label for code, label in labels.items()}
                update["response_set"] = name
            items.append(item.model_copy(update=update))
        return self.model_copy(update={"items": tuple(items), "response_sets": sets})


def load_instrument(path: Path) -> Instrument:
    """Read an instrument; StudyError with every mistake where there are any."""
    instrument, problems = check_instrument(path)
    if instrument is None:
        raise StudyError(problems)
    return instrument


def check_instrument(path: Path, shown: str | None = None) -> tuple[Instrument | None, tuple[Problem, ...]]:
    """The instrument, or None with every problem of its file; `shown` is the file's name in messages."""
    try:
        document = declaration.read(path, shown)
    except StudyError as error:
        return None, error.problems
    return declaration.declared(document, Instrument, (lambda root: _problems(root, path.stem),))


def schema_text() -> str:
    """The JSON Schema of an instrument, as committed in instruments/instrument.schema.json."""
    return declaration.schema_text(Instrument, "Instrument")


def _problems(root: Node, stem: str) -> Iterator[Problem]:
    """Every mistake that lies between the parts of an instrument."""
    if root["id"].text not in (None, stem):
        yield root["id"].problem(f"the id must be the file's name, '{stem}'")
    yield from _of_items(root)
    yield from _of_response_sets(root)
    yield from _of_wording(root)
    yield from _of_references(root)
    yield from _of_scoring(root)
    yield from _of_published(root)


def _of_items(root: Node) -> Iterator[Problem]:
    """Ids and numbers are unique; what is printed reversed is reversed."""
    for key in ("id", "number"):
        first: dict[object, Node] = {}
        for item in root["items"].entries():
            node = item[key]
            if isinstance(node.value, (str, int)) and first.setdefault(node.value, node) is not node:
                line = node.document.place(first[node.value].path)[0]
                yield node.problem(f"two items have the {key} '{node.value}' (first on line {line})")
    for item in root["items"].entries():
        if item["printed_reversed"].value is True and item["reverse"].value is not True:
            message = "an item is printed reversed because it is worded against the score: say so as well"
            yield item["printed_reversed"].problem(message, "add reverse: true")


def _of_response_sets(root: Node) -> Iterator[Problem]:
    """Each item has a set; labels differ within a set; reversal maps a set's codes onto themselves."""
    sets = root["response_sets"].members()
    if not sets and "response_sets" not in root["unverified"]:
        where = root["response_sets"] if "response_sets" in root else root["items"]
        message = "no response set is declared: list values and labels, or say under `unverified` why not"
        yield where.problem(message, key=True)
    for labels in sets.values():
        yield from _of_labels(labels)
    used = set()
    for item in root["items"].entries():
        named = item["response_set"]
        chosen = named.text or next(iter(sets), None)
        used.add(chosen)
        if chosen not in sets:
            if named.text:
                yield named.problem(f"there is no response set '{chosen}'", did_you_mean(chosen, sets))
        elif item["reverse"].value is True and not _mirrored(sets[chosen]):
            message = f"'{chosen}' has uneven codes, so turning an answer round can miss them"
            yield item["reverse"].problem(message, "use evenly spaced codes, or record the item turned")
    for name, labels in sets.items():
        if name not in used and root["items"].entries():
            yield labels.problem(f"no item uses the response set '{name}'", key=True)


def _of_labels(labels: Node) -> Iterator[Problem]:
    """A set has two codes or more, and no label twice."""
    if labels.members() and len(labels.members()) < 2:
        yield labels.problem(f"the response set '{labels.name}' has one code: an answer needs a choice")
    seen: set[str] = set()
    for label in labels.members().values():
        if label.text is None:
            continue
        plain = label.text.strip().lower()
        if plain in seen or not plain:
            yield label.problem(f"the label '{label.text}' is given twice" if plain else "the label is empty")
        seen.add(plain)


def _mirrored(labels: Node) -> bool:
    """Whether lowest plus highest minus a code is always a code again."""
    codes = {int(code) for code in labels.members() if code.lstrip("+-").isdecimal()}
    return not codes or {min(codes) + max(codes) - code for code in codes} == codes


def _of_wording(root: Node) -> Iterator[Problem]:
    """Wording stands in the file only where its licence lets it, and then for every item."""
    licence = root["licence"]
    texts = [item for item in root["items"].entries() if item["text"].value is not None]
    if licence["wording_may_be_shipped"].value is False:
        holder = licence["holder"].text or "its holder"
        for item in texts:
            message = f"the licence does not let the wording be shipped ({holder}): leave the text out"
            yield item["text"].problem(message, "it arrives with your export or codebook")
    elif texts:
        for item in root["items"].entries():
            if item["text"].value is None and isinstance(item.value, dict):
                yield item.problem("this item has no text while others have")


def _of_references(root: Node) -> Iterator[Problem]:
    """Facets, safety items and cut-offs name what exists."""
    ids = [str(item["id"].value) for item in root["items"].entries()]
    facets = root["facets"].members()
    for name, facet in facets.items():
        if name in ids or name == "total":
            yield facet.problem(f"the facet '{name}' has the name of an item or of the total", key=True)
        yield from _of_names(facet["items"], ids)
    yield from _of_names(root["safety_items"], ids)
    for cutoff in root["cutoffs"].entries():
        score = cutoff["score"].text or "total"
        scores = [*facets, *(["total"] if root["scoring"]["total"].value is not False else [])]
        if score not in scores:
            yield cutoff["score"].problem(f"there is no score '{score}'", did_you_mean(score, scores))


def _loadings_of(stated: Loadings, items: tuple[str, ...]) -> Loadings | None:
    """Published loadings of these items: the factors on which most of them load."""
    kept = {name: {i: x for i, x in own.items() if i in items} for name, own in stated.factors.items()}
    kept = {name: own for name, own in kept.items() if 2 * len(own) > len(items)}
    return stated.model_copy(update={"factors": kept}) if kept else None


def _of_published(root: Node) -> Iterator[Problem]:
    """Published loadings name items; a factor has at least two, and none of them is nothing but zeros."""
    ids = [str(item["id"].value) for item in root["items"].entries()]
    for factor in root["published"]["loadings"]["factors"].members().values():
        for name, loading in factor.members().items():
            if name not in ids:
                yield loading.problem(f"there is no item '{name}'", did_you_mean(name, ids), key=True)
        values = [loading.value for loading in factor.members().values()]
        if isinstance(factor.value, dict) and len([value for value in values if value != 0]) < 2:
            message = f"the factor '{factor.name}' has fewer than two loadings: there is nothing to compare"
            yield factor.problem(message, key=True)


def _of_names(names: Node, ids: list[str]) -> Iterator[Problem]:
    """A list of item ids names items, each once."""
    seen: set[str | None] = set()
    for name in names.words():
        if name.text not in ids:
            yield name.problem(f"there is no item '{name.text}'", did_you_mean(name.text, ids))
        elif name.text in seen:
            yield name.problem(f"the item '{name.text}' is listed twice")
        seen.add(name.text)


def _of_scoring(root: Node) -> Iterator[Problem]:
    """What the scoring rule names is used, and something is scored."""
    scoring = root["scoring"]
    if scoring["total"].value is False and not root["facets"].members():
        yield scoring["total"].problem("without a total there must be facets to score")
    if scoring["rule"].text != "scaled":
        for key in ("factor", "offset"):
            if key in scoring:
                yield scoring[key].problem(f"'{key}' counts only with rule: scaled", key=True)
