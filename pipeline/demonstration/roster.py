"""The roster of teams as a program office keeps it: who was invited, which a survey export cannot tell.

`stages/simulate` writes the text.
"""

from __future__ import annotations

import pandas as pd

from pipeline.demonstration.study import Layout


def team_roster(roster: pd.DataFrame, layout: Layout) -> str:
    """The roster as CSV text."""
    text: str = roster.rename(columns={"team": layout.team_id}).to_csv(index=False, lineterminator="\n")
    return text
