"""A row of readings, worked out one exact application after another until a number is left.

Which applications there can be follows from the form of the row; which of them comes next is chosen by whoever
calls, from a window of what stands around each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from abacist.core.arithmetic import BEFORE, BEHIND, BINARY, applied, number_of, written
from abacist.core.readings import CLOSE, DIGITS, OPEN, POINT, SIGNS

NUMBER, EDGE = "n", " "
KINDS = NUMBER + SIGNS + OPEN + CLOSE + EDGE
"""What an item can be, for the choice: a number is one, whatever it is worth."""
REACH = 2
"""Items in sight on both sides of an application's middle."""
WINDOWS = len(KINDS) ** (2 * REACH + 1)
"""How many windows there are."""

Choice = Callable[[Sequence[int], Sequence[int]], int]
"""Told the windows of all applications and the places of their middles, returns which one comes next."""


@dataclass(slots=True)
class Item:
    """A number, or a sign, or a mark; `place` is where it, or what it came of, stands in the row."""

    kind: str
    place: int
    value: Fraction = Fraction(0)


def items_of(signs: str) -> list[Item] | None:
    """Put digits together to numbers. Returns: None where a point is no decimal point."""
    items: list[Item] = []
    start = 0
    while start < len(signs):
        end = start
        while end < len(signs) and signs[end] in DIGITS + POINT:
            end += 1
        if end == start:
            items.append(Item(signs[start], start))
            end += 1
        elif (value := number_of(signs[start:end])) is not None:
            items.append(Item(NUMBER, start, value))
        else:
            return None
        start = end
    return items


def reduced(signs: str, choose: Choice, tell: Callable[[str, Fraction], None] | None = None) -> Fraction | None:
    """Work a row of signs out; `tell` is told each application, as it stands there, with its result.

    An application is a sign with its numbers: between two, in front of one, behind one; or a number alone between
    two marks, which it then stands for. Its result takes their place.
    Returns: None where nothing can be applied any more and more than a number is left, or where one has no result.
    """
    items = items_of(signs)
    while items is not None and len(items) > 1:
        spans = {place: span for place in range(len(items)) if (span := _span(items, place))}
        if not spans:
            return None
        middles = list(spans)
        middle = middles[choose([window(items, place) for place in middles], [items[m].place for m in middles])]
        first, end = spans[middle]
        left = _applied(items, middle, first, end)
        if tell is not None and left is not None:
            tell("".join(_shown(item) for item in items[first:end]), left[first].value)
        items = left
    return items[0].value if items and items[0].kind == NUMBER else None


def window(items: Sequence[Item], middle: int) -> int:
    """Return what stands around an item, as one number below WINDOWS."""
    code = 0
    for place in range(middle - REACH, middle + REACH + 1):
        kind = items[place].kind if 0 <= place < len(items) else EDGE
        code = code * len(KINDS) + KINDS.index(kind)
    return code


def _span(items: Sequence[Item], middle: int) -> tuple[int, int] | None:
    """Return the first item of the application whose middle this is and the one behind its last; None if it is none."""
    kind = items[middle].kind
    before = items[middle - 1].kind if middle else EDGE
    behind = items[middle + 1].kind if middle + 1 < len(items) else EDGE
    if kind == NUMBER:
        return (middle - 1, middle + 2) if (before, behind) == (OPEN, CLOSE) else None
    if kind in BEHIND:
        return (middle - 1, middle + 1) if before == NUMBER else None
    if behind != NUMBER:
        return None
    if before == NUMBER:
        return (middle - 1, middle + 2) if kind in BINARY else None
    in_front = kind in BEFORE and before != CLOSE and before not in BEHIND
    return (middle, middle + 2) if in_front else None


def _shown(item: Item) -> str:
    """Return an item as text, a fraction in parentheses of its own."""
    text = item.kind if item.kind != NUMBER else shown(item.value)
    return f"({text})" if "/" in text[1:] else text


def shown(value: Fraction) -> str:
    """Return an exact value as text: `7`, `-0.25`, or `1/3` where decimals do not end."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return written(value, value.denominator.bit_length()) if rest == 1 else str(value)


def _applied(items: list[Item], middle: int, first: int, end: int) -> list[Item] | None:
    """Put the result of an application, from item `first` up to `end`, into its place; None without one."""
    kind, place = items[middle].kind, items[middle].place
    numbers = [item.value for item in items[first:end] if item.kind == NUMBER]
    if kind == NUMBER:
        result: Fraction | None = numbers[0]
    elif kind in BEHIND:
        result = BEHIND[kind](*numbers)
    elif len(numbers) == 1:
        result = BEFORE[kind](*numbers)
    else:
        result = applied(kind, *numbers)
    if result is None:
        return None
    return [*items[:first], Item(NUMBER, place, result), *items[end:]]
