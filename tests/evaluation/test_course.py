"""What a run's log tells of its rounds, in figures and in words."""

from typing import Any

from abacist.evaluation import figures
from abacist.evaluation.course import best_look, rounds_of, table_of_rounds
from abacist.evaluation.grading import Score
from abacist.evaluation.report import rounds_found

METRICS: list[dict[str, Any]] = [
    {"step": 10, "held_out_accuracy": 1.0, "held_out_loss": 0.01},
    {"step": 10, "round": 0, "for_the_report_only": {"by_size": {"4": [99, 100], "5": [40, 100]}}},
    {"step": 10, "asked_for_round": 1, "asked": 50, "kept": 40, "for_the_report_only": {"right_of_kept": 38}},
    {"step": 15, "held_out_accuracy": 0.9, "held_out_loss": 0.3},
    {"step": 20, "held_out_accuracy": 0.9, "held_out_loss": 0.2},
    {"step": 20, "round": 1, "for_the_report_only": {"by_size": {"4": [100, 100], "5": [95, 100]}}},
]


def test_rounds_are_read_from_the_log():
    first, second = rounds_of(METRICS)
    assert (first.round, first.asked, first.kept, first.right_of_kept) == (0, 0, 0, None)
    assert (second.round, second.asked, second.kept, second.right_of_kept) == (1, 50, 40, Score(38, 40))
    assert second.by_size == {4: Score(100, 100), 5: Score(95, 100)}
    assert rounds_of(METRICS[:1]) == []


def test_what_was_not_measured_is_left_open():
    bare = [{key: line[key] for key in line if key != "for_the_report_only"} for line in METRICS]
    assert [(each.right_of_kept, each.by_size) for each in rounds_of(bare)] == [(None, {}), (None, {})]
    assert rounds_found(bare) == ""
    assert figures.accuracy_by_round(bare) is None


def test_the_weights_that_were_kept_are_those_of_the_last_round():
    assert best_look(METRICS) == (20, 0.9, 0.2)
    assert best_look(METRICS[:3]) == (10, 1.0, 0.01), "killed before the first look of a round"


def test_the_figure_has_a_line_a_round_and_words_say_how_far_it_got():
    drawn = figures.accuracy_by_round(METRICS)
    assert drawn is not None
    assert "after round" in drawn
    assert figures.accuracy_by_round(METRICS[:2]) is None
    words = "Of numbers of 5 digits 40.0 % were answered exactly before the first round, 95.0 % after the last."
    assert rounds_found(METRICS) == words


def test_the_table_has_a_column_a_round():
    assert table_of_rounds(rounds_of(METRICS)) == [
        ["round", "0", "1"],
        ["asked", "", "50"],
        ["kept, %", "", "80.0"],
        ["right of these, % *", "", "95.0"],
        ["4 digits right, % *", "99.0", "100"],
        ["5 digits right, % *", "40.0", "95.0"],
    ]
