"""A problem: what is asked, and its exact truth."""

from dataclasses import dataclass
from fractions import Fraction

from abacist.core.errors import QuestionError
from abacist.problems.expression import evaluate
from abacist.problems.number_words import in_words, value_of
from abacist.problems.operation import Number
from abacist.problems.question import Question, brief, text_of
from abacist.problems.rounding import Rounding
from abacist.problems.wording import asked


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
        """Return the true answer as text, rounded; in words where words are asked for and there are any."""
        symbols, places, words = asked(self.question)
        value = evaluate(symbols)
        try:
            text = self.rounding.text(value, places, "/" in symbols)
        except ValueError:  # Python writes no number beyond its limit
            raise QuestionError(f"the answer to {brief(str(self))} is too long to write out") from None
        return (in_words(text) or text) if words else text

    def __str__(self) -> str:
        return text_of(self.question)


def same_number(answer: str | None, truth: str) -> bool:
    """Compare two answers as exact numbers, in digits or in words, never as texts; no answer equals nothing."""
    if answer is None or answer == truth:
        return answer == truth
    value = number_of(answer)
    return value is not None and value == number_of(truth)


def number_of(answer: str) -> Fraction | None:
    """Return the number an answer writes in digits or in words, or None if it is none that can be read."""
    try:
        return Fraction(answer)
    except (ValueError, ZeroDivisionError):  # words, or more digits than Python reads as a number
        return value_of(answer)
