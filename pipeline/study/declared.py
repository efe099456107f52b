"""What a researcher writes in `data/<study>/study.yaml`, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from pipeline.instrument import Declared, Name, Share


class Level(Declared):
    """A level of the design. The levels are declared lowest first; `within` names the one above."""

    title: str | None = None
    plural: str | None = None
    within: Name | None = None


class Consent(Declared):
    """The column that records consent and the answers that give it."""

    column: str
    accept: tuple[int | str, ...] = Field(min_length=1)


class FormVersion(Declared):
    """A file of another version of the same form: its rows follow those of the first file.

    `renamed` maps a column in this file to the column of the first; `recoded` maps, by column of the first,
    an answer in this file to the one that it stands for; `without` names columns that it did not ask.
    """

    file: str
    renamed: Mapping[str, str] = Field(default_factory=dict)
    recoded: Mapping[str, Mapping[int | str, int | str]] = Field(default_factory=dict)
    without: tuple[str, ...] = ()


class ExportFile(Declared):
    """One file of a survey platform.

    `kind: roster` lists the units of a level (who was expected); it holds no answers. `links` gives the
    column that holds the id of a higher level; `correct` maps ids as typed to ids as meant.
    """

    file: str
    platform: Literal[
        "qualtrics",
        "redcap",
        "limesurvey",
        "surveymonkey",
        "kobo",
        "google_forms",
        "microsoft_forms",
        "spss",
        "stata",
        "sas",
        "csv",
        "xlsx",
        "parquet",
    ]
    level: Name
    kind: Literal["survey", "roster"] = "survey"
    id: str | None = Field(default=None, description="Column with the unit's id; null where there is none.")
    links: Mapping[Name, str] = Field(default_factory=dict)
    correct: Mapping[Name, Mapping[str, str]] = Field(default_factory=dict)
    consent: Consent | None = None
    wave: str | None = None
    seconds: str | None = Field(default=None, description="Column with the time taken, in seconds.")
    sheet: str | None = Field(default=None, description="Sheet of a workbook; the first one if left out.")
    rows: Mapping[str, str] = Field(
        default_factory=dict,
        description="Column -> value of the rows to take: an event, a repeating form, a wave.",
    )
    dictionary: str | None = Field(
        default=None,
        description="File with the data dictionary of REDCap, or the catalogue of labels of SAS.",
    )
    attention: Mapping[str, tuple[int | str, ...]] = Field(
        default_factory=dict,
        description="Column of an attention check -> the answers that pass it.",
    )
    missing_codes: tuple[int | float | str, ...] = ()
    version: str | None = Field(
        default=None, description="Column that says on which version of the form a row was answered."
    )
    versions: tuple[FormVersion, ...] = Field(
        default=(), description="Files of other versions of the form, whose rows follow those of `file`."
    )
    without: tuple[str, ...] = Field(
        default=(), description="Columns that only later versions of the form ask."
    )


class Scale(Declared):
    """Where an instrument's items sit.

    `columns` is a pattern ("LS_{n}", "{id}" or "{ID}") or a mapping item id -> column; with neither items
    nor answers (`score`) it is one column that already holds the scale score.
    `already_reversed` names the items whose codes the platform has turned round.
    """

    instrument: Name | None = None
    title: str | None = None
    export: Name
    columns: str | Mapping[Name, str] | None = None
    score: str | None = None
    facet: Name | None = Field(default=None, description="Score only this facet of the instrument.")
    already_reversed: tuple[Name, ...] = ()
    codebook: Codebook | None = None


class Codebook(Declared):
    """Facts that the instrument leaves open and the user's own codebook settles."""

    source: str
    reverse: tuple[Name, ...] | None = None
    minimum_answered: Share | None = None
    responses: Mapping[int, str] | None = None


class Covariate(Declared):
    """A column taken along as it is; `predicts` names the outcomes that it enters."""

    export: Name
    column: str
    title: str | None = None
    predicts: tuple[Name, ...] = ()


class Screening(Declared):
    """Who is left out. A null switches a rule off; every rule counts what it leaves out."""

    previews: bool = True
    duplicates: Literal["first", "last", "keep"] = "first"
    minimum_answered: Share | None = 0.5
    longest_run: Annotated[int, Field(ge=2)] | None = Field(
        default=None,
        description="A run of one answer this long, across scales or wording directions, is straight-lining.",
    )
    seconds_per_item: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Fewer seconds an item than this is speeding."
    )


class Validation(Declared):
    """Which parts of the validation of scales are made."""

    irt: bool = Field(
        default=True, description="Item response models: parameters, information curves, precision of scores."
    )


class Hypothesis(Declared):
    """What is expected: an effect along the path, its level, sign, and the smallest that would matter."""

    id: str
    effect: str
    level: Literal["within", "between"]
    sign: Literal["positive", "negative"]
    smallest: Annotated[float, Field(ge=0)] = 0.0


