"""Ways to draw operands."""

import random

Range = tuple[int, int]


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
