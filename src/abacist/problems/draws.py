"""Ways to draw operands, one by one or in columns."""

import random

import numpy as np

from abacist.problems.columns import Integers

Range = tuple[int, int]

POWERS = np.array([10**exponent for exponent in range(19)], dtype=np.int64)
"""The powers of ten within 64 bits."""


def by_value(rng: random.Random, bounds: Range) -> int:
    """Draw uniformly from low to high, both included."""
    return rng.randint(*bounds)


def by_digits(rng: random.Random, bounds: Range) -> int:
    """Draw the number of digits uniformly, then a number of that many digits within the bounds.

    With a negative lower bound the sign is drawn too, where the bounds leave a choice.
    """
    low, high = bounds
    if low < 0:
        negative = high < 0 or rng.random() < 0.5
        low, high = (max(1, -high), -low) if negative else (0, high)
        return -by_digits(rng, (low, high)) if negative else by_digits(rng, (low, high))
    digits = rng.randint(len(str(low)), len(str(high)))
    return rng.randint(max(low, 10 ** (digits - 1) if digits > 1 else 0), min(high, 10**digits - 1))


def carry_heavy(rng: random.Random, digits: int) -> Range:
    """Draw two numbers of up to `digits` digits whose sum is full of carries.

    Half of the columns sum to nine, so that a carry runs through them; the others are equally often
    uniform or sure to start a carry. One addition in four is a cascade: every column above the first
    sums to nine, and the first starts a carry. In one of eight every column starts one of its own.
    """
    length = rng.randint(1, digits)
    shape = rng.random()
    cascade, every = shape < 0.25, 0.25 <= shape < 0.375
    left = right = 0
    for place in range(length):
        kind = rng.random()
        if every or (cascade and place == 0) or (not cascade and kind < 0.25):
            a = rng.randint(1, 9)
            b = rng.randint(10 - a, 9)
        elif cascade or kind < 0.75:
            a = rng.randint(0, 9)
            b = 9 - a
        else:
            a, b = rng.randint(0, 9), rng.randint(0, 9)
        left += a * 10**place
        right += b * 10**place
    return left, right


def cascade(rng: random.Random, left: int, right: int) -> tuple[int, int]:
    """Draw two numbers of exactly so many digits whose sum carries through every column of the longer one.

    The first column starts a carry, and every other sums to nine, so that the carry runs on: with one
    digit on a side these are 999...9 + 1 and its like.
    """
    first = second = 0
    for place in range(max(left, right)):
        if place == 0:
            a = rng.randint(1, 9)
            b = rng.randint(10 - a, 9)
        elif place >= min(left, right):
            a, b = (9, 0) if left > right else (0, 9)
        else:  # no number begins with a zero
            a = rng.randint(int(place == left - 1), 9 - (place == right - 1))
            b = 9 - a
        first += a * 10**place
        second += b * 10**place
    return first, second


def same_endings(rng: random.Random, left: int, right: int) -> Range:
    """Give two numbers from zero up the same lowest digits, the right one's those of the left one.

    One, two ... or all digits of the longer one, equally often: their difference ends in so many zeros.
    """
    power = 10 ** rng.randint(1, len(str(max(left, right))))
    return left, right - right % power + left % power


def by_value_batch(rng: "np.random.Generator", bounds: Range, count: int) -> Integers:
    """Draw a column as `by_value` draws each."""
    return rng.integers(*bounds, count, endpoint=True)


def by_digits_batch(rng: "np.random.Generator", bounds: Range, count: int) -> Integers:
    """Draw a column as `by_digits` draws each, of at most 18 digits."""
    low, high = bounds
    if low < 0:
        negative = np.full(count, high < 0) | (rng.random(count) < 0.5)
        drawn = np.empty(count, dtype=np.int64)
        drawn[negative] = -by_digits_batch(rng, (max(1, -high), -low), int(negative.sum()))
        if high >= 0:
            drawn[~negative] = by_digits_batch(rng, (0, high), int((~negative).sum()))
        return drawn
    digits = rng.integers(len(str(low)), len(str(high)), count, endpoint=True)
    least = np.maximum(low, np.where(digits > 1, POWERS[digits - 1], 0))
    return rng.integers(least, np.minimum(high, POWERS[digits] - 1), endpoint=True)


def carry_heavy_batch(rng: "np.random.Generator", digits: int, count: int) -> tuple[Integers, Integers]:
    """Draw two columns as `carry_heavy` draws each pair, of at most 18 digits."""
    shape = rng.random((count, 1))
    cascade, every = shape < 0.25, (shape >= 0.25) & (shape < 0.375)
    kind = rng.integers(0, 4, (count, digits), dtype=np.int8)
    places = np.arange(digits)
    starts = every | (cascade & (places == 0)) | (~cascade & (kind == 0))
    nine = ~starts & (cascade | (kind < 3))
    a, b = rng.integers(0, 10, (2, count, digits), dtype=np.int8)
    b[nine] = 9 - a[nine]
    first = rng.integers(1, 10, int(starts.sum()), dtype=np.int8)
    a[starts] = first
    b[starts] = rng.integers(10 - first, 10, dtype=np.int8)
    kept = POWERS[:digits] * (places < rng.integers(1, digits, (count, 1), endpoint=True))
    return (a * kept).sum(axis=1), (b * kept).sum(axis=1)


def same_endings_batch(rng: "np.random.Generator", left: Integers, right: Integers) -> tuple[Integers, Integers]:
    """Do for two columns what `same_endings` does for a pair, of at most 18 digits."""
    digits = np.maximum(1, np.searchsorted(POWERS, np.maximum(left, right), side="right"))
    power = POWERS[rng.integers(1, digits, endpoint=True)]
    return left, right - right % power + left % power
