"""Worked steps: a question reduced line by line, written as a model shall write it.

Each line is the one before with its leftmost reducible part replaced by its result. Numbers stand with
their least significant digit first, so that every digit follows from digits already written:

    (3+4)*21-5      ->   =@  7*21-5  =@  ...scratch...  84-5  =@  97... (read from the right: 147, 142)

Scratch work stands in front of the result it is for:
    difference      the digits of |a| - |b| modulo a power of ten, then whether it fell below zero
    product         a row for each digit of b: the running sum of a times that digit, digit and carry in turn
    quotient        the dividend's digits, then a row for each digit of the quotient, highest first: that
                    digit and the remainder. Quotient digits go from -10 to 10: one that is guessed too high
                    or too low by one is made good by the next (after SRT division; Robertson 1958), so that
                    no guess has to look at all digits.

In near work what a sign follows from is close by, in lines, numbers, columns, rows or places, however long the numbers:
    a result        stands in brackets, in braces where parentheses go with it: `(3+4)*21-5=@{7}*21-5`
    a difference    below zero is worked out again the other way round
    a product       is written once more behind its rows, under the digits that each left behind
"""

import random
from dataclasses import dataclass, replace

from abacist.core.errors import DataError
from abacist.problems.number_words import in_words as words_of
from abacist.problems.question import Question, is_number, is_sign
from abacist.text.steps.alphabet import (
    ABOVE,
    AGAIN,
    BELOW,
    CARRIES,
    CLOSE,
    DROP,
    ENDS,
    FACTORS,
    NEGATIVE,
    NEGATIVE_QUOTIENTS,
    NOTHING,
    OPEN,
    OPERATORS,
    PERCENT,
    QUOTIENTS,
    RESULTS,
    SCRATCH,
    scale_sign,
)

GUARD = 12
"""Decimals that are kept within a calculation."""

HIGHEST = 10
"""The highest digit of a quotient."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a line: `digits` from the least significant, without zeros in front, `scale` of them decimals."""

    digits: str
    scale: int = 0
    negative: bool = False

    def __str__(self) -> str:
        return NEGATIVE * self.negative + scale_sign(self.scale) + self.digits

    @property
    def units(self) -> int:
        """The digits as one whole number."""
        return int(self.digits[::-1])

    @classmethod
    def of(cls, units: int, scale: int, negative: bool) -> "Number":
        """Write whole units of 10**-scale."""
        return cls(str(units)[::-1], scale, negative)

    @classmethod
    def read(cls, lexeme: str) -> "Number":
        """Read a number as typed."""
        whole, _, decimals = lexeme.partition(".")
        return cls((whole + decimals).lstrip("0")[::-1] or "0", len(decimals))


BINDING = ("*", "/")
"""Signs that bind before those of sums."""

KNOWN = (*OPERATORS, OPEN, CLOSE, PERCENT)

Item = Number | str
"""A number, or a sign of a line."""


def items_of(symbols: Question) -> list[Item]:
    """Return a question in signs as the items of a line. Raises: DataError for what worked steps have no sign for."""
    items: list[Item] = []
    for index, lexeme in enumerate(symbols):
        if is_number(lexeme):
            number = Number.read(lexeme)
            if number.scale + 2 * (symbols[index + 1 : index + 2] == (PERCENT,)) > GUARD:
                raise DataError(f"worked steps know numbers of at most {GUARD} decimals, not {lexeme}")
            if items and items[-1] == NEGATIVE:
                items[-1] = replace(number, negative=True)
            else:
                items.append(number)
        elif is_sign(symbols, index):
            items.append(NEGATIVE)
        elif lexeme in KNOWN:
            items.append(lexeme)
        else:
            raise DataError(f"worked steps know {' '.join(KNOWN)} and numbers, not {lexeme!r}")
    return items


def text_of(line: list[Item]) -> str:
    """Write a line, without its ending."""
    return "".join(map(str, line))


