"""Without spaces: `27/86=0.31`."""

from collections.abc import Sequence
from dataclasses import dataclass

from abacist.problems.question import Question, text_of
from abacist.text.characters import Characters, Numerals, beside, chain
from abacist.text.format import Format, is_answer


@dataclass(frozen=True)
class Compact(Format):
    """No spaces, digits in reading order."""

    def prompt(self, question: Question) -> str:
        """Write `27/86=`."""
        return f"{text_of(question)}="

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the answer as it is."""
        return answer

    def render_batch(
        self, numbers: Sequence[Numerals], symbols: Sequence[str], answers: Numerals
    ) -> tuple[Characters, Characters]:
        """Write many at once."""
        prompts = beside(chain(numbers, symbols), "=")
        return prompts, answers.plain()

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Take the completion as it is."""
        return completion if is_answer(completion) else None
