import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from abacist.core.catalogue import Part
from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.problems.problem import Problem, same_number
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.problems.splits import Split
from abacist.problems.task import Task, TaskSettings, Weighted
from abacist.text.formats.written import Written


def task(*names: str, bounds: tuple[int, int] = (0, 9), split: Split | None = None) -> Task:
    parts = [Weighted(Part(name, {"left": bounds})) for name in names]
    return Task(TaskSettings(parts, split=split or Split(held_out=0.3)))


@pytest.mark.parametrize("side", ["train", "held_out", "extrapolate"])
def test_sampled_problems_stand_on_their_side(side: str):
    drawn = task("addition", "division", bounds=(0, 20), split=Split(held_out=0.3, region=(15, 16)))
    for index in range(300):
        assert drawn.side(drawn.sample(random.Random(index), side).question) == side


@pytest.mark.parametrize("side", ["train", "held_out", "extrapolate", "any"])
def test_a_batch_is_drawn_as_each_problem_is(side: str, alike: Callable[..., bool]):
    parts = [
        Weighted(Part("addition", {"left": (0, 20)}), 3),
        Weighted(Part("nested", {"bounds": (0, 20)})),
        Weighted(Part("division", {"left": (0, 20), "exact": True}), 2),
    ]
    made = Task(TaskSettings(parts, split=Split(0.3, region=(15, 16))))
    problems = made.sample_batch(np.random.default_rng(1), side, 3000).problems
    assert len(problems) == 3000
    assert side == "any" or {made.side(problem.question) for problem in problems} == {side}
    rng = random.Random(1)
    others = [made.sample(rng, side) for _ in range(3000)]
    assert {problem.rounding for problem in problems} == {made.settings.rounding}
    for feature in (lambda p: p.operation, lambda p: len(p.question), lambda p: (p.operation, p.question[0])):
        assert alike(map(feature, problems), map(feature, others))
    # Operations take turns: the first problems are drawn as the last ones are.
    assert alike((p.operation for p in problems[:1500]), (p.operation for p in problems[1500:]))


def test_any_side_draws_from_all():
    drawn = task("addition")
    assert {drawn.side(drawn.sample(random.Random(i), "any").question) for i in range(100)} == {"train", "held_out"}


def test_a_side_without_problems_is_said():
    with pytest.raises(SettingsError, match="none of 20,000 problems drawn is on side 'extrapolate'"):
        task("addition").sample(random.Random(1), "extrapolate")
    with pytest.raises(SettingsError, match="none of 20,000 problems drawn is on side 'extrapolate'"):
        task("addition").sample_batch(np.random.default_rng(1), "extrapolate", 5)


def test_weights_share_the_mixture_out():
    settings = TaskSettings([Weighted(Part("addition"), 3), Weighted(Part("multiplication"), 1)])
    rng = random.Random(1)
    counts = Counter(Task(settings).sample(rng).operation for _ in range(4000))
    assert 2850 < counts["addition"] < 3150
    assert counts.keys() == {"addition", "multiplication"}


@pytest.mark.parametrize("weight", [0, -1])
def test_a_weight_is_above_zero(weight: float):
    with pytest.raises(SettingsError, match="weight must be above 0"):
        Weighted(Part("addition"), weight)


def test_a_mixture_holds_something():
    with pytest.raises(SettingsError, match="mixture must hold at least one operation"):
        TaskSettings([])


@pytest.mark.parametrize("bounds", [(0, 9), (0, 999)], ids=["enumerated", "drawn"])
@pytest.mark.parametrize("side", ["train", "held_out", "any"])
def test_distinct_problems_are_distinct_and_of_their_side(bounds: tuple[int, int], side: str):
    made = task("addition", "subtraction", bounds=bounds)
    problems = made.distinct(np.random.default_rng(1), side, 50)
    assert len({problem.question for problem in problems}) == 50
    assert side == "any" or all(made.side(problem.question) == side for problem in problems)
    assert problems == made.distinct(np.random.default_rng(1), side, 50)
    assert problems != made.distinct(np.random.default_rng(2), side, 50)


