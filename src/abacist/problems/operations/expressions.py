"""Expressions of several numbers, with decimals, percents, negative numbers and parentheses as wished."""

import math
import random
from dataclasses import dataclass, replace
from fractions import Fraction

from abacist.core.errors import QuestionError, SettingsError
from abacist.problems.draws import Range
from abacist.problems.expression import evaluate
from abacist.problems.nesting import nest
from abacist.problems.operation import Number, Operation
from abacist.problems.question import Question, is_number, write_number

SIGNS = "+-*/"


class _DeadEndError(Exception):
    """No sign fits in front of a number that was drawn."""


@dataclass(frozen=True)
class Expressions(Operation):
    """`-5.2*(40-3)/9%+7`: a random expression, whose value and those on the way to it stay in bounds."""

    terms: Range = (2, 4)
    """Fewest and most numbers; each count is as likely as the others."""
    digits: Range = (1, 2)
    """Fewest and most digits before the point, drawn uniformly for each number."""
    operators: str = "+-*/"
    """Signs between numbers, one named twice is drawn twice as often."""
    decimals: int = 0
    """Most decimals of those numbers that have any."""
    decimal_share: float = 0.0
    """Share of numbers with decimals."""
    negative_share: float = 0.0
    """Share of numbers with a minus of their own."""
    enclosed: bool = False
    """Write negative numbers in parentheses: `2*(-3)`."""
    percent_share: float = 0.0
    """Share of percents among the numbers without decimals."""
    brackets: float = 0.0
    """Chance of parentheses to open where a number may stand."""
    depth: int = 1
    """Most parentheses within one another, those around negative numbers left out."""
    least_depth: int = 0
    """Fewest parentheses within one another at the deepest place."""
    negated_share: float = 0.0
    """Share of parentheses with a minus in front."""
    doubled_share: float = 0.0
    """Share of parentheses with another pair right around them: `((3+4))`."""
    whole_quotients: bool = False
    """Divide without remainder where a whole number is divided by a number."""
    largest_value: int = 10**15
    """Bound of the value and of those on the way to it, signs left out."""

    def __post_init__(self) -> None:
        if not 1 <= self.terms[0] <= self.terms[1]:
            raise SettingsError(f"terms should be [fewest, most] with fewest at least 1, got {list(self.terms)}")
        if not 1 <= self.digits[0] <= self.digits[1] <= 100:
            raise SettingsError(f"digits should be [fewest, most], from 1 to 100, got {list(self.digits)}")
        if not self.operators or not set(self.operators) <= set(SIGNS):
            raise SettingsError(f"operators should be some of {SIGNS}, got {self.operators!r}")
        if not 0 <= self.decimals <= 20:
            raise SettingsError(f"decimals must be from 0 to 20, got {self.decimals}")
        if self.decimal_share and not self.decimals:
            raise SettingsError("decimal_share needs decimals above 0")
        if not 0 <= self.depth <= 50:
            raise SettingsError(f"depth must be from 0 to 50, got {self.depth}")
        if not 0 <= self.least_depth <= self.depth or (self.least_depth and not self.brackets):
            raise SettingsError(f"least_depth must be from 0 to depth, and 0 without brackets, got {self.least_depth}")
        for name in ("decimal_share", "negative_share", "percent_share", "brackets", "negated_share", "doubled_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name} must be from 0 to 1, got {getattr(self, name)}")
        if self.largest_value < 1:
            raise SettingsError(f"largest_value must be at least 1, got {self.largest_value}")

    def sample(self, rng: random.Random) -> Question:
        """Draw an expression. Raises: SettingsError if none of 10,000 draws keeps the bound."""
        for _ in range(10_000):
            lexemes: list[str] = []
            try:
                value = self._chain(rng, lexemes, rng.randint(*self.terms), self.depth)
            except _DeadEndError:
                continue
            question = tuple(lexemes)
            deep = not self.least_depth or (self._deepest(question) or 0) >= self.least_depth
            if deep and -self.largest_value <= value <= self.largest_value:
                return question
        raise SettingsError(
            "none of 10,000 expressions drawn keeps largest_value and least_depth; see terms, digits and brackets"
        )

    def _chain(self, rng: random.Random, lexemes: list[str], count: int, depth: int) -> Number:
        """Write numbers and groups with signs between them; return the value."""
        total: Number = 0
        product: Number = 0  # what the next * or / acts on; total holds the rest
        left, bound = count, self.largest_value
        while left:
            first = left == count
            if left > 1 and depth and self.brackets and rng.random() < self.brackets:
                negated = self.negated_share > 0 and rng.random() < self.negated_share
                # Parentheses around everything say nothing without a minus in front.
                most = left - 1 if first and not negated else left
            else:
                negated, most = False, 1
            if most < 2:
                size, (operand, value) = 1, self._number(rng)
            else:
                doubled = self.doubled_share > 0 and rng.random() < self.doubled_share
                size, operand = rng.randint(2, most), ["-"] * negated + ["("] * (1 + doubled)
                value = self._chain(rng, operand, size, depth - 1)
                operand += [")"] * (1 + doubled)
                value = -value if negated else value
            if first:
                product = value
            else:
                sign, operand, value = self._sign(rng, operand, product, value, size == 1)
                lexemes.append(sign)
                if sign in "+-":
                    total, product = total + product, -value if sign == "-" else value
                else:
                    product = product * value if sign == "*" else _quotient(product, value)
                if not -bound <= total + product <= bound:
                    raise _DeadEndError
            lexemes += operand
            left -= size
        return total + product

    def _sign(
        self, rng: random.Random, operand: list[str], product: Number, value: Number, single: bool
    ) -> tuple[str, list[str], Number]:
        """Draw the sign in front of an operand; one that breaks a bound gives way to the others."""
        signs = self.operators
        while signs:
            sign = rng.choice(signs)
            if sign in "+-" or (sign == "*" and _size(product * value) <= self.largest_value):
                return sign, operand, value
            if sign == "/" and value:
                if not self.whole_quotients or not single or product.denominator != 1:
                    if _size(product) <= self.largest_value * _size(value):
                        return sign, operand, value
                elif value.denominator == 1:
                    return sign, *self._divisor(operand, int(product), int(value))
            signs = signs.replace(sign, "")
        raise _DeadEndError

    def _divisor(self, operand: list[str], product: int, value: int) -> tuple[list[str], int]:
        """Put the greatest common divisor with what is divided in place of a divisor that leaves a remainder."""
        size = math.gcd(product, value) if product else abs(value)
        if "%" in operand:  # a whole number of hundreds
            return (operand, value) if product % value == 0 else self._written(size, negative=value < 0)
        return self._written(size, negative=value < 0)

    def _written(self, size: int, negative: bool) -> tuple[list[str], int]:
        if not negative:
            return [str(size)], size
        return ["(", "-", str(size), ")"] if self.enclosed else ["-", str(size)], -size

    def _number(self, rng: random.Random) -> tuple[list[str], Number]:
        low, high = self.digits
        digits = low if low == high else rng.randint(low, high)
        scaled = rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)
        value: Number = scaled
        if self.decimal_share and rng.random() < self.decimal_share:
            places = rng.randint(1, self.decimals)
            # The last decimal is no zero: every number is written with the fewest.
            scaled = scaled * 10**places + 10 * rng.randrange(10 ** (places - 1)) + rng.randint(1, 9)
            lexemes, value = list(write_number(scaled, places)), Fraction(scaled, 10**places)
        elif self.percent_share and rng.random() < self.percent_share:
            lexemes, value = [str(scaled), "%"], Fraction(scaled, 100)
        else:
            lexemes = [str(scaled)]
        if scaled and self.negative_share and rng.random() < self.negative_share:
            return (["(", "-", *lexemes, ")"] if self.enclosed else ["-", *lexemes]), -value
        return lexemes, value

    def of_terms(self, terms: int) -> "Expressions | None":
        """Return it as a chain of so many numbers; none where it multiplies, which soon breaks every bound."""
        if self.brackets or not set(self.operators) <= set("+-") or terms < 1:
            return None
        most = max(self.largest_value, terms * 10 ** self.digits[1])
        return replace(self, terms=(terms, terms), largest_value=most)

    def sample_nested(self, rng: random.Random, depth: int) -> Question | None:
        """Draw a nest, its value unbounded; none where parentheses are never opened."""
        return nest(rng, depth, self.operators, lambda rng: self._number(rng)[0]) if self.brackets else None

    def contains(self, question: Question) -> bool:
        """Tell whether numbers, signs and parentheses are such ones; values on the way are not looked at."""
        numbers = [index for index, lexeme in enumerate(question) if is_number(lexeme)]
        if not self.terms[0] <= len(numbers) <= self.terms[1] or not all(self._fits(question[i]) for i in numbers):
            return False
        negatives = sum(question[i - 1 : i] == ("-",) and self._is_sign(question, i - 1) for i in numbers)
        if negatives and not self.negative_share:
            return False
        deepest = self._deepest(question)
        allowed = self.depth * (1 + (self.doubled_share > 0)) if self.brackets else 0
        if deepest is None or not self.least_depth <= deepest <= allowed:
            return False
        return _is_bounded(question, self.largest_value)

    def _deepest(self, question: Question) -> int | None:
        """Return the most parentheses within one another; None if there are signs that are not drawn."""
        depth = deepest = 0
        for index, lexeme in enumerate(question):
            if is_number(lexeme):
                continue
            after = question[index + 1 : index + 2]
            if lexeme == "(":
                depth += not self._is_enclosed(question, index)
                deepest = max(deepest, depth)
            elif lexeme == ")":
                depth -= not self._is_enclosed(question, index - 3 - (question[index - 1] == "%"))
            elif lexeme == "%":
                if not self.percent_share or "." in question[index - 1] or not is_number(question[index - 1]):
                    return None
            elif self._is_sign(question, index):
                if lexeme != "-" or after in (("-",), ()) or (after == ("(",) and not self.negated_share):
                    return None
            elif lexeme not in self.operators:
                return None
        return deepest

    @staticmethod
    def _is_sign(question: Question, index: int) -> bool:
        before = question[index - 1] if index else "("
        return not (is_number(before) or before in (")", "%"))

    def _is_enclosed(self, question: Question, start: int) -> bool:
        """Tell whether the parenthesis at `start` holds a negative number alone."""
        if not self.enclosed or start < 0 or question[start : start + 2] != ("(", "-"):
            return False
        end = start + 3 + (question[start + 3 : start + 4] == ("%",))
        return is_number(question[start + 2]) and question[end : end + 1] == (")",)

    def _fits(self, text: str) -> bool:
        whole, _, decimals = text.partition(".")
        low, high = self.digits
        shortest = 1 if self.whole_quotients else low
        if not shortest <= len(whole) <= high or (len(whole) > 1 and whole.startswith("0")):
            return False
        if "." not in text:
            return True
        return self.decimal_share > 0 and len(decimals) <= self.decimals and not decimals.endswith("0")


def _size(value: Number) -> Number:
    return -value if value < 0 else value


def _quotient(product: Number, value: Number) -> Number:
    quotient = Fraction(product) / value
    return quotient.numerator if quotient.denominator == 1 else quotient


def _is_bounded(question: Question, bound: int) -> bool:
    try:
        return _size(evaluate(question)) <= bound
    except QuestionError:
        return False
