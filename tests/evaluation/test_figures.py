"""Figures: well-formed, repeatable SVG that shows what the grades hold."""

import math
import re
from xml.etree import ElementTree

import pytest

from abacist.data.certificate import Certificate
from abacist.evaluation import course, figures
from abacist.evaluation.drawing import INK
from abacist.evaluation.grading import Grade, Marked, percent
from abacist.problems.problem import Problem
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding

METRICS = [
    {"step": 10, "loss": 2.5, "seconds": 1.0},
    {"step": 20, "loss": 0.5, "seconds": 2.0},
    {"step": 20, "held_out_accuracy": 0.6, "held_out_loss": 0.55, "seconds": 2.0},
    {"step": 30, "loss": 0.1, "seconds": 3.0},
    {"step": 30, "held_out_accuracy": 0.6, "held_out_loss": 0.2, "seconds": 3.0},
]

FOLLOWED = [
    {**line, "shares": [0.75, 0.25], "held_out_by_entry": [0.9, 0.3]} for line in METRICS if "held_out_loss" in line
]


def marked(question: str, correct: bool = True, confidence: float = 0.9, operation: str = "addition") -> Marked:
    """Mark a typed question as answered right or wrong."""
    problem = Problem(read_question(question), Rounding(), operation)
    truth = problem.answer()
    answer = truth if correct else f"{truth}0"
    return Marked(problem, truth, answer, answer, correct, confidence)


def graded(marks: list[Marked], name: str = "held out") -> Grade:
    """Put marks into a clean grade."""
    return Grade(name, marks, Certificate(len(marks), 0), 2026)


def words(svg: str | None) -> str:
    """Return all text of a figure; fails if it is not well-formed."""
    assert svg is not None
    return " ".join(ElementTree.fromstring(svg).itertext())


MIXED = [marked("1+2"), marked("12+34"), marked("8+99", correct=False), marked("7*8", operation="multiplication")]


def every_figure() -> list[str]:
    """Draw one of each."""
    drawn = [
        figures.loss_curve(METRICS),
        figures.shares_over_training(FOLLOWED, ["0: addition", "1: division"]),
        figures.accuracy_by_operation([graded(MIXED)]),
        figures.accuracy_by_size([graded(MIXED)]),
        figures.heat_map(MIXED, (10, 19)),
        figures.calibration([graded(MIXED)]),
    ]
    assert None not in drawn
    return [svg for svg in drawn if svg is not None]


def test_figures_are_well_formed_and_ask_for_nothing_outside() -> None:
    for svg in every_figure():
        ElementTree.fromstring(svg)
        assert svg.startswith("<svg")
        assert all(link.startswith(("#", "data:")) for link in re.findall(r'href="([^"]*)"', svg))
        assert "currentColor" in svg
        assert INK not in svg


def test_figures_repeat_letter_for_letter() -> None:
    assert every_figure() == every_figure()


def test_no_two_figures_of_a_page_share_an_id_and_every_reference_is_met() -> None:
    ids = [name for svg in every_figure() for name in re.findall(r'\bid="([^"]*)"', svg)]
    assert len(ids) == len(set(ids))
    wanted = [name for svg in every_figure() for name in re.findall(r'(?:href="#|url\(#)([^")]*)', svg)]
    assert wanted
    assert set(wanted) <= set(ids)


def test_a_set_of_any_name_is_drawn() -> None:
    for name in ("$x_1$ <script>", "加法", "a" * 200):
        grade = graded(MIXED, name)
        for draw in (figures.accuracy_by_operation, figures.accuracy_by_size, figures.calibration):
            assert figures.shortened(name) in words(draw([grade]))


def test_loss_curve_names_what_was_watched() -> None:
    assert "seen problems" in words(figures.loss_curve(METRICS, "seen problems"))


def test_loss_curve_needs_losses_and_passes_over_those_a_log_scale_cannot_show() -> None:
    assert figures.loss_curve([]) is None
    lines = [{"step": step, "loss": loss} for step, loss in enumerate([1.0, math.nan, math.inf, 0.0, 0.5])]
    assert course.training_losses(lines) == [(0, 1.0), (4, 0.5)]
    assert "training problems" in words(figures.loss_curve(lines))


