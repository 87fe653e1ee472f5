"""As people type it: spaces here and there, and another sign for the end."""

import hashlib
from dataclasses import dataclass

from abacist.problems.question import APART, Question
from abacist.text.format import Format, is_answer


@dataclass(frozen=True)
class Varied(Format):
    """Up to `spaces` spaces between lexemes, and before the closing `=` of a question.

    How many stand where is drawn from the question's own text, so that a question is always written alike, and
    knows of no value. Where two letters or two digits would run together there is always one.
    """

    spaces: int = 2

    def prompt(self, question: Question) -> str:
        """Write `12 +  34 =`, or `What is the sum of 12 and 34=`."""
        drawn = iter(hashlib.sha256(" ".join(question).encode()).digest() * (1 + len(question) // 30))
        # Half of the questions have no more spaces than they need.
        most = self.spaces * (next(drawn) % 2)
        pieces: list[str] = []
        for lexeme in question:
            count = next(drawn) % (most + 1)
            if pieces and ((pieces[-1][-1].isalnum() and lexeme[0].isalnum()) or _apart(pieces[-1]) or _apart(lexeme)):
                count = max(count, 1)
            pieces += [" " * count, lexeme] if count else [lexeme]
        return "".join([*pieces, " " * (next(drawn) % (most + 1)), "="])

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the answer as it is."""
        return answer

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Take the completion as it is."""
        return completion if is_answer(completion) else None


def _apart(piece: str) -> bool:
    """Tell a word of the language, which stands apart from everything but a closing mark."""
    return piece.lower() in APART