def test_distinct_gives_all_there_are_where_more_are_asked_for():
    made = task("addition")
    sides = [
        {p.question for p in made.distinct(np.random.default_rng(1), side, 1000)} for side in ("train", "held_out")
    ]
    assert sides[0] | sides[1] == {problem.question for problem in made.table()}
    assert not sides[0] & sides[1]


def test_distinct_counts_a_problem_of_two_operations_once():
    twice = Task(TaskSettings([Weighted(Part("addition", {"left": (0, 3)}))] * 2, split=Split(held_out=0)))
    assert len(twice.distinct(np.random.default_rng(1), "any", 100)) == 16


def test_the_table_enumerates_every_operation_with_its_name():
    made = task("addition", "division")
    counts = Counter(problem.operation for problem in made.table())
    assert counts == {"addition": 100, "division": 90}
    assert made.table_size() == 200


def test_a_task_with_an_endless_operation_has_no_table():
    assert Task(TaskSettings([Weighted(Part("addition")), Weighted(Part("nested"))])).table_size() is None


def test_covers_tells_what_the_mixture_can_draw():
    made = task("addition", "division")
    covered = {text: made.covers(read_question(text)) for text in ("9+9", "10+1", "9/3", "9/0", "3-1", "1+1+1", "-1+2")}
    assert covered == {
        "9+9": True,
        "10+1": False,
        "9/3": True,
        "9/0": False,
        "3-1": False,
        "1+1+1": False,
        "-1+2": False,
    }


def test_may_have_been_seen_needs_the_training_side_and_the_mixture():
    made = task("addition")
    for problem in made.table():
        assert made.may_have_been_seen(problem.question) == (made.side(problem.question) == "train")
    assert not made.may_have_been_seen(read_question("10+10"))


def test_an_own_operation_is_labelled_by_its_file(own_operation: Path):
    settings = check(TaskSettings, {"mixture": [{"operation": {"name": str(own_operation), "left": [1, 9]}}]})
    problem = Task(settings).sample(random.Random(1))
    assert problem.operation == "gcd"
    assert problem.question[1] == "gcd"


@pytest.mark.parametrize(
    ("answer", "truth", "same"),
    [
        ("72", "72.00", True),
        ("072", "72", True),
        ("12", "112", False),
        ("112", "12", False),
        ("-0", "0", True),
        ("0.1", "0.10", True),
        ("-5", "5", False),
        (None, "5", False),
        ("9" * 5000, "9" * 5000, True),
        ("9" * 5000, "1", False),
    ],
)
def test_answers_are_compared_as_numbers(answer: str | None, truth: str, same: bool):
    assert same_number(answer, truth) is same


def tinymath(data_folder: Path, rounding: Rounding) -> Iterator[tuple[str, str]]:
    """Each line of the file beside our own rendering of its problem."""
    written = Written()
    for line in (data_folder / "tinymath" / "math_dataset_90.txt").read_text(encoding="utf-8").splitlines():
        example = written.render(Problem(read_question(line.partition("=")[0]), rounding, "line"))
        yield line, example.prompt + example.completion


def test_every_line_of_tinymath_is_rendered_to_the_letter(data_folder: Path):
    pairs = list(tinymath(data_folder, Rounding(2, "binary64", pad=True)))
    assert len(pairs) == 90_000
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def test_school_rounding_differs_from_tinymath_in_its_ties_alone(data_folder: Path):
    pairs = tinymath(data_folder, Rounding(2, "half_up", pad=True))
    differing = [line for line, ours in pairs if line != ours]
    assert len(differing) == 235
    assert all("/" in line for line in differing)


def test_a_question_is_within_a_task_that_asks_for_it_outside_its_region():
    made = task("addition", bounds=(0, 99), split=Split(held_out=0.5, region=(90, 99)))
    assert made.within(read_question("12+34"))
    assert not made.within(read_question("12+95"))
    assert not made.within(read_question("12+345"))
    assert not made.within(read_question("12*34"))
