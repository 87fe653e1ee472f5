"""Every number from its last digit: `72+68=311`, which reads 27+86=113."""

from collections.abc import Sequence
from dataclasses import dataclass

from abacist.problems.question import Question, is_number, text_of
from abacist.text.characters import Characters, Numerals, beside, chain
from abacist.text.format import Format, decided_by_symbols, is_answer, turned


@dataclass(frozen=True)
class Reversed(Format):
    """No spaces, the digits of operands and answer reversed; signs stay in front.

    A digit's place within its number is then its power of ten, in the question and in the answer.
    """

    plain_for: str = ""
    """Where one of these signs is in the question, the answer is written in reading order all the same:
    a quotient is found from its first digit, a sum from its last."""

    def prompt(self, question: Question) -> str:
        """Write `72+68=` for 27+86."""
        return f"{text_of(tuple(turned(lexeme) if is_number(lexeme) else lexeme for lexeme in question))}="

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the answer's digits reversed."""
        return answer if self._plain(question) else turned(answer)

    def render_batch(
        self, numbers: Sequence[Numerals], symbols: Sequence[str], answers: Numerals
    ) -> tuple[Characters, Characters]:
        """Write many at once."""
        if not decided_by_symbols(self.plain_for, numbers):
            return super().render_batch(numbers, symbols, answers)
        prompts = beside(chain(numbers, symbols, turned=True), "=")
        return prompts, answers.plain() if self._plain(tuple(symbols)) else answers.turned()

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Turn the digits back."""
        if not is_answer(completion):
            return None
        return completion if self._plain(question) else turned(completion)

    def _plain(self, question: Question) -> bool:
        return bool(set(question) & set(self.plain_for))
