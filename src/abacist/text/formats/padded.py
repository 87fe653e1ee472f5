"""Numbers padded with zeros to one width: `00027+00086=000113`."""

from collections.abc import Sequence
from dataclasses import dataclass

from abacist.core.errors import SettingsError
from abacist.problems.question import Question, is_number, text_of
from abacist.text.characters import Characters, Numerals, beside, chain
from abacist.text.format import Format, decided_by_symbols, is_answer, turned


@dataclass(frozen=True)
class Padded(Format):
    """No spaces; zeros in front of the whole part of each number, all digits reversed where wished."""

    width: int = 5
    """Whole digits of each operand; longer ones stay as they are."""
    answer_width: int = 6
    reverse: bool = False
    plain_for: str = ""
    """Where one of these signs is in the question, the answer is written in reading order all the same."""

    def __post_init__(self) -> None:
        if min(self.width, self.answer_width) < 1:
            raise SettingsError("width and answer_width must be at least 1")

    def prompt(self, question: Question) -> str:
        """Write `00027+00086=`."""
        lexemes = (
            self._write(lexeme, self.width, self.reverse) if is_number(lexeme) else lexeme for lexeme in question
        )
        return f"{text_of(tuple(lexemes))}="

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the answer padded."""
        return self._write(answer, self.answer_width, self._reversed(question))

    def render_batch(
        self, numbers: Sequence[Numerals], symbols: Sequence[str], answers: Numerals
    ) -> tuple[Characters, Characters]:
        """Write many at once."""
        if not decided_by_symbols(self.plain_for, numbers):
            return super().render_batch(numbers, symbols, answers)
        padded = answers.padded(self.answer_width)
        prompts = beside(chain([n.padded(self.width) for n in numbers], symbols, self.reverse), "=")
        return prompts, padded.turned() if self._reversed(tuple(symbols)) else padded.plain()

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Turn the digits back and strip the zeros in front."""
        if not is_answer(completion):
            return None
        text = turned(completion) if self._reversed(question) else completion
        sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
        whole, point, decimals = digits.partition(".")
        return f"{sign}{whole.lstrip('0') or '0'}{point}{decimals}"

    def _reversed(self, question: Question) -> bool:
        return self.reverse and not set(question) & set(self.plain_for)

    def _write(self, number: str, width: int, reverse: bool) -> str:
        sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
        whole, point, decimals = digits.partition(".")
        padded = f"{sign}{whole.rjust(width, '0')}{point}{decimals}"
        return turned(padded) if reverse else padded
