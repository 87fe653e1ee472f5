"""Sums of several numbers."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from abacist.core.errors import SettingsError
from abacist.problems.draws import Range, by_digits, by_value
from abacist.problems.operation import Operation
from abacist.problems.question import Question, is_whole


@dataclass(frozen=True)
class Sums(Operation):
    """`a + b + c + ...`, with minus signs among the plus signs where wished."""

    terms: Range = (4, 4)
    """Fewest and most numbers in the sum."""
    bounds: Range = (0, 99)
    signs: Literal["+", "+-"] = "+"
    draw: Literal["value", "digits"] = "value"

    def __post_init__(self) -> None:
        if not 2 <= self.terms[0] <= self.terms[1]:
            raise SettingsError(f"terms should be [fewest, most] with fewest at least 2, got {list(self.terms)}")
        if not 0 <= self.bounds[0] <= self.bounds[1]:
            raise SettingsError(f"bounds should be [lowest, highest], none negative, got {list(self.bounds)}")

    def sample(self, rng: random.Random) -> Question:
        """Draw the number of terms uniformly, then the terms and signs."""
        one = by_value if self.draw == "value" else by_digits
        lexemes = [str(one(rng, self.bounds))]
        for _ in range(rng.randint(*self.terms) - 1):
            lexemes += [rng.choice(self.signs), str(one(rng, self.bounds))]
        return tuple(lexemes)

    def contains(self, question: Question) -> bool:
        """Tell whether the question is such a sum, its numbers without leading zeros."""
        numbers, signs = question[::2], question[1::2]
        if len(question) % 2 == 0 or not self.terms[0] <= len(numbers) <= self.terms[1]:
            return False
        return all(sign in self.signs for sign in signs) and all(self._is_term(number) for number in numbers)

    def _is_term(self, text: str) -> bool:
        if not is_whole(text) or len(text) > len(str(self.bounds[1])):
            return False
        return str(int(text)) == text and self.bounds[0] <= int(text) <= self.bounds[1]

    def table_size(self) -> int | None:
        """Return the number of sums."""
        width = self.bounds[1] - self.bounds[0] + 1
        return sum(width**terms * len(self.signs) ** (terms - 1) for terms in range(self.terms[0], self.terms[1] + 1))

    def table(self) -> Iterator[Question]:
        """Enumerate every sum, the last number fastest."""
        numbers = [str(value) for value in range(self.bounds[0], self.bounds[1] + 1)]
        for terms in range(self.terms[0], self.terms[1] + 1):
            for signs in itertools.product(self.signs, repeat=terms - 1):
                for values in itertools.product(numbers, repeat=terms):
                    lexemes = [values[0]]
                    for sign, value in zip(signs, values[1:], strict=True):
                        lexemes += [sign, value]
                    yield tuple(lexemes)
