import json
from collections.abc import Callable
from pathlib import Path

import pytest

from abacist.core.errors import AbacistError
from abacist.core.settings import check
from abacist.evaluation.grading import Grade, Score, draw, grade, mark, operation, size
from abacist.evaluation.lines import grade_lines
from abacist.evaluation.settings import GradeSet
from abacist.kind import Kind
from abacist.problems.problem import Problem
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.problems.task import Task, TaskSettings
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.text.codec import Codec, TextSettings
from abacist.text.generated import Generated

CODEC = Codec.build(check(TextSettings, {"format": "compact"}))
END = CODEC.tokenizer.end_id


class Says(Kind):
    """A kind of model that writes the same text after every prompt."""

    def __init__(self, text: str, ends: bool = True):
        super().__init__()
        self.ids = CODEC.tokenizer.encode(text) + [END] * ends
        self.asked: list[list[int]] = []

    @classmethod
    def new(cls, *arguments: object) -> "Says":
        return cls("0")

    def inputs(self, batch):
        raise NotImplementedError

    def forward(self):
        raise NotImplementedError

    def answer(self, prompts):
        self.asked += [list(prompt) for prompt in prompts]
        return [Generated(self.ids, [0.5] * len(self.ids)) for _ in prompts]


def task(**split: float) -> TaskSettings:
    mixture = [{"operation": {"name": name, "left": [0, 9]}} for name in ("addition", "subtraction")]
    return check(TaskSettings, {"mixture": mixture, "split": split or {"held_out": 0.3}})


def graded(text: str, ends: bool = True, **choice: object) -> Grade:
    made = Task(task())
    grade_set = GradeSet("test", **{"count": 40, "side": "held_out", **choice})
    return grade(Says(text, ends), CODEC, task(), grade_set, 1, made.may_have_been_seen)