def work(
    line: list[Item],
    ending: str,
    places: int | None,
    in_words: bool = False,
    rng: random.Random | None = None,
    near: bool = False,
) -> str:
    """Return the lines that follow a question's first, up to the answer; each but the last has the ending.

    With `rng` the digits of quotients are guessed now and then otherwise, as a model that is learning may.
    """
    lines: list[str] = []
    while (step := _step(line, places, rng, near)) is not None:
        written, line = step
        lines.append(written)
    (answer,) = line
    assert isinstance(answer, Number)
    if in_words and (words := spoken(answer)) is not None:
        lines.append(words)
    return ending.join(lines or [text_of(line)])


def spoken(number: Number) -> str | None:
    """Write a number in words, the least significant first; None if it is too large for words."""
    places = len(number.digits) - 1
    text = str(number.units).rjust(max(places, number.scale) + 1, "0")
    whole = text[: len(text) - number.scale]
    words = words_of(f"{whole}.{text[len(whole) :]}" if number.scale else whole)
    if words is None:
        return None
    sign = f"{NEGATIVE} " * number.negative
    return sign + " ".join(reversed(words.replace("-", " ").replace(",", "").replace(" and", "").split()))


def _step(line: list[Item], places: int | None, rng: random.Random | None, near: bool) -> tuple[str, list[Item]] | None:
    """Return the next line as written and as items; None if the line is the answer."""
    if PERCENT in line:
        items = _without_percents(line)
        return text_of(items), items
    if len(line) == 1:
        (number,) = line
        assert isinstance(number, Number)
        if places is None or number.scale <= places:
            return None
        rounded = _rounded(number, places)
        return str(rounded), [rounded]
    start, length = _reducible(line)
    opened = line[start] == OPEN
    inner = line[start + 1 : start + length - 1] if opened else line[start : start + length]
    # The last division goes one decimal beyond those wanted: that one decides how they are rounded.
    decimals = GUARD if places is None or len(line) > 3 else places + 1
    scratch, result = _solved(inner, decimals, rng, near)
    if opened and start and line[start - 1] == NEGATIVE:
        result = replace(result, negative=not result.negative)
        start, length = start - 1, length + 1
    before, after = line[:start], line[start + length :]
    # Scratch work stands before the sign of the result, which may follow from it.
    shown = f"{RESULTS[opened]}{result}{ENDS[opened]}" if near else str(result)
    return f"{text_of(before)}{scratch}{shown}{text_of(after)}", [*before, result, *after]


def _without_percents(line: list[Item]) -> list[Item]:
    items: list[Item] = []
    for item in line:
        if item == PERCENT and items and isinstance(number := items[-1], Number):
            items[-1] = replace(number, scale=number.scale + 2)
        elif item == PERCENT:
            raise DataError(f"worked steps know percents of numbers only, see {text_of(line)}")
        else:
            items.append(item)
    return items


def _reducible(line: list[Item]) -> tuple[int, int]:
    """Return start and length of the leftmost part that can be reduced: two numbers, or one in parentheses."""
    for index, item in enumerate(line):
        if not isinstance(item, Number):
            continue
        opened = index > 0 and line[index - 1] == OPEN
        after, other, follows = (*line[index + 1 : index + 4], "", "", "")[:3]
        if opened and after == CLOSE:
            return index - 1, 3
        if isinstance(other, Number) and (after in BINDING or follows not in BINDING):
            return (index - 1, 5) if opened and follows == CLOSE else (index, 3)
    raise DataError(f"{text_of(line)} cannot be worked out")


def _solved(inner: list[Item], decimals: int, rng: random.Random | None, near: bool) -> tuple[str, Number]:
    """Return the scratch work and the result of a reduction."""
    if len(inner) == 1:
        (result,) = inner
        assert isinstance(result, Number)
        return "", result
    a, sign, b = inner
    assert isinstance(a, Number)
    assert isinstance(b, Number)
    if sign == "*":
        return _multiply(a, b, near)
    if sign == "/":
        return _divide(a, b, decimals, rng)
    return _add(a, replace(b, negative=b.negative != (sign == "-")), near)


def _add(a: Number, b: Number, near: bool) -> tuple[str, Number]:
    scale = max(a.scale, b.scale)
    left, right = a.units * 10 ** (scale - a.scale), b.units * 10 ** (scale - b.scale)
    if a.negative == b.negative:
        return "", Number.of(left + right, scale, a.negative)
    difference = left - right
    width = max(len(a.digits) - a.scale, len(b.digits) - b.scale) + scale
    draft = _digits(difference, width)
    drop = DROP * (width - len(str(abs(difference))))
    work = scale_sign(scale) + _scratch(draft) + (ABOVE if difference >= 0 else BELOW)
    if near and difference < 0:
        work += AGAIN + _scratch(_digits(-difference, width)) + ABOVE
    return work + drop, Number.of(abs(difference), scale, a.negative != (difference < 0))


