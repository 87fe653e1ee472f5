"""The seam for formats: how a problem becomes text, and how text becomes an answer again."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from abacist.core.overrides import keep_in_step
from abacist.problems.columns import Columns, Group
from abacist.problems.problem import Problem
from abacist.problems.question import Question, is_sign
from abacist.problems.rounding import Rounding
from abacist.text.characters import Characters, Numerals, characters, texts_of

FOLDER = "text.formats"

_ANSWER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Example:
    """What the model reads, and what it shall write."""

    prompt: str
    completion: str


class Format(ABC):
    """A way to write problems. A subclass is a frozen dataclass; its fields are its settings.

    `prompt` knows no arithmetic: it may space, reorder digits and pad, never look at values.
    `parse` finds, reorders and strips; it never corrects.
    """

    shows_work: ClassVar[bool] = False
    """Whether the completion is made from the question itself: work that ends in the answer."""

    hints: ClassVar[str] = ""
    """Signs, in their order, that stand before digits and tell their places; none in most formats."""

    def __init_subclass__(cls) -> None:
        keep_in_step(cls, Format, {"prompt": "render_batch"})
        keep_in_step(cls, Format, {"completion": "render_batch"})

    def render(self, problem: Problem) -> Example:
        """Write a problem and its true answer."""
        return Example(self.prompt(problem.question), self.completion(problem.answer(), problem.question))

    @abstractmethod
    def prompt(self, question: Question) -> str:
        """Write the question, up to where the model goes on."""

    @abstractmethod
    def completion(self, answer: str, question: Question = ()) -> str:
        """Write an answer such as `-12.5` the way the model shall write it.

        The question is there for formats whose digit order depends on the signs asked.
        """

    def render_group(self, group: Group, rounding: Rounding) -> tuple[Characters, Characters]:
        """Return the prompts and completions of many problems, as `render` writes each."""
        own = type(self).render is not Format.render
        scaled = rounding.scaled_batch(group) if isinstance(group, Columns) and not own else None
        if not isinstance(group, Columns) or scaled is None:
            examples = [self.render(Problem(question, rounding, "")) for question in group.questions()]
            return characters([e.prompt for e in examples]), characters([e.completion for e in examples])
        numbers = [Numerals.of(column) for column in group.numbers.T]
        return self.render_batch(numbers, group.symbols, Numerals.of(*scaled, rounding.pad))

    def render_batch(
        self, numbers: Sequence[Numerals], symbols: Sequence[str], answers: Numerals
    ) -> tuple[Characters, Characters]:
        """Return the prompts and completions of many questions of one shape: numbers with symbols between them.

        A quick form arranges characters; this one writes row by row.
        """
        signs = [["-" * bool(sign) for sign in column.sign[:, 0]] for column in numbers]
        digits = [texts_of(column.whole) for column in numbers]
        prompts, completions = [], []
        for row, answer in enumerate(texts_of(answers.plain())):
            lexemes: list[str] = []
            for index, symbol in enumerate([*symbols, ""]):
                lexemes += [signs[index][row], digits[index][row], symbol]
            question = tuple(lexeme for lexeme in lexemes if lexeme)
            prompts.append(self.prompt(question))
            completions.append(self.completion(answer, question))
        return characters(prompts), characters(completions)

    def on_paper(self, completion: str, question: Question = ()) -> list[str]:
        """Return the work in a completion as lines to read; none for formats that show no work."""
        return []

    def answer_signs(self, tokens: Sequence[str]) -> list[tuple[str, int]] | None:
        """Return the answer's signs in reading order, each with the place of the written token it comes from.

        None where a completion is nothing but the answer.
        """
        return None

    def undecided(self, tokens: Sequence[str]) -> frozenset[int]:
        """Return the places of those written tokens instead of which others would be right as well."""
        return frozenset()

    def most_moved(self) -> int | None:
        """Return how many steps training may move the hints of a row on; None for as far as they reach."""
        return 0

    @abstractmethod
    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Return the answer that a completion to this question holds, or None if it is malformed."""


def is_answer(text: str) -> bool:
    """Tell whether a text is one number, with sign and decimals or without."""
    return _ANSWER.fullmatch(text) is not None


def turned(number: str) -> str:
    """Reverse the digits of a number; a sign stays in front: `-12.5` becomes `-5.21`."""
    return "-" + number[:0:-1] if number.startswith("-") else number[::-1]


def spaced(question: Question) -> str:
    """Write a question with a space on both sides of every sign between operands: `(2 + -3) * 4`."""
    pieces: list[str] = []
    for index, lexeme in enumerate(question):
        after_opening = index and (question[index - 1] == "(" or is_sign(question, index - 1))
        if index and not after_opening and lexeme not in (")", ","):
            is_call = lexeme == "(" and question[index - 1].isalpha()
            pieces.append("" if is_call else " ")
        pieces.append(lexeme)
    return "".join(pieces)


def decided_by_symbols(signs: str, numbers: Sequence[Numerals]) -> bool:
    """Tell whether all questions of one shape alike hold one of `signs` or hold none: no number has a say in it."""
    negative = "-" in signs and any(number.sign.any() for number in numbers)
    return not negative and not any(sign.isdigit() for sign in signs)
