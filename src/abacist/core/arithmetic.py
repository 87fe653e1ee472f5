"""Exact arithmetic for what calculates inside a model or beside it: a unit, a tool.

Truth is another matter: `problems` has its own arithmetic, and nothing here is called by it.
"""

from collections.abc import Callable
from fractions import Fraction

TAKEN_FROM, APART = "~", "|"
"""Signs that words stand for and that no one types: 7 taken from 12, and how far 7 and 12 are apart."""

BINARY: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    TAKEN_FROM: lambda left, right: right - left,
    APART: lambda left, right: abs(left - right),
}
"""What each sign between two numbers does with them."""

BEFORE: dict[str, Callable[[Fraction], Fraction]] = {"-": lambda number: -number, "+": lambda number: number}
"""What each sign in front of a number does with it."""

BEHIND: dict[str, Callable[[Fraction], Fraction]] = {"%": lambda number: number / 100}
"""What each sign behind a number does with it."""


def number_of(text: str) -> Fraction | None:
    """Return the number that digits, with a point or without, write; None if they write none."""
    try:
        return Fraction(text) if text[:1].isdigit() and text[-1:].isdigit() else None
    except ValueError:
        return None


def applied(sign: str, *numbers: Fraction) -> Fraction | None:
    """Return what a sign between two numbers makes of them; None where that is no number, as of 1/0."""
    try:
        return BINARY[sign](*numbers)
    except ZeroDivisionError:
        return None


def written(number: Fraction, places: int, pad: bool = False) -> str:
    """Return a number as text: rounded to so many decimals, half away from zero, with all of them if padded."""
    scaled = (2 * abs(number.numerator) * 10**places + number.denominator) // (2 * number.denominator)
    digits = str(scaled).rjust(places + 1, "0")
    whole, decimals = digits[: len(digits) - places], digits[len(digits) - places :]
    if not pad:
        decimals = decimals.rstrip("0")
    return "-" * (number < 0 and scaled > 0) + whole + "." * bool(decimals) + decimals
