"""As a person writes it: `27 / 86 = 0.31`."""

from dataclasses import dataclass

from abacist.problems.question import Question
from abacist.text.format import Format, is_answer, spaced


@dataclass(frozen=True)
class Written(Format):
    """Spaces around signs, digits in reading order."""

    def prompt(self, question: Question) -> str:
        """Write `27 / 86 = `."""
        return f"{spaced(question)} = "

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the answer as it is."""
        return answer

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Strip spaces."""
        text = completion.strip(" ")
        return text if is_answer(text) else None