@pytest.mark.parametrize(
    ("correct", "count", "low", "high"),
    # 81 of 263 and 1 of 29 are examples of Newcombe 1998, Statistics in Medicine 17:857-872.
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
        (1, 29, 0.0061, 0.1718),
        (990, 1000, 0.9817, 0.9946),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_interval_is_wilson_s(correct: int, count: int, low: float, high: float):
    assert Score(correct, count).interval == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("count", [1, 7, 100])
def test_the_interval_follows_wilson_s_formula(count: int):
    z = 1.959963984540054
    for correct in range(count + 1):
        p = correct / count
        middle = (p + z * z / (2 * count)) / (1 + z * z / count)
        half = z / (1 + z * z / count) * (p * (1 - p) / count + z * z / (4 * count**2)) ** 0.5
        assert Score(correct, count).interval == pytest.approx((middle - half, middle + half), abs=1e-9)
        assert Score(correct, count).accuracy == p


def test_nothing_of_nothing_is_no_accuracy():
    assert Score(0, 0).accuracy == 0


@pytest.mark.parametrize(
    ("written", "truth_of", "correct"),
    [
        ("72", "70+2", True),
        ("72.00", "70+2", True),
        ("072", "70+2", True),
        ("12", "100+12", False),
        ("112", "10+2", False),
        ("-2", "2+0", False),
        ("2-", "2+0", False),
        ("", "0+0", False),
        ("2=2", "2+0", False),
        ("2 ", "2+0", False),
    ],
)
def test_an_answer_counts_as_a_number_never_as_a_part_of_one(written: str, truth_of: str, correct: bool):
    problem = Problem(read_question(truth_of), Rounding(), "addition")
    generated = Generated([*CODEC.tokenizer.encode(written), END], [1.0])
    assert mark(problem, generated, CODEC).correct is correct
    assert mark(problem, generated, CODEC).written == written


@pytest.mark.parametrize(("text", "ends"), [("", True), ("5", False), ("5+5", True), ("..", True), ("5-", True)])
def test_malformed_answers_are_wrong_and_counted(text: str, ends: bool):
    found = graded(text, ends)
    assert found.malformed == found.score.count == len(found.failures())
    assert found.score.correct == 0


def test_problems_of_a_grade_are_distinct_and_of_their_side():
    found = graded("5", count=40)
    questions = [each.problem.question for each in found.marked]
    assert len(set(questions)) == len(questions) == 40
    assert all(Task(task()).side(question) == "held_out" for question in questions)
    assert found.certificate.clean


def test_a_set_with_fewer_problems_says_so():
    found = graded("5", count=1000, side="any")
    assert found.score.count == 200
    assert found.note == "all there are"
    assert graded("5").note == ""


def test_a_set_without_problems_is_said():
    with pytest.raises(AbacistError, match="the set 'test' has no problems on side 'extrapolate'"):
        graded("5", side="extrapolate")


def test_seen_problems_are_certified_as_seen():
    found = graded("5", side="train")
    assert found.certificate.may_have_been_seen == found.score.count == 40


def test_the_model_is_asked_once_per_problem_and_by_the_prompt_alone():
    says = Says("5")
    found = grade(says, CODEC, task(), GradeSet("test", count=10), 1, lambda question: False)
    assert says.asked == [CODEC.prompt(each.problem.question) for each in found.marked]


def test_scores_by_operation_and_size_add_up_to_the_whole():
    found = graded("5", count=1000, side="any")
    for key in (operation, size):
        groups = found.by(key)
        assert sum(each.count for each in groups.values()) == found.score.count
        assert sum(each.correct for each in groups.values()) == found.score.correct > 0
    assert list(found.by(operation)) == ["addition", "subtraction"]


def test_a_grade_lists_every_failure_as_json():
    found = graded("5")
    values = json.loads(json.dumps(found.as_json()))
    assert values["correct"] + len(values["failures"]) == values["count"] == 40
    assert {failure["answer"] for failure in values["failures"]} == {"5"}
    assert all(failure["truth"] != "5" for failure in values["failures"])
    assert values["interval"] == list(found.score.interval)


def test_a_set_is_drawn_by_its_seed_and_name():
    problems = [draw(task(), GradeSet(name, count=20), seed) for name, seed in (("a", 1), ("a", 1), ("a", 2), ("b", 1))]
    assert problems[0] == problems[1]
    assert problems[0] != problems[2] != problems[3] != problems[0]


def test_a_set_may_have_its_own_mixture():
    settings = check(GradeSet, {"title": "x", "side": "any", "mixture": [{"operation": {"name": "multiplication"}}]})
    assert {problem.operation for problem in draw(task(), settings, 1)} == {"multiplication"}


def test_a_trained_run_is_graded_on_every_set(tiny_run: Path):
    grades, per_second = Run.open(tiny_run).grade()
    (found,) = grades
    assert found.score.count == 30
    assert found.certificate.clean
    assert per_second > 0


def test_problems_of_a_file_may_have_been_seen_if_they_stand_in_it(
    tiny_settings: Callable[..., RunSettings], tmp_path: Path
):
    (tmp_path / "set.txt").write_text("1 + 2 = 3\n4 + 5 = 9\n7 + 1 = 8\n")
    settings = tiny_settings(data__file=str(tmp_path / "set.txt"), task__split__held_out=0, training__batch_size=2)
    run = Run.create(tmp_path / "run", settings)
    seen = {text: run.may_have_been_seen(read_question(text)) for text in ("1+2", "2+1", "1+3", "01+2")}
    assert seen == {"1+2": True, "2+1": True, "1+3": False, "01+2": True}


LINES = """\
48 + 24 = 72.00
48 + 24 = 72
48 + 24 = 720
48 + 24 = 7

48 + 24
48 + 24 = many
48 + = 3
1 / 0 = 0
27 / 86 = 0.31
27/86=0.310
27 / 86 = 0.32
"""


def test_lines_are_graded_and_malformed_ones_counted_apart():
    found = grade_lines(enumerate(LINES.splitlines(), 1), Rounding())
    assert found.correct == 4
    assert [(number, truth) for number, _, truth in found.wrong] == [(3, "72"), (4, "72"), (12, "0.31")]
    assert [number for number, _, _ in found.malformed] == [6, 7, 8, 9]
    assert found.score == Score(4, 8)
    reasons = {number: reason for number, _, reason in found.malformed}
    assert reasons[6] == "no '=' in it"
    assert reasons[7] == "'many' is no number; counted as wrong"
    assert "cannot be read" in reasons[8] or "ends too early" in reasons[8]
    assert reasons[9] == "division by zero has no answer"


@pytest.mark.parametrize("rounding", [Rounding(), Rounding(2, "binary64")], ids=["half_up", "binary64"])
def test_lines_beyond_what_can_be_written_out_are_malformed_not_a_crash(rounding: Rounding):
    long = "9" * 4000
    lines = [f"{long} * {long} = 1", "9" * 10_000 + " + 1 = 1", f"{long} / 7 = 1", "-" * 5000 + "1 = 1"]
    found = grade_lines(enumerate(lines, 1), rounding)
    assert found.correct == 0
    assert len(found.wrong) + len(found.malformed) == 4
    assert {1, 2, 4} <= {number for number, _, _ in found.malformed}


def test_every_line_of_tinymath_is_right_by_its_own_rounding(data_folder: Path):
    lines = (data_folder / "tinymath" / "math_dataset_90.txt").read_text().splitlines()[:5000]
    found = grade_lines(enumerate(lines, 1), Rounding(2, "binary64"))
    assert found.score == Score(5000, 5000)
    assert not found.malformed