def _multiply(a: Number, b: Number, near: bool) -> tuple[str, Number]:
    negative, scale = a.negative != b.negative, a.scale + b.scale
    if "0" in (a.digits, b.digits):
        return "", Number("0", 0, negative)
    factor = [int(digit) for digit in a.digits]
    rows, running = [scale_sign(scale)], [0] * (len(factor) + 1)
    for digit in map(int, b.digits):
        row, carry, fresh = [FACTORS[digit]], 0, []
        for place, other in enumerate(factor):
            carry, left = divmod(running[place + 1] + other * digit + carry, 10)
            fresh.append(left)
            row += [SCRATCH[left], CARRIES[carry]]
        row.append(SCRATCH[carry])
        running = [*fresh, carry]
        rows.append("".join(row))
    units = a.units * b.units
    if near:
        rows.append(AGAIN + _scratch(_digits(units, len(a.digits) + len(b.digits))))
    kept = min(scale, GUARD)
    return "".join(rows), Number.of(units // 10 ** (scale - kept), kept, negative)


def _divide(a: Number, b: Number, decimals: int, rng: random.Random | None) -> tuple[str, Number]:
    divisor, width = b.units, len(b.digits)
    columns = [int(digit) for digit in b.digits]
    shift = a.scale - b.scale
    work = [scale_sign(shift), _scratch(a.digits)]
    remainder, units, place = 0, 0, len(a.digits) - 1
    while True:
        down, following = (int(a.digits[at]) if at >= 0 else 0 for at in (place, place - 1))
        dividend = 10 * remainder + down
        at = place - shift
        digit = _guess(dividend, None if at <= -decimals else following, divisor, rng)
        work.append(QUOTIENTS[digit] if digit >= 0 else NEGATIVE_QUOTIENTS[-digit])
        old = [down, *map(int, _digits(remainder, width))]
        carry = 0
        for column, other in enumerate(columns):
            total = carry + abs(digit) * other
            if digit >= 0:
                left = (old[column] - total) % 10
                carry = (total - old[column] + left) // 10
            else:
                carry, left = divmod(old[column] + total, 10)
            work += [SCRATCH[left], CARRIES[carry]]
        remainder = dividend - digit * divisor
        units = 10 * units + digit
        done = remainder == 0 and place <= 0 and at <= 0
        work.append(NOTHING if done else ABOVE if remainder >= 0 else BELOW)
        if done or at <= -decimals:
            break
        place -= 1
    if remainder < 0:
        units -= 1
    return "".join(work), Number.of(units, max(0, -at), a.negative != b.negative)


def _guess(dividend: int, following: int | None, divisor: int, rng: random.Random | None) -> int:
    """Return a quotient digit: the nearest, with `rng` now and then one that is off by one.

    `following` is the dividend's next digit, None behind the last one that is looked at.
    """
    nearest = -((divisor - 2 * dividend) // (2 * divisor))
    if rng is None or rng.random() < 0.9:
        return nearest

    def is_made_good(digit: int) -> bool:
        left = dividend - digit * divisor
        if following is None:
            return -divisor <= left < divisor
        return abs(10 * left + following) <= HIGHEST * divisor

    choices = range(max(-HIGHEST, nearest - 1), min(HIGHEST, nearest + 1) + 1)
    return rng.choice([digit for digit in choices if is_made_good(digit)])


def _digits(value: int, width: int) -> str:
    """Return the lowest digits, the least significant first; those of ten's complement below zero."""
    return str(value % 10**width).rjust(width, "0")[::-1]


def _rounded(number: Number, places: int) -> Number:
    units, rest = divmod(number.units, 10 ** (number.scale - places))
    return Number.of(units + (2 * rest >= 10 ** (number.scale - places)), places, number.negative)


def _scratch(digits: str) -> str:
    return "".join(SCRATCH[int(digit)] for digit in digits)