class Rival(Declared):
    """Another order of the same variables, such as the reversed one, to be compared with the path."""

    id: str
    path: str = Field(description="Written as the path of the study is; it names the same scales.")
    title: str | None = None


class Published(Declared):
    """An effect along the path that somebody has published: the report tells the power to find one as large.

    `standardized` is the whole effect, in standard deviations at its level (for a route of several arrows the
    product of their standardized slopes); `source` is the reference in full, or
    author and year.
    """

    effect: str
    level: Literal["within", "between"]
    standardized: Annotated[float, Field(gt=-1, lt=1)]
    source: str


class Moderator(Declared):
    """A variable on which the strength of an arrow may depend, and its values at which this is told.

    Without `level` it is within where both ends of the arrow are measured at the lowest level of the path.
    """

    moderator: Name
    of: str = Field(description="One arrow of the path: `a -> b`.")
    level: Literal["within", "between"] | None = None
    values: tuple[float, ...] = Field(default=(-1.0, 0.0, 1.0), min_length=1, max_length=9)
    unit: Literal["sd", "percentile", "raw"] = Field(
        default="sd",
        description="What `values` are: standard deviations from the mean, percentiles, or units.",
    )


class Congruence(Declared):
    """Two variables on one response scale whose agreement may go with an outcome: a response surface."""

    outcome: Name
    of: tuple[Name, Name]
    midpoint: float | None = Field(default=None, description="Middle of the scale, for ready scores.")


class Intervals(Declared):
    """How intervals of indirect effects are made: Monte Carlo `draws`, `bootstrap` resamples beside them."""

    level: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    method: Literal["monte_carlo"] = "monte_carlo"
    draws: Annotated[int, Field(ge=1000)] = 20000
    bootstrap: Annotated[int, Field(ge=200)] = 1000


class ReportOptions(Declared):
    """What is written, and for whom."""

    formats: tuple[Literal["html", "docx", "pdf"], ...] = ("html", "docx", "pdf")
    author: str | None = None
    caterpillar: bool = Field(
        default=False,
        description="Whether to show the means of the highest level's clusters, unnamed; those with fewer "
        "answers than `small_cell` never are.",
    )
    word_template: str | None = Field(
        default=None,
        description="A Word file beside study.yaml whose page, header and styles report.docx takes.",
    )


class Sharing(Declared):
    """What of a study may be handed on in a bundle: its de-identified rows, and under which licence."""

    data: bool = Field(
        default=False, description="Whether the scored rows, with ids replaced, may be shared."
    )
    licence: str | None = Field(default=None, description="Of the data, such as CC-BY-4.0.")
    quasi_identifiers: tuple[str, ...] | None = Field(
        default=None,
        description="Columns by which somebody could be recognised; every covariate where left out.",
    )
    safety_scores: bool = Field(
        default=False,
        description="Whether rows may be shared although the scores of a few people tell their answer to a "
        "safety item.",
    )


class Study(Declared):
    """A study as declared. `id` is the folder's name."""

    title: str
    synthetic: bool = False
    question: str | None = None
    design: str | None = None
    levels: Mapping[Name, Level] = Field(min_length=1)
    ids: Literal["public", "private"] = "private"
    exports: Mapping[Name, ExportFile] = Field(min_length=1)
    scales: Mapping[Name, Scale] = Field(min_length=1)
    covariates: Mapping[Name, Covariate] = Field(default_factory=dict)
    screening: Screening = Screening()
    validation: Validation = Validation()
    path: str = Field(description="One chain a line: `a -> b -> c`; every arrow is a path of the model.")
    hypotheses: tuple[Hypothesis, ...] = ()
    rivals: tuple[Rival, ...] = ()
    published: tuple[Published, ...] = ()
    moderators: tuple[Moderator, ...] = ()
    congruence: tuple[Congruence, ...] = ()
    marker: Name | None = Field(
        default=None,
        description="A scale that should be unrelated to the others, to show what they share by method.",
    )
    invariance: tuple[Name, ...] = Field(
        default=(),
        description="Covariates, or levels of few units, over which the scales should measure the same.",
    )
    measurement: Literal["scores", "latent", "auto"] = Field(
        default="auto",
        description="Scale scores, or latent variables behind the items; auto goes by the sample size.",
    )
    between_variances: Literal["free", "bounded"] = Field(
        default="free",
        description="Whether variances between clusters may be estimated below zero; bounded: they may not.",
    )
    estimator: Literal["auto", "MLR", "WLSMV"] = Field(
        default="auto",
        description="Of factor models: answers as numbers (MLR) or as ordered categories (WLSMV); auto goes "
        "by categories, skew, empty cells and sample size.",
    )
    missing: Literal["listwise", "fiml"] = Field(
        default="listwise",
        description="Where it is not declared, the main model takes full information (fiml).",
    )
    intervals: Intervals = Intervals()
    seed: int = 1
    small_cell: Annotated[int, Field(ge=0)] = 5
    report: ReportOptions = ReportOptions()
    share: Sharing = Sharing()
