"""Worked steps: the model reduces the question line by line, as on paper, until a number is left."""

import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from abacist.core.errors import DataError
from abacist.problems.number_words import NUMBER_WORDS, in_words, number_at, value_of
from abacist.problems.problem import Problem
from abacist.problems.question import Question, is_number, is_sign
from abacist.problems.wording import asked
from abacist.text.format import Example, Format
from abacist.text.steps.alphabet import (
    BELOW,
    DIGITS,
    ENDS,
    EQUALS,
    NEAR_SYMBOLS,
    NEGATIVE,
    NEGATIVE_QUOTIENTS,
    QUOTIENTS,
    RESULTS,
    SCALES,
    WANTED,
    WANTED_IN_WORDS,
    spaced_words,
)
from abacist.text.steps.writer import GUARD, Number, items_of, text_of, work

PUNCTUATION = ".,:?"
"""Marks between words, which are left away."""

_GUESSED = {*QUOTIENTS, *NEGATIVE_QUOTIENTS}
_ANSWER = re.compile(rf"({NEGATIVE}?)([{SCALES}]?)([0-9]+)[{re.escape(ENDS)}]?$")
_SPOKEN = re.compile(rf"({NEGATIVE} )?((?:{'|'.join(sorted(NUMBER_WORDS))})(?: [a-z]+)*)$")


def near_work() -> dict[str, Any]:
    """Return the text settings of near work: the format, and a tokenizer that has its signs and no words."""
    return {
        "format": {"name": "steps", "near": True},
        "tokenizer": {"name": "signs", "symbols": NEAR_SYMBOLS, "words": []},
    }


@dataclass(frozen=True)
class Steps(Format):
    """Every reduction on a line of its own, its scratch work in front of its result; digits reversed.

    What the lines and the scratch work look like stands in `steps/writer.py`. A quotient is worked out to
    `places` decimals, unless the question asks for others; without a division all decimals are kept. With `near`
    all that a sign follows from is close by, so that questions and numbers may grow beyond those of training.
    """

    places: int = 2
    near: bool = False

    shows_work = True

    def render(self, problem: Problem) -> Example:
        """Write a problem and its work, which ends in the true answer."""
        return Example(self.prompt(problem.question), self.completion("", problem.question))

    def prompt(self, question: Question) -> str:
        """Write the question's first line: words as they are, numbers from their last digit or word."""
        lexemes: list[str] = []
        small = [lexeme.lower() for lexeme in self._bare(question)]
        index = 0
        while index < len(small):
            spoken = number_at(small, index) if small[index].isalpha() else None
            if spoken is not None:
                lexemes += reversed([word for word in small[index : spoken[1]] if word != "and"])
                index = spoken[1]
                continue
            lexeme = small[index]
            if is_number(lexeme):
                lexemes += str(Number.read(lexeme))
                index += 1
                continue
            if lexeme in PUNCTUATION:
                index += 1
                continue
            if is_sign(question, index):
                lexeme = NEGATIVE
            lexemes.append(lexeme)
            index += 1
        return spaced_words(lexemes) + self._ending(question)

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the work that leads to the answer; the answer given is not looked at."""
        symbols, places, words = asked(question)
        line = items_of(symbols)
        ending = self._ending(question)
        guesses = random.Random(str(question))
        lines = work(line, ending, self._places(symbols, places), words, guesses, self.near)
        return f"{text_of(line)}{ending}{lines}" if symbols != self._bare(question) else lines

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Take the number at the end of the last line, and turn it round."""
        last = completion.rpartition(EQUALS)[2]
        if (spoken := _SPOKEN.search(last)) is not None:
            words = " ".join(reversed(spoken[2].split()))
            value = value_of(words)
            if value is None:
                return None
            text = in_words(str(value.numerator)) if value.denominator == 1 else words
            return f"minus {text}" if spoken[1] and value else text
        found = _ANSWER.search(last)
        if found is None:
            return None
        sign, scale, digits = found.groups()
        decimals = SCALES.index(scale) + 1 if scale else 0
        text = digits[::-1].rjust(decimals + 1, "0")
        whole, behind = text[: len(text) - decimals].lstrip("0") or "0", text[len(text) - decimals :].rstrip("0")
        text = f"{whole}.{behind}" if behind else whole
        return f"-{text}" if sign and text != "0" else text

    def on_paper(self, completion: str, question: Question = ()) -> list[str]:
        """Arrange the work as one would write it on paper."""
        from abacist.text.steps.paper import on_paper  # few questions are asked to see it

        return on_paper(self.prompt(question) + completion)

    def answer_signs(self, tokens: Sequence[str]) -> list[tuple[str, int]]:
        """Turn the number at the end round, its scale read as a point; or its words."""
        around = {*RESULTS, *ENDS}
        shown = [token == BELOW or not (token.startswith("<") or token in around) for token in tokens]
        places = [place for place, is_shown in enumerate(shown) if is_shown]
        if places and tokens[places[-1]] in NUMBER_WORDS:
            wanted = [*itertools.takewhile(lambda place: tokens[place] in NUMBER_WORDS, reversed(places))]
            return [(tokens[place], place) for place in wanted]
        signs: list[tuple[str, int]] = []
        rest = reversed(places)
        for place in rest:
            if tokens[place] not in DIGITS:
                break
            signs.append((tokens[place], place))
        else:
            return signs
        if tokens[place] in SCALES:
            whole = len(signs) - SCALES.index(tokens[place]) - 1
            signs.insert(max(0, whole), ("." if whole > 0 else f"0.{'0' * -whole}", place))
            place = next(rest, place)
        return [("-", place), *signs] if tokens[place] == NEGATIVE else signs

    def undecided(self, tokens: Sequence[str]) -> frozenset[int]:
        """Return where a digit of a quotient is guessed: the next one makes good what it is off."""
        return frozenset(index for index, token in enumerate(tokens) if token in _GUESSED)

    def _bare(self, question: Question) -> Question:
        """Leave away how the answer is wanted: the sign that ends the line says it."""
        while question:
            if question[-2:-1] == ("in",) and question[-1] in ("words", "digits"):
                question = question[:-2]
            elif question[-1] in ("decimals", "decimal") and question[-3:-2] == ("to",):
                question = question[:-3]
            else:
                break
        return question

    def _places(self, symbols: Question, places: int | None) -> int | None:
        return self.places if places is None and "/" in symbols else places

    def _ending(self, question: Question) -> str:
        symbols, wished, words = asked(question)
        places = self._places(symbols, wished)
        if words:
            return EQUALS + WANTED_IN_WORDS[places is not None]
        if places is not None and places > GUARD:
            raise DataError(f"worked steps give at most {GUARD} decimals, not {places}")
        return EQUALS + WANTED[0 if places is None else places + 1]
