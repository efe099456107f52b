"""What a study is: levels, exports, scales, screening, hypothesised path, options.

A researcher edits `data/<study>/study.yaml`; `load_study` reads it, with the instruments that it names,
into frozen values. The plan, the stages and the command line read them; nothing here reads an export.
"""

from pipeline.study.conditional import default_level, score_range
from pipeline.study.declared import (
    Codebook,
    Congruence,
    Consent,
    Covariate,
    ExportFile,
    FormVersion,
    Hypothesis,
    Intervals,
    Level,
    Moderator,
    ReportOptions,
    Rival,
    Scale,
    Screening,
    Sharing,
    Study,
)
from pipeline.study.loaded import LoadedStudy, load_study, schema_text, studies
from pipeline.study.path import edges_of

__all__ = [
    "Codebook",
    "Congruence",
    "Consent",
    "Covariate",
    "ExportFile",
    "FormVersion",
    "Hypothesis",
    "Intervals",
    "Level",
    "LoadedStudy",
    "Moderator",
    "ReportOptions",
    "Rival",
    "Scale",
    "Screening",
    "Sharing",
    "Study",
    "default_level",
    "edges_of",
    "load_study",
    "schema_text",
    "score_range",
    "studies",
]