def test_shares_over_training_has_a_row_an_entry() -> None:
    text = words(figures.shares_over_training(FOLLOWED, ["0: addition", "1: division"]))
    assert "0: addition" in text
    assert "1: division" in text
    assert "share of the batches" in text
    assert figures.shares_over_training(METRICS, ["0: addition"]) is None
    by_time = [{**line, "held_out_by_entry": ()} if "shares" in line else line for line in FOLLOWED]
    assert "answered exactly" not in words(figures.shares_over_training(by_time, ["0: addition", "1: division"]))


def test_the_kept_look_is_the_most_accurate_with_the_least_loss() -> None:
    assert course.best_look(METRICS) == (30, 0.6, 0.2)


def test_accuracy_by_operation_shows_counts() -> None:
    text = words(figures.accuracy_by_operation([graded(MIXED)]))
    assert "held out: addition" in text
    assert "2 of 3" in text
    assert "1 of 1" in text
    assert figures.accuracy_by_operation([]) is None


def test_accuracy_by_size_needs_two_sizes() -> None:
    assert figures.accuracy_by_size([graded([marked("1+2")])]) is None
    assert "digits of the longest number" in words(figures.accuracy_by_size([graded(MIXED)]))


def test_heat_map_has_a_panel_an_operation() -> None:
    text = words(figures.heat_map(MIXED))
    assert "addition" in text
    assert "multiplication" in text
    assert "right operand" in text


def test_cells_of_long_numbers_go_by_digits_and_are_no_heat_map_of_pairs() -> None:
    marks = [marked("1+2"), marked("123+4567", correct=False), marked("321+7654")]
    assert figures.cell_scores(marks, single=False)[3, 4].correct == 1
    assert figures.heat_map(marks) is None


def test_there_is_no_heat_map_of_sums() -> None:
    assert figures.heat_map([marked("1+2+3", operation="sums"), marked("(1+2)*3", operation="nested")]) is None
    assert figures.heat_map([]) is None


@pytest.mark.parametrize(
    ("question", "pair"),
    [
        ("12+34", ("12", "34")),
        ("-3--4", ("-3", "-4")),
        ("5-4", ("5", "4")),
        ("1.25*-2", ("1.25", "-2")),
        ("12 gcd 18", ("12", "18")),
        ("1+2+3", None),
        ("(1+2)", None),
        ("-(1)+2", None),
        ("7", None),
    ],
)
def test_operands(question: str, pair: tuple[str, str] | None) -> None:
    assert figures.operands(read_question(question)) == pair


def test_the_outline_of_a_band_parts_cells_inside_from_cells_outside() -> None:
    lines = figures._outline(0, 9, (3, 5))
    assert [(2.5, -0.5), (2.5, 2.5)] in lines
    assert [(5.5, 9.5), (5.5, 5.5)][::-1] in lines
    assert [(-0.5, 2.5), (2.5, 2.5)] in lines
    assert len(lines) == 8
    assert figures._outline(0, 9, (50, 60)) == []


def test_calibration_error_of_a_constructed_case() -> None:
    # Bin 0.8 to 0.9: confidence 0.85, accuracy 0.5. Bin 0.2 to 0.3: confidence 0.25, accuracy 0.
    marks = [marked("1+2", True, 0.85), marked("1+3", False, 0.85), marked("1+4", False, 0.25)]
    assert figures.calibration_error(marks) == pytest.approx((2 * 0.35 + 1 * 0.25) / 3)
    assert [each.score.count for each in figures.reliability(marks)] == [1, 2]
    assert "expected calibration error 0.317" in words(figures.calibration([graded(marks)]))


def test_calibration_holds_when_all_is_right_and_sure() -> None:
    marks = [marked(f"{left}+1", True, 1.0) for left in range(5)]
    assert figures.calibration_error(marks) == 0
    assert "expected calibration error 0.000" in words(figures.calibration([graded(marks)]))
    assert figures.calibration_error([]) == 0
    assert figures.calibration([graded([])]) is None


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0"),
        (1, "100"),
        (0.5, "50.0"),
        (4999 / 5000, "99.98"),
        (0.99996, "99.996"),
        (0.0000123, "0.001"),
        (1e-17, "0"),
    ],
)
def test_percent_tells_a_share_from_none_and_from_all(share: float, text: str) -> None:
    assert percent(share) == text
