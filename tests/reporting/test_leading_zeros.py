from __future__ import annotations

import pytest
import recorded
from leading_zeros import leading_zeros


@pytest.mark.parametrize("study", recorded.STUDIES)
def test_stages_print_no_leading_zero_where_a_statistic_cannot_pass_one(study: str) -> None:
    assert list(leading_zeros(recorded.results(study)["stages"])) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cannot be told from zero (ICC 0.008, p = 0.27)", True),
        ("pairs correlate above 0.6", True),
        ("'f' and 'g' correlate −0.98; join them", True),
        ("at a residual correlation of 0.30", True),
        ("r = 0.12 with the rest of the scale", True),
        ("p < 0.001", True),
        ("(ICC .008, p = .271)", False),
        ("slopes differ by at most 0.018 (0.81 of a standard error)", False),
        ("negative (-0.3992, a Heywood case)", False),
        ("RMSEA of at most 0.10", False),
    ],
)
def test_the_scan_finds_what_it_is_for(text: str, found: bool) -> None:
    assert list(leading_zeros({"warnings": [text]})) == [text] * found
