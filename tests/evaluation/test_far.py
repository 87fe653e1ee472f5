"""What is asked beyond training: exactly of the sizes named, fresh, from a seed; and how answers are kept."""

import json
import sys

import pytest

from abacist.core.errors import RunError, SettingsError
from abacist.core.settings import check
from abacist.evaluation import far
from abacist.evaluation.far import DRAWN, NINES, RIPPLE, Plan, Reach, draw_far, measure, reaches_of_json
from abacist.kind import Kind
from abacist.problems.nesting import depth_of
from abacist.problems.problem import Problem
from abacist.problems.question import brief, is_number, read_question
from abacist.problems.rounding import Rounding
from abacist.problems.targets import carries
from abacist.problems.task import Task, TaskSettings
from abacist.text.codec import Codec, TextSettings
from abacist.text.generated import Generated

CODEC = Codec.build(check(TextSettings, {"format": "compact"}))


class Reckons(Kind):
    """A kind of model that is right, but for answers of more than `places` digits, which it cuts."""

    def __init__(self, places: int):
        super().__init__()
        self.places = places

    @classmethod
    def new(cls, *arguments: object) -> "Reckons":
        return cls(3)

    def inputs(self, batch):
        raise NotImplementedError

    def forward(self):
        raise NotImplementedError

    def answer(self, prompts):
        texts = [CODEC.tokenizer.decode(prompt[1:]) for prompt in prompts]
        answers = [Problem(read_question(text), Rounding(), "typed").answer()[-self.places :] for text in texts]
        ids = [[*CODEC.tokenizer.encode(answer), CODEC.tokenizer.end_id] for answer in answers]
        return [Generated(each, [1.0] * len(each)) for each in ids]


def task(*operations: dict[str, object], **split: object) -> Task:
    mixture = [{"operation": operation} for operation in operations]
    return Task(check(TaskSettings, {"mixture": mixture, "split": split or {"held_out": 0.2}}))


ADDING = {"name": "addition", "left": [0, 999]}
SUBTRACTING = {"name": "subtraction", "left": [0, 999], "negative": False}


def drawn(of: Task, **plan: object) -> list[far.Asked]:
    return draw_far(of, Plan(**plan), of.may_have_been_seen)


def test_every_pair_of_lengths_is_asked_with_exactly_so_many_digits():
    asked = [each for each in drawn(task(ADDING), lengths=(1, 3, 20), count=7) if each.kind == DRAWN]
    assert [each.at for each in asked] == [(a, b) for a in (1, 3, 20) for b in (1, 3, 20)]
    for each in asked:
        questions = [problem.question for problem in each.problems]
        assert len(set(questions)) == len(questions) == 7
        assert {(len(question[0]), len(question[2])) for question in questions} == {each.at}
        assert {problem.operation for problem in each.problems} == {"addition"}


def test_lengths_that_training_can_have_shown_are_known_and_their_problems_are_fresh():
    of = task(ADDING)
    asked = drawn(of, lengths=(2, 3, 4), count=10)
    assert {each.at: each.shown for each in asked if each.kind == DRAWN} == {
        (a, b): max(a, b) <= 3 for a in (2, 3, 4) for b in (2, 3, 4)
    }
    assert all(each.seen == 0 for each in asked)
    assert all(of.side(problem.question) == "held_out" for each in asked if each.shown for problem in each.problems)


def test_bounds_within_a_length_are_kept_where_training_knows_the_length():
    asked = drawn(task({"name": "addition", "left": [0, 19]}, held_out=0.5), lengths=(2,), count=5)
    assert asked[0].shown
    assert all(int(text) <= 19 for problem in asked[0].problems for text in problem.question[::2])


def test_a_region_that_is_never_trained_on_is_not_shown():
    of = task(ADDING, held_out=0.1, region=[100, 999])
    assert {each.at: each.shown for each in drawn(of, lengths=(2, 3)) if each.kind == DRAWN} == {
        (2, 2): True,
        (2, 3): False,
        (3, 2): False,
        (3, 3): False,
    }


def test_where_all_may_have_been_seen_these_are_asked_and_counted():
    asked = drawn(task(ADDING, held_out=0.0), lengths=(1, 4), count=8)
    seen = {each.at: each.seen for each in asked if each.kind == DRAWN}
    assert seen == {(1, 1): 8, (1, 4): 0, (4, 1): 0, (4, 4): 0}


def test_cascades_carry_through_every_column():
    asked = {each.kind: each for each in drawn(task(ADDING), lengths=(6,), count=20)}
    assert set(asked) == {DRAWN, NINES, RIPPLE}
    for kind in (NINES, RIPPLE):
        assert len(asked[kind].problems) == 20
        assert all(all(carries(problem.question)[1:]) for problem in asked[kind].problems)
    lengths = [tuple(map(len, problem.question[::2])) for problem in asked[RIPPLE].problems]
    assert set(lengths) == {(6, 1), (1, 6)}
    assert {tuple(map(len, problem.question[::2])) for problem in asked[NINES].problems} == {(6, 6)}


def test_differences_that_may_not_be_asked_are_left_out():
    asked = drawn(task(SUBTRACTING), lengths=(1, 2))
    assert [each.at for each in asked] == [(1, 1), (2, 1), (2, 2)]
    assert all(int(problem.question[0]) >= int(problem.question[2]) for each in asked for problem in each.problems)


def test_operations_of_one_name_are_asked_together_and_each_name_apart():
    of = task(ADDING, {**ADDING, "draw": "carries"}, {"name": "multiplication", "left": [0, 9]})
    asked = [each for each in drawn(of, lengths=(2,), count=30) if each.kind == DRAWN]
    assert [(each.operation, len(each.problems)) for each in asked] == [("addition", 30), ("multiplication", 30)]


