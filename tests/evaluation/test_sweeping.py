"""What a sweep comes to: which points pass, which is the smallest, and what the page says."""

import json

import pytest

from abacist.evaluation.course import grokking_step, looks_of
from abacist.evaluation.grading import Score
from abacist.evaluation.sweeping import Point, SeedResult, SweepResult


def seed(number: int, correct: int, **more) -> SeedResult:
    """Return a seed that has so many of 100 right, half of each operation."""
    parts = {"addition": Score(min(correct, 50), 50), "subtraction": Score(max(correct - 50, 0), 50)}
    return SeedResult(number, Score(correct, 100), more.pop("parts", parts), 40, 2.5, seen="none seen", **more)


def point(width: int, parameters: int, *correct: int, **more) -> Point:
    seeds = [seed(number, each) for number, each in enumerate(correct, 1)]
    return Point({"d_model": str(width)}, parameters, seeds, **more)


@pytest.fixture
def result() -> SweepResult:
    points = [
        point(16, 900, 100, 100, 98),
        point(8, 400, 99, 20, 95),
        point(4, 100, 10, 0, 20),
        point(12, 600, 95, 96, 10),
        Point({"d_model": "64"}, 9000, why_not="above 5,000 parameters"),
        Point({"d_model": "5"}, None, why_not="cannot be built: d_model must be even"),
    ]
    return SweepResult("own", "held out", 0.95, 2, 3, points, ceiling=5000, command="abacist sweep own")


def test_a_seed_passes_at_the_mark_and_a_point_by_its_seeds(result):
    eight = result.points[1]
    assert eight.success(0.95) == Score(2, 3)
    assert eight.success(0.96) == Score(1, 3)
    assert (eight.spread().median, eight.spread().worst, eight.spread().best) == (0.95, 0.2, 0.99)
    assert result.passes(eight)
    assert result.smallest_passing() is eight
    assert result.smallest_passing(pass_at=0.97) is result.points[0]
    assert result.smallest_passing(need=3).parameters == 900
    assert result.smallest_passing(pass_at=0.99, need=3) is None
    assert result.smallest_passing(pass_at=0.1, need=1).parameters == 100


def test_each_operation_has_a_smallest_model_of_its_own(result):
    assert result.operations == ["addition", "subtraction"]
    assert result.smallest_passing(operation="addition", need=1).parameters == 400
    assert result.smallest_passing(operation="subtraction", pass_at=0.94).parameters == 900
    alone = Point({"d_model": "4"}, 100, [seed(1, 90, parts={})])
    assert alone.spread("addition") is None
    assert alone.success(0.5, "addition") == Score(0, 1)


def test_a_failed_training_is_a_seed_that_did_not_pass():
    broken = Point({"d_model": "4"}, 100, [seed(1, 100)], faults={2: "no number", 3: "no number"})
    assert broken.success(0.9) == Score(1, 3)
    found = SweepResult("own", "held out", 0.9, 2, 3, [broken])
    assert found.notes(broken) == ["failed with seed 2, 3: no number"]


def test_the_front_has_what_no_other_beats(result):
    assert [each.parameters for each in result.front()] == [100, 400, 900]
    same = [point(4, 100, 50), point(5, 100, 60), point(6, 200, 60)]
    assert SweepResult("own", "x", 0.9, 1, 1, same).front() == [same[1]]


def test_the_page_has_all_points_by_size_and_the_answer(result):
    page = result.markdown("sweep.png")
    order = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| ")][2:]
    assert order == ["| 4", "| 8", "| 12", "| 16", "| 64", "| 5"]
    assert "| 8 | 400 | 2 of 3 | 95.0 [20.0..99.0] |" in page
    assert "95.0 % of 'held out' right: smallest 400 parameters (d_model 8), 2 of 3 seeds (95 % interval 20.8" in page
    assert "above 5,000 parameters" in page
    assert "cannot be built: d_model must be even" in page
    assert "![Accuracy against parameters](sweep.png)" in page


def test_what_was_not_reached_says_in_what_time():
    none = SweepResult("own", "held out", 0.99, 1, 1, [point(4, 100, 10)], left=3, minutes=2)
    assert none.verdict()[0] == "99.0 % of 'held out' right: not reached in 2 minutes by one point, 3 points left"
    empty = SweepResult("own", "held out", 0.99, 1, 1, [], left=3, minutes=2)
    assert "by 0 points" in empty.markdown()


def test_notes_say_what_stands_in_no_figure():
    mixed = Point({"d_model": "4"}, 100, [seed(1, 3, given_up=True), seed(2, 99, grokked=1200)])
    found = SweepResult("own", "held out", 0.9, 3, 3, [mixed])
    assert found.notes(mixed) == ["1 given up", "grokked at step 1,200", "1 not tried: too many had failed"]


def test_figures_survive_a_file(result):
    whole = json.loads(json.dumps(result.as_json()))
    again = SweepResult.of(whole)
    assert again.as_json() == result.as_json()
    assert {each["parameters"]: each["on_front"] for each in whole["points"]}[600] is False
    assert whole["smallest_passing"]["parameters"] == 400
    assert whole["points"][1]["seeds"][0]["by_operation"]["addition"]["count"] == 50


def course(*accuracies: float, fitted: int = 30) -> list[dict]:
    """Return looks at every tenth step, and a training loss that is low from `fitted` on."""
    lines = []
    for place, accuracy in enumerate(accuracies, 1):
        step = 10 * place
        lines += [
            {"step": step, "loss": 0.05 if step >= fitted else 1.0},
            {"step": step, "held_out_accuracy": accuracy, "held_out_loss": 1.0},
        ]
    return lines


@pytest.mark.parametrize(
    ("accuracies", "fitted", "step"),
    [
        ((0, 0, 0, 0, 0, 0.1, 0.4, 0.95, 1), 30, 80),
        ((0, 0.2, 0.6, 0.95, 1, 1, 1), 30, None),  # learned along
        ((0, 0, 0, 0, 0, 0.6, 0.7, 0.95), 30, None),  # half was known by twice the steps
        ((0, 0, 0, 0, 0, 0.1, 0.4, 0.9), 30, None),  # never above 90 %
        ((0, 0, 0, 0, 0, 0.1, 0.4, 0.95), 50, None),  # not late enough
        ((0, 0, 0, 0, 0, 0.1, 0.4, 0.95), 900, None),  # the training loss was never low
        ((), 30, None),
    ],
)
def test_grokking_is_understanding_long_after_learning(accuracies, fitted, step):
    metrics = course(*accuracies, fitted=fitted)
    assert grokking_step(metrics) == step
    assert looks_of(metrics) == [(10 * place, accuracy) for place, accuracy in enumerate(accuracies, 1)]
