"""Coordinates of worked steps: where on the ruled paper a token stands, by one causal rule over token classes.

The rule counts lines, numbers and columns; it never sees which digit a token is. After the index in the row:

    column  digits before this one in its number, or in its row of scratch work
    item    numbers begun in this line; scratch work and the result it is for are one
    line    lines begun so far; a line begins with the sign after an `=`, which says how many decimals are wanted
    row     in scratch work with several rows: which one, upwards from 0 in a product, downwards from the
            dividend's highest column in a quotient; elsewhere the column
    place   the power of ten that a digit stands for, as its number's scale says

Signs between numbers go on counting columns, rows and places from the number before them, so that the end
of a number stands where its next digit would. In near work their rows count from the end of that number, and an
opening parenthesis is an item of its own: so a run of parentheses, however long, looks to each like a short one.
"""

import numpy as np
from numpy.typing import NDArray

from abacist.problems.number_words import NUMBER_WORDS
from abacist.text.steps import alphabet

Integers = NDArray[np.int64]

INDEX, COLUMN, ITEM, LINE, ROW, PLACE = range(6)
N_COORDINATES = 6

_FIRST = 3  # classes below are those of plain rows, see `text/coordinates.py`
(OTHER, START, DIGIT, SCRATCH, CARRY, FACTOR, QUOTIENT, SIGN, MARK, DROP, OPEN, WANTED) = range(_FIRST, _FIRST + 12)
(AGAIN, RESULT, END, BETWEEN, PARENTHESIS, SCALE) = range(_FIRST + 12, _FIRST + 18)
_NO_SCALE = 40
"""A scale's class is this plus its value: all of them count as `SCALE`."""

_CLASSES = {
    "<start>": START,
    **dict.fromkeys((*alphabet.DIGITS, *NUMBER_WORDS), DIGIT),
    **dict.fromkeys(alphabet.SCRATCH, SCRATCH),
    **dict.fromkeys(alphabet.CARRIES, CARRY),
    **dict.fromkeys(alphabet.FACTORS, FACTOR),
    **dict.fromkeys(alphabet.QUOTIENTS + alphabet.NEGATIVE_QUOTIENTS, QUOTIENT),
    **{sign: _NO_SCALE + index for index, sign in enumerate(alphabet.SCALES, 1)},
    **{sign: _NO_SCALE - index for index, sign in enumerate(alphabet.NEGATIVE_SCALES, 1)},
    alphabet.NEGATIVE: SIGN,
    **dict.fromkeys((alphabet.ABOVE, alphabet.BELOW, alphabet.NOTHING), MARK),
    alphabet.DROP: DROP,
    alphabet.OPEN: OPEN,
    alphabet.AGAIN: AGAIN,
    **dict.fromkeys(alphabet.RESULTS, RESULT),
    **dict.fromkeys(alphabet.ENDS, END),
    **dict.fromkeys(alphabet.WANTED + alphabet.WANTED_IN_WORDS, WANTED),
}

_NEAR = {
    **_CLASSES,
    **dict.fromkeys((*alphabet.OPERATORS, alphabet.CLOSE, alphabet.PERCENT, alphabet.EQUALS), BETWEEN),
    alphabet.OPEN: PARENTHESIS,
}
"""Classes of a vocabulary of near work."""

_IN_NUMBER = (DIGIT, SCRATCH, CARRY, FACTOR, QUOTIENT, SIGN, MARK, DROP, SCALE, AGAIN, RESULT, END)
_BEGINS_ITEM = (DIGIT, SCRATCH, FACTOR, QUOTIENT, SIGN, SCALE, RESULT, PARENTHESIS)


