"""Where a token stands: in the row, within its number, and in which number.

One causal integer rule over token classes makes the coordinates, for the prompt and for generated
tokens alike, in training, with the cache, and in every runtime. The table of classes is stored with
the weights, so that whoever has the weights can follow the rule. A vocabulary with signs for worked steps
has classes of its own, and a richer rule: that of `steps/ruling.py`.

Hints (`text/hints.py`) stand before the digits of a format that writes them. Such a sign is where its digit is:
it begins the number or the place, the digit behind it goes on with it. So numbers are counted, and their digits,
as if no hints were there, and a hint and its digit differ in the index alone.
"""

import numpy as np
from numpy.typing import NDArray

from abacist.text.steps import ruling
from abacist.text.steps.alphabet import SCRATCH

OTHER, DIGIT, POINT = 0, 1, 2
HINT = -1  # from 3 on classes are those of worked steps
INDEX, PLACE, NUMBER = 0, 1, 2
N_COORDINATES = 3

Integers = NDArray[np.int64]


def token_classes(vocabulary: list[str], hints: str = "") -> Integers:
    """Return the class of every token: a digit, a point, one of `hints`, something else; or those of worked steps."""
    if set(SCRATCH) <= set(vocabulary):
        return ruling.token_classes(vocabulary)
    known = {".": POINT, **dict.fromkeys(hints, HINT)}
    return np.array([DIGIT if t.isascii() and t.isdigit() else known.get(t, OTHER) for t in vocabulary])


def before_first(rows: int) -> tuple[Integers, Integers]:
    """Return the coordinates and classes that stand before a row's first token."""
    coordinates = np.zeros((rows, N_COORDINATES), dtype=np.int64)
    coordinates[:, INDEX] = -1
    return coordinates, np.full(rows, OTHER)


def advance(previous: Integers, previous_class: Integers, next_class: Integers) -> Integers:
    """Return the coordinates of the next token of each row.

    Shapes: previous (rows, 3); classes (rows,); result (rows, 3).
    Units: index in tokens from 0; place counts the digits of the number read so far, from 1, and is
    0 outside numbers; number counts the numbers begun so far, from 1, and stays until the next begins.
    """
    if previous.shape[1] > N_COORDINATES:
        return ruling.advance(previous, previous_class, next_class)
    of_digit = (next_class == DIGIT) | (next_class == HINT)
    inside = previous_class != OTHER
    goes_on = (of_digit & inside) | ((next_class == POINT) & (previous_class == DIGIT))
    counts = of_digit & (previous_class != HINT)
    result = np.empty_like(previous)
    result[:, INDEX] = previous[:, INDEX] + 1
    result[:, PLACE] = np.where(goes_on, previous[:, PLACE] + counts, counts)
    result[:, NUMBER] = previous[:, NUMBER] + (counts & ~inside)
    return result


def coordinates(ids: Integers, classes: Integers) -> Integers:
    """Return the coordinates of whole rows, the same that `advance` gives one by one.

    Shapes: ids (rows, seq); result (rows, seq, 3), or (rows, seq, 6) for worked steps.
    """
    if ruling.is_ruled(classes):
        return ruling.coordinates(ids, classes)
    kinds = classes.astype(np.int8)[ids]
    before = np.zeros_like(kinds)
    before[:, 1:] = kinds[:, :-1]
    of_digit = (kinds == DIGIT) | (kinds == HINT)
    goes_on = (of_digit & (before != OTHER)) | ((kinds == POINT) & (before == DIGIT))
    counts = of_digit & (before != HINT)
    # Sums run over all rows end to end, which is quicker than row by row.
    digits = counts.cumsum(dtype=np.int32)
    # Digits before the number that a token belongs to; a row's first token never goes on with one.
    earlier = np.maximum.accumulate((digits - counts.ravel()) * ~goes_on.ravel())
    begins = counts & (before == OTHER)
    numbers = begins.cumsum(dtype=np.int32).reshape(ids.shape)
    result = np.empty((*ids.shape, N_COORDINATES), dtype=np.int64)
    result[..., INDEX] = np.arange(ids.shape[1])
    result[..., PLACE] = (digits - earlier).reshape(ids.shape)
    result[..., NUMBER] = numbers - (numbers - begins)[:, :1]
    return result
