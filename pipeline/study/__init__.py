"""What a study is: levels, exports, scales, screening, hypothesised path, options.

A researcher edits `data/<study>/study.yaml`; `load_study` reads it, with the instruments that it names,
into frozen values. The plan, the stages and the command line read them; nothing here reads an export.
"""

from pipeline.study.declared import (
    Codebook,
    Consent,
    Covariate,
    ExportFile,
    Hypothesis,
    Intervals,
    Level,
    ReportOptions,
    Rival,
    Scale,
    Screening,
    Study,
)
from pipeline.study.loaded import LoadedStudy, load_study, schema_text, studies
from pipeline.study.path import edges_of

__all__ = [
    "Codebook",
    "Consent",
    "Covariate",
    "ExportFile",
    "Hypothesis",
    "Intervals",
    "Level",
    "LoadedStudy",
    "ReportOptions",
    "Rival",
    "Scale",
    "Screening",
    "Study",
    "edges_of",
    "load_study",
    "schema_text",
    "studies",
]