def test_depths_are_asked_of_what_nests_deepest():
    short = {"name": "expressions", "terms": [2, 3], "digits": [4, 4], "brackets": 0.5, "depth": 1}
    deep = {"name": "expressions", "terms": [2, 6], "digits": [1, 1], "brackets": 0.5, "depth": 3}
    for each in drawn(task(short, deep), depths=(1, 5), count=6):
        assert all(len(lexeme) == 1 for problem in each.problems for lexeme in problem.question)


def test_operands_and_depths_are_exactly_as_named():
    of = task({"name": "sums", "terms": [2, 3]}, {"name": "nested", "depth": 3}, {"name": "multistep"})
    asked = drawn(of, operands=(2, 3, 7), depths=(1, 2, 4), count=6)
    for each in asked:
        for problem in each.problems:
            numbers = sum(map(is_number, problem.question))
            assert (numbers if each.axis == "operands" else depth_of(problem.question)) == each.at[0]
    assert {each.at[0]: each.shown for each in asked if each.operation == "sums"} == {2: True, 3: True, 7: False}
    nested = {each.at[0]: each.shown for each in asked if each.operation == "nested"}
    assert nested == {1: True, 2: True, 4: False}
    assert {each.at[0]: each.shown for each in asked if each.operation == "multistep"} == {1: False, 2: True, 4: False}


def test_problems_follow_from_the_seed_alone():
    of = task(ADDING)
    first, again, other = (drawn(of, lengths=(9,), seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    # What else is asked has no say in it.
    assert first == [each for each in drawn(of, lengths=(4, 9), seed=1) if set(each.at) == {9}]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"lengths": (3,)}, "--lengths: none of this run's operations (sums) asks for two numbers"),
        ({"depths": (3,)}, "--depths: none of this run's operations (sums) nests parentheses"),
        ({}, "how far? name sizes"),
        ({"lengths": (0,)}, "--lengths: 0 is not from 1"),
        ({"operands": (1,)}, "--operands: 1 is not from 2"),
        ({"depths": (61,)}, "--depths: 61 is not from 0 to 60"),
    ],
)
def test_what_cannot_be_asked_is_said(plan, words):
    with pytest.raises(SettingsError) as error:
        drawn(task({"name": "sums"}), **plan)
    assert words in str(error.value)


def test_answers_are_marked_cell_by_cell_and_every_failure_is_kept():
    asked, told = drawn(task(ADDING), lengths=(2, 5), count=10), []
    cells = measure(Reckons(places=4), CODEC, asked, told.append)
    scores = {cell.at: cell.score.correct for cell in cells if cell.kind == DRAWN}
    assert scores == {(2, 2): 10, (2, 5): 0, (5, 2): 0, (5, 5): 0}
    assert told[-1] == sum(cell.score.count for cell in cells) >= 70
    for cell in cells:
        assert cell.score.correct + len(cell.failures) == cell.score.count
        assert all(each.truth.endswith(each.answer or "?") for each in cell.failures)


def test_what_was_found_comes_back_from_its_json():
    asked = drawn(task(ADDING, {"name": "nested"}), lengths=(2, 5), depths=(1, 3), count=5)
    cells = tuple(measure(Reckons(4), CODEC, asked, lambda _: None))
    reaches = [
        Reach(axis, tuple(cell for cell in cells if cell.axis == axis), 5, 2026, 64) for axis in ("lengths", "depths")
    ]
    values = json.loads(json.dumps({reach.axis: reach.as_json() for reach in reaches}))
    assert reaches_of_json(values, "far.json") == reaches
    assert values["lengths"]["cells"][0]["interval"] == list(cells[0].score.interval)
    del values["depths"]["cells"][0]["at"]
    with pytest.raises(RunError, match=r"far.json cannot be read.*abacist far writes it anew"):
        reaches_of_json(values, "far.json")


def test_numbers_beyond_python_s_own_limit_are_asked_and_graded():
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(20_000)
    try:
        asked = drawn(task(ADDING), lengths=(5000,), count=2)
        right, wrong = (measure(Reckons(places), CODEC, asked, lambda _: None) for places in (6000, 4000))
    finally:
        sys.set_int_max_str_digits(limit)
    assert [cell.score.correct for cell in right] == [2, 2, 2]
    assert [cell.score.correct for cell in wrong] == [0, 0, 0]
    assert all(len(each.answer or "") == 4000 for cell in wrong for each in cell.failures)
    shown = brief(wrong[0].failures[0].question)
    assert len(shown) < 80
    assert shown.count("(5,000 digits)") == 2


def test_marks_of_a_grade_are_sorted_into_sizes():
    of = task(ADDING)
    asked = drawn(of, lengths=(2, 5), count=3)
    marks = []
    for each in asked:
        generated = Reckons(4).answer([CODEC.prompt(problem.question) for problem in each.problems])
        marks += [far.mark(*pair, CODEC) for pair in zip(each.problems, generated, strict=True)]
    cells = far.cells_of("lengths", marks, of.within)
    assert {(2, 2), (2, 5), (5, 2), (5, 5)} <= {cell.at for cell in cells}
    assert {cell.at: cell.shown for cell in cells}[2, 2]
    assert sum(cell.score.count for cell in cells) == len(marks)
    assert [cell.at for cell in far.cells_of("operands", marks, of.within)] == [(2,)]
    assert [cell.at for cell in far.cells_of("depths", marks, of.within)] == [(0,)]
    shown, beyond = far.by_shown(marks, of.within)
    assert (shown.shown, beyond.shown) == (True, False)
    assert len(shown.failures) + len(beyond.failures) == sum(not each.correct for each in marks)
