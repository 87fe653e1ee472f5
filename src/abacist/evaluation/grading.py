"""Grades: every answer against the exact truth, as numbers, with counts and intervals."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from scipy.stats import binomtest

from abacist.core.errors import AbacistError
from abacist.core.seeds import generator
from abacist.data.certificate import Certificate, certify
from abacist.evaluation.settings import GradeSet
from abacist.kind import Kind
from abacist.problems.expression import canonical
from abacist.problems.problem import Problem, same_number
from abacist.problems.question import Question, is_whole
from abacist.problems.task import Task, TaskSettings
from abacist.text.codec import Codec
from abacist.text.confidence import Chances
from abacist.text.generated import Generated


@dataclass(frozen=True, slots=True)
class Marked:
    """One answered problem."""

    problem: Problem
    truth: str
    answer: str | None
    """The model's answer; None if it was malformed."""
    written: str
    """What the model wrote, to the letter."""
    correct: bool
    confidence: float
    """The product of the probabilities of the tokens that had to be what they are."""
    chances: Chances = field(default_factory=Chances)
    """The probabilities of all tokens."""


@dataclass(frozen=True)
class Score:
    """How many of how many."""

    correct: int
    count: int

    @property
    def accuracy(self) -> float:
        """Share of correct answers; 0 of nothing is 0."""
        return self.correct / self.count if self.count else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy (Wilson)."""
        if not self.count:
            return 0.0, 1.0
        bounds = binomtest(self.correct, self.count).proportion_ci(0.95, method="wilson")
        return float(bounds.low), float(bounds.high)

    def as_json(self) -> dict[str, Any]:
        """Return count, share and interval."""
        return {"correct": self.correct, "count": self.count, "accuracy": self.accuracy, "interval": self.interval}


@dataclass(frozen=True)
class Grade:
    """The marks of one set."""

    name: str
    marked: list[Marked]
    certificate: Certificate
    seed: int
    note: str = ""

    @property
    def score(self) -> Score:
        """The whole set."""
        return score(self.marked)

    @property
    def malformed(self) -> int:
        """Answers that were no number at all."""
        return sum(mark.answer is None for mark in self.marked)

    @property
    def tokens(self) -> float:
        """Tokens written an answer, the end included, on average."""
        written = sum(len(mark.chances.decided) + len(mark.chances.free) for mark in self.marked)
        return written / len(self.marked) if self.marked else 0.0

    def failures(self) -> list[Marked]:
        """Every wrong answer."""
        return [mark for mark in self.marked if not mark.correct]

    def by(self, key: Callable[[Marked], Any]) -> dict[Any, Score]:
        """Scores of the groups that share a key, in the keys' order."""
        groups: dict[Any, list[Marked]] = {}
        for mark in self.marked:
            groups.setdefault(key(mark), []).append(mark)
        return {value: score(groups[value]) for value in sorted(groups)}

    def as_json(self) -> dict[str, Any]:
        """Return the whole grade, with every failure, as JSON values."""
        return {
            "name": self.name,
            "seed": self.seed,
            **self.score.as_json(),
            "malformed": self.malformed,
            "tokens_per_answer": self.tokens,
            "certificate": self.certificate.sentence(),
            "may_have_been_seen": self.certificate.may_have_been_seen,
            "note": self.note,
            "by_operation": {key: value.as_json() for key, value in self.by(operation).items()},
            "by_size": {str(key): value.as_json() for key, value in self.by(size).items()},
            "failures": [
                {"question": str(mark.problem), "truth": mark.truth, "answer": mark.answer, "written": mark.written}
                | {"confidence": mark.confidence}
                for mark in self.failures()
            ],
        }


def operation(mark: Marked) -> str:
    """Key: the operation that drew the problem."""
    return mark.problem.operation


def size(mark: Marked) -> int:
    """Key: digits of the longest whole number in the question."""
    return max((len(lexeme) for lexeme in mark.problem.question if is_whole(lexeme)), default=0)


def percent(share: float) -> str:
    """Write a share as percent, with as many decimals as tell it from 0 and from 100."""
    value = 100 * share
    gap = min(value, 100 - value)
    if gap < 1e-7:
        return "0" if share < 0.5 else "100"
    decimals = 1 if gap >= 1 else 2
    while round(value, decimals) in (0, 100):
        decimals += 1
    return f"{value:.{decimals}f}"


def score(marked: Sequence[Marked]) -> Score:
    """Count the correct ones."""
    return Score(sum(mark.correct for mark in marked), len(marked))


def ask(kind: Kind, codec: Codec, questions: Iterable[Question]) -> list[Generated]:
    """Let the model answer. It gets the prompts alone; no truth is computed here."""
    return kind.answer([codec.prompt(question) for question in questions])


def mark(problem: Problem, generated: Generated, codec: Codec) -> Marked:
    """Hold one answer against the truth."""
    truth, answer = problem.answer(), codec.answer(generated.ids, problem.question)
    written, chances = codec.tokenizer.decode(generated.ids), codec.chances(generated)
    return Marked(problem, truth, answer, written, same_number(answer, truth), chances.product, chances)


def draw(task: TaskSettings, grade_set: GradeSet, seed: int, watched: Collection[str] = ()) -> list[Problem]:
    """Draw the problems of a set: up to its count, fewer where there are no more.

    `watched` are the canonical forms of the problems by which training chose the weights to keep; they
    are left out of held-out sets, unless there are no others.
    """
    drawn = Task(TaskSettings(grade_set.mixture or task.mixture, task.rounding, task.split))
    apart = watched if grade_set.side == "held_out" else ()
    rng = generator(seed, "grade", grade_set.title)
    problems = drawn.distinct(rng, grade_set.side, grade_set.count + len(apart))
    others = [problem for problem in problems if canonical(problem.question) not in apart]
    return (others or problems)[: grade_set.count]


def grade(
    kind: Kind,
    codec: Codec,
    task: TaskSettings,
    grade_set: GradeSet,
    seed: int,
    may_have_been_seen: Callable[[Question], bool],
    watched: Collection[str] = (),
) -> Grade:
    """Grade a model on one set. Raises: AbacistError if the set has no problems."""
    problems = draw(task, grade_set, seed, watched)
    if not problems:
        raise AbacistError(f"grading: the set {grade_set.title!r} has no problems on side {grade_set.side!r}")
    answers = ask(kind, codec, [problem.question for problem in problems])
    marked = [mark(problem, answer, codec) for problem, answer in zip(problems, answers, strict=True)]
    note = "" if len(problems) == grade_set.count else "all there are"
    return Grade(grade_set.title, marked, certify(problems, may_have_been_seen), seed, note)
