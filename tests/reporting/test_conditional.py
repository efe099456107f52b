"""What the report says of moderation and congruence: the numbers of the results, and the reason for none."""

from __future__ import annotations

import recorded

from pipeline.reporting import markup
from pipeline.reporting.prose import conditional as prose
from pipeline.reporting.record import Record
from pipeline.reporting.tables import conditional, congruence


def changed(part: str, value: object) -> Record:
    found = recorded.results("demo")
    found["stages"]["model"]["results"][part] = value
    return Record(found)


def test_sentences_say_direction_size_interval_and_level():
    slope, index = prose.moderation(recorded.record("demo"))
    assert slope.startswith("Within staff, the slope of")
    assert "was higher with higher case complexity" in slope
    assert "0.057" in slope
    assert "no random slopes" in slope
    assert "[0.003,\u00a00.030]" in index
    assert "clearly differs from zero" in index


def test_a_model_without_a_solution_is_told_with_its_reason():
    record = changed("moderation", {"reason": "no usable solution: too few staff", "moderators": []})
    assert prose.moderation(record) == ["Moderation is not reported: no usable solution: too few staff."]
    assert conditional.table(record) is None
    assert conditional.index_table(record) is None


def test_a_study_without_moderators_says_nothing():
    record = recorded.record("plain")
    assert prose.moderation(record) == []
    assert prose.congruence(record) == []
    assert congruence.table(record) is None


def test_a_congruence_effect_needs_a_curve_and_no_slope_where_the_two_differ():
    entry = recorded.results("demo")["stages"]["model"]["results"]["congruence"][0]
    assert "do not show a congruence effect" in prose.congruence(recorded.record("demo"))[0]
    for row in entry["surfaces"][0]["surface"]:
        ends = {"a4": (-0.5, -0.1), "a3": (-0.1, 0.1)}.get(row["name"])
        if ends:
            row |= {"est": sum(ends) / 2, "ci_lower": ends[0], "ci_upper": ends[1]}
    assert "agree with a congruence effect" in prose.congruence(changed("congruence", [entry]))[0]


def test_the_tables_hold_every_value_and_both_surfaces():
    record = recorded.record("demo")
    stubs = [markup.plain(r.cells[0].text) for r in conditional.table(record).body]
    assert sum(text.startswith(("−1 SD", "Mean", "+1 SD")) for text in stubs) == 6
    groups = [markup.plain(r.cells[0].text) for r in congruence.table(record).body if r.group]
    assert ["Within staff" in groups[0], "Whole scores" in groups[1]] == [True, True]
