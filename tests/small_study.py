"""A study small enough for a test: three scales of three items, 24 teams of six people, one CSV export."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parent.parent
SCALES = ("warmth", "calm", "thriving")

INSTRUMENT = """\
# yaml-language-server: $schema=instrument.schema.json
id: {id}
version: "1.0"
language: en
title: {title}
construct: A construct made up for a test
respondent: person
recall: null
source: {{citation: "Written for the project's tests"}}
licence: {{name: CC0-1.0, holder: the project, wording_may_be_shipped: true, may_be_changed: true}}
response_sets:
  agreement: {{1: Strongly disagree, 2: Disagree, 3: Neither, 4: Agree, 5: Strongly agree}}
items:
  - {{id: {letter}1, number: 1, text: "First of {id}"}}
  - {{id: {letter}2, number: 2, text: "Second of {id}"}}
  - {{id: {letter}3, number: 3, text: "Third of {id}", reverse: true}}
scoring: {{rule: mean, minimum_answered: 0.6, higher_means: more {id}}}
"""

STUDY = """\
# yaml-language-server: $schema=../study.schema.json
title: A Small Study
ids: public
levels:
  person: {within: team}
  team: {}
exports:
  survey: {file: exports/survey.csv, platform: csv, level: person, id: person, links: {team: team}}
scales:
  warmth: {instrument: warmth, export: survey, columns: "W{n}"}
  calm: {instrument: calm, export: survey, columns: "C{n}"}
  thriving: {instrument: thriving, export: survey, columns: "T{n}"}
path: |
  warmth -> calm -> thriving
  warmth -> thriving
hypotheses:
  - {id: H1, effect: warmth -> calm -> thriving, level: within, sign: positive, smallest: 0.02}
intervals: {draws: 2000, bootstrap: 200}
seed: 7
"""


def build(root: Path, name: str = "small") -> Path:
    """Lay out instruments, study and export below `root`; return the study's folder."""
    folder = root / "data" / name
    (folder / "exports").mkdir(parents=True)
    (root / "instruments").mkdir(exist_ok=True)
    for scale in SCALES:
        text = INSTRUMENT.format(id=scale, title=scale.title(), letter=scale[0])
        (root / "instruments" / f"{scale}.yaml").write_text(text, encoding="utf-8")
    shutil.copytree(REPOSITORY / "reports" / "templates", root / "reports" / "templates", dirs_exist_ok=True)
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    answers().to_csv(folder / "exports" / "survey.csv", index=False)
    return folder


def answers(teams: int = 24, size: int = 6, seed: int = 20261123) -> pd.DataFrame:
    """Answers from a two-level chain warmth -> calm -> thriving; the third items are reversed."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    frame = {"person": [f"P{i:03}" for i in range(len(team))], "team": [f"TEAM{t:02}" for t in team]}
    score = np.zeros(len(team))
    for letter in "WCT":
        score = 0.5 * score + 0.5 * rng.normal(size=teams)[team] + 0.8 * rng.normal(size=len(team))
        for number in (1, 2, 3):
            raw = score + 0.6 * rng.normal(size=len(team))
            item = np.clip(np.round(3 + raw), 1, 5).astype(int)
            frame[f"{letter}{number}"] = 6 - item if number == 3 else item
    return pd.DataFrame(frame)
