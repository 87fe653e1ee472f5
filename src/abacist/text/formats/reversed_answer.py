"""The answer from its last digit: `27+86=311`, which reads 113."""

from collections.abc import Sequence
from dataclasses import dataclass

from abacist.problems.question import Question, text_of
from abacist.text.characters import Characters, Numerals, beside, chain
from abacist.text.format import Format, is_answer, turned


@dataclass(frozen=True)
class ReversedAnswer(Format):
    """No spaces, operands in reading order, the answer's digits reversed; its sign stays in front.

    Each digit of a sum then depends on digits and a carry that are already written.
    Source: Lee et al. 2023, arXiv:2307.03381.
    """

    def prompt(self, question: Question) -> str:
        """Write `27+86=`."""
        return f"{text_of(question)}="

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the answer's digits reversed."""
        return turned(answer)

    def render_batch(
        self, numbers: Sequence[Numerals], symbols: Sequence[str], answers: Numerals
    ) -> tuple[Characters, Characters]:
        """Write many at once."""
        prompts = beside(chain(numbers, symbols), "=")
        return prompts, answers.turned()

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Turn the digits back."""
        return turned(completion) if is_answer(completion) else None
