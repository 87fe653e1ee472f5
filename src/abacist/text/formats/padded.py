"""Numbers padded with zeros to one width: `00027+00086=000113`."""

from dataclasses import dataclass

from abacist.core.errors import SettingsError
from abacist.problems.question import Question, is_number, text_of
from abacist.text.format import Format, is_answer, turned


@dataclass(frozen=True)
class Padded(Format):
    """No spaces; zeros in front of the whole part of each number, all digits reversed where wished."""

    width: int = 5
    """Whole digits of each operand; longer ones stay as they are."""
    answer_width: int = 6
    reverse: bool = False

    def __post_init__(self) -> None:
        if min(self.width, self.answer_width) < 1:
            raise SettingsError("width and answer_width must be at least 1")

    def prompt(self, question: Question) -> str:
        """Write `00027+00086=`."""
        lexemes = (self._write(lexeme, self.width) if is_number(lexeme) else lexeme for lexeme in question)
        return f"{text_of(tuple(lexemes))}="

    def completion(self, answer: str) -> str:
        """Write the answer padded."""
        return self._write(answer, self.answer_width)

    def parse(self, completion: str) -> str | None:
        """Turn the digits back and strip the zeros in front."""
        if not is_answer(completion):
            return None
        text = turned(completion) if self.reverse else completion
        sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
        whole, point, decimals = digits.partition(".")
        return f"{sign}{whole.lstrip('0') or '0'}{point}{decimals}"

    def _write(self, number: str, width: int) -> str:
        sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
        whole, point, decimals = digits.partition(".")
        padded = f"{sign}{whole.rjust(width, '0')}{point}{decimals}"
        return turned(padded) if self.reverse else padded
