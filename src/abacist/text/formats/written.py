"""As a person writes it: `27 / 86 = 0.31`."""

from collections.abc import Sequence
from dataclasses import dataclass

from abacist.problems.question import Question
from abacist.text.characters import Characters, Numerals, beside
from abacist.text.format import Format, is_answer, spaced


@dataclass(frozen=True)
class Written(Format):
    """Spaces around signs, digits in reading order."""

    before: str = ""
    """Text before every question, such as examples to go by; nothing is learnt from it."""

    def prompt(self, question: Question) -> str:
        """Write `27 / 86 = `."""
        return f"{self.before}{spaced(question)} = "

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the answer as it is."""
        return answer

    def render_batch(
        self, numbers: Sequence[Numerals], symbols: Sequence[str], answers: Numerals
    ) -> tuple[Characters, Characters]:
        """Write many at once."""
        pieces: list[Characters | str] = [self.before, numbers[0].plain()]
        for symbol, number in zip(symbols, numbers[1:], strict=True):
            pieces += [f" {symbol} ", number.plain()]
        return beside(*pieces, " = "), answers.plain()

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Strip spaces."""
        text = completion.strip(" ")
        return text if is_answer(text) else None
