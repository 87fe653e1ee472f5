"""Several small reckonings in parentheses, joined to one."""

import random
from dataclasses import dataclass, replace

from abacist.core.errors import QuestionError, SettingsError
from abacist.problems.draws import Range
from abacist.problems.expression import evaluate
from abacist.problems.nesting import depth_of
from abacist.problems.operation import Operation
from abacist.problems.question import Question, is_whole, write_number

SIGNS = "+-*/"


@dataclass(frozen=True)
class Multistep(Operation):
    """`((-1 + 2 + 9 * 5) - (-2 + -4 + -4 * -7))`: every level stands in parentheses, numbers in the innermost.

    The defaults are those of multistep_arithmetic_two in BIG-bench Hard, Suzgun et al. 2022, arXiv:2210.09261.
    """

    levels: int = 2
    """Parentheses within parentheses; 1 is a single group of numbers."""
    groups: Range = (2, 2)
    """Fewest and most groups within a group."""
    terms: Range = (4, 4)
    """Fewest and most numbers within an innermost group."""
    bounds: Range = (-9, 9)
    operators: str = "+-*"
    """Signs between numbers, one named twice is drawn twice as often."""
    joining: str = "+-*"
    """Signs between groups."""

    def __post_init__(self) -> None:
        if not 1 <= self.levels <= 20:
            raise SettingsError(f"levels must be from 1 to 20, got {self.levels}")
        for name, (low, high) in (("groups", self.groups), ("terms", self.terms)):
            if not 1 <= low <= high:
                raise SettingsError(f"{name} should be [fewest, most] with fewest at least 1, got [{low}, {high}]")
        if self.bounds[0] > self.bounds[1]:
            raise SettingsError(f"bounds should be [lowest, highest], got {list(self.bounds)}")
        for name, signs in (("operators", self.operators), ("joining", self.joining)):
            if not signs or not set(signs) <= set(SIGNS):
                raise SettingsError(f"{name} should be some of {SIGNS}, got {signs!r}")

    def sample(self, rng: random.Random) -> Question:
        """Draw the groups. Raises: SettingsError if none of 10,000 draws has a value."""
        for _ in range(10_000):
            question = tuple(self._group(rng, self.levels))
            if "/" not in question or _has_value(question):
                return question
        raise SettingsError("none of 10,000 problems drawn by multistep has a value; see its bounds and operators")

    def _group(self, rng: random.Random, level: int) -> list[str]:
        count = rng.randint(*(self.terms if level == 1 else self.groups))
        signs = self.operators if level == 1 else self.joining
        lexemes = ["("]
        for index in range(count):
            if index:
                lexemes.append(rng.choice(signs))
            lexemes += write_number(rng.randint(*self.bounds)) if level == 1 else self._group(rng, level - 1)
        lexemes.append(")")
        return lexemes

    def sample_nested(self, rng: random.Random, depth: int) -> Question | None:
        """Draw so many levels: numbers double, at least, with each."""
        if not 1 <= depth <= 20:
            return None
        deep = replace(self, levels=depth)
        # A group that holds nothing but a negative number is no level.
        return next((drawn for drawn in (deep.sample(rng) for _ in range(1000)) if depth_of(drawn) == depth), None)

    def contains(self, question: Question) -> bool:
        """Tell whether the question is such a group of groups that has a value."""
        return self._end(question, 0, self.levels) == len(question) and _has_value(question)

    def _end(self, question: Question, start: int, level: int) -> int | None:
        """Return where the group that begins at `start` ends, or None if none does."""
        if question[start : start + 1] != ("(",):
            return None
        count, place = 0, start
        low, high = self.terms if level == 1 else self.groups
        signs = self.operators if level == 1 else self.joining
        while count == 0 or (question[place : place + 1] != (")",) and place < len(question)):
            if count and question[place] not in signs:
                return None
            end = self._number(question, place + 1) if level == 1 else self._end(question, place + 1, level - 1)
            if end is None:
                return None
            place, count = end, count + 1
        return place + 1 if place < len(question) and low <= count <= high else None

    def _number(self, question: Question, start: int) -> int | None:
        sign = question[start : start + 1] == ("-",)
        text = question[start + sign] if start + sign < len(question) else ""
        if not is_whole(text) or len(text) > 1000:
            return None
        value = -int(text) if sign else int(text)
        plain = write_number(value) == question[start : start + sign + 1]
        return start + sign + 1 if plain and self.bounds[0] <= value <= self.bounds[1] else None


def _has_value(question: Question) -> bool:
    try:
        evaluate(question)
    except QuestionError:
        return False
    return True
