"""A problem: what is asked, and its exact truth."""

from dataclasses import dataclass
from fractions import Fraction

from abacist.problems.expression import evaluate
from abacist.problems.operation import Number
from abacist.problems.question import Question, text_of
from abacist.problems.rounding import Rounding


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with the rounding its answer is wanted in. The truth is computed when asked for, not before."""

    question: Question
    rounding: Rounding
    operation: str
    """Name of the operation that drew it; a label for grades."""

    def value(self) -> Number:
        """Return the exact value before rounding. Raises: QuestionError if there is none."""
        return evaluate(self.question)

    def answer(self) -> str:
        """Return the true answer as text, rounded."""
        return self.rounding.text(self.value())

    def __str__(self) -> str:
        return text_of(self.question)


def same_number(answer: str | None, truth: str) -> bool:
    """Compare two answers as exact numbers, never as texts; no answer equals nothing."""
    if answer is None or answer == truth:
        return answer == truth
    try:
        return Fraction(answer) == Fraction(truth)
    except ValueError:  # more digits than Python reads as a number
        return False