def _places(before: int, now: int) -> tuple[list[int], list[int], list[int]]:
    """Return column, row and place of a token, each as sum of (one, column, row, place) of the token before."""
    stay = [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]
    zero = [0, 0, 0, 0]
    scaled = stay[2] if before == SCALE else zero
    if now in (START, WANTED, SIGN, SCALE, RESULT, PARENTHESIS):
        return zero, zero, zero
    if now == CARRY:
        return stay
    if now == DROP:
        return [-1, 1, 0, 0], [-1, 0, 1, 0], [-1, 0, 0, 1]
    if now == AGAIN:
        # Places begin again. In a product a digit's row is one more than that which left it behind, and its column
        # one more than in the last row: no digits of the two factors stand to each other like that.
        if before == SCRATCH:
            return [0, 0, -1, 0], zero, [-1, -1, -1, 1]
        return [-1, 0, 0, 0], [-1, 0, 0, 0], [-1, 0, -1, 1]
    if now == END:
        return stay[0], [-1, 0, 0, 0], stay[2]
    if now == BETWEEN and before == DIGIT:
        return [1, 1, 0, 0], zero, [1, 0, 0, 1]
    if before == AGAIN:
        return [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]
    # Rows of scratch work: a head, then digit and carry by columns; in them place = row + column - scale.
    if now == SCRATCH and before in (FACTOR, QUOTIENT):
        return zero, stay[1], stay[2]
    if before == CARRY:
        return [1, 1, 0, 0], stay[1], [1, 0, 0, 1]
    if now == FACTOR:
        return (zero, [1, 0, 1, 0], [1, -1, 0, 1]) if before == SCRATCH else (zero, zero, scaled)
    if now == QUOTIENT:
        # The first row of a quotient stands at the last column of the dividend, written just before.
        return (zero, [-1, 0, 1, 0], [-1, -1, 0, 1]) if before == MARK else (zero, stay[1], stay[2])
    if now in (DIGIT, SCRATCH) and before != now:
        return zero, zero, scaled
    return [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]


def _rule() -> Integers:
    """Return the rule: by the classes before and now, the map from one token's coordinates to the next one's.

    Shape: (classes, classes, 7, 6); the maps apply to (1, *coordinates).
    """
    rule = np.zeros((SCALE + 1, SCALE + 1, 1 + N_COORDINATES, N_COORDINATES), dtype=np.int64)
    for before in range(SCALE + 1):
        for now in range(SCALE + 1):
            new = rule[before, now]
            new[[0, 1 + INDEX], INDEX] = 1
            new[0, LINE] = now in (START, WANTED)
            new[1 + LINE, LINE] = 1
            if now not in (START, WANTED):
                new[1 + ITEM, ITEM] = 1
                # A sign that turned out to stand before a parenthesis has not begun a number.
                new[0, ITEM] = now in _BEGINS_ITEM and before not in _IN_NUMBER
                new[0, ITEM] -= now == OPEN and before == SIGN
                # A product that is written again counts as the number behind it.
                if before == SCRATCH:
                    new[0, ITEM] += (now == AGAIN) - (now == RESULT)
            for axis, sums in zip((COLUMN, ROW, PLACE), _places(before, now), strict=True):
                new[[0, 1 + COLUMN, 1 + ROW, 1 + PLACE], axis] = sums
    return rule


_RULE = _rule()


def is_ruled(classes: Integers) -> bool:
    """Tell whether a table of classes is one of worked steps."""
    return int(classes.max()) >= _FIRST


def token_classes(vocabulary: list[str]) -> Integers:
    """Return the class of every token."""
    known = _NEAR if alphabet.AGAIN in vocabulary else _CLASSES
    return np.array([known.get(token, OTHER) for token in vocabulary])


def before_first(rows: int) -> tuple[Integers, Integers]:
    """Return the coordinates and classes that stand before a row's first token."""
    coordinates = np.zeros((rows, N_COORDINATES), dtype=np.int64)
    coordinates[:, INDEX] = -1
    return coordinates, np.full(rows, OTHER)


def advance(previous: Integers, before: Integers, now: Integers) -> Integers:
    """Return the coordinates of the next token of each row. Shapes: previous (rows, 6); classes (rows,)."""
    maps = _RULE[np.minimum(before, SCALE), np.minimum(now, SCALE)]
    result: Integers = (previous[:, None] @ maps[:, 1:])[:, 0] + maps[:, 0]
    result[:, PLACE] -= np.where(now > SCALE, now - _NO_SCALE, 0)
    return result


def coordinates(ids: Integers, classes: Integers) -> Integers:
    """Return the coordinates of whole rows. Shapes: ids (rows, seq); result (rows, seq, 6)."""
    kinds = classes[ids].T
    here, before = before_first(len(ids))
    result = np.empty((ids.shape[1], len(ids), N_COORDINATES), dtype=np.int64)
    for token, now in enumerate(kinds):
        result[token] = here = advance(here, before, now)
        before = now
    return result.transpose(1, 0, 2)
