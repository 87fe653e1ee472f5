"""Calls of a calculator: how they are written, and what it answers.

`[7*12>` asks, and from there on `84]` is the calculator's. Whoever writes calls to learn from, whoever answers them
and whoever leaves the answers out of a loss goes by this file. The arithmetic is that of `core/arithmetic.py`; the
truth has its own, which is never asked.
"""

import re
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from abacist.core import arithmetic
from abacist.core.readings import WRITTEN
from abacist.text.coordinates import Integers

OPENS, ASKS, CLOSES = "[", ">", "]"
"""Signs of a call. None stands in a question, where brackets are read as parentheses."""

ANSWERS = WRITTEN
"""What the calculator answers with, before the closing sign."""

CHARACTERS = f"0123456789+-*/()=.%:{OPENS}{ASKS}{CLOSES}"
"""What a tokenizer has to know for questions in signs; one of single characters is given them as `characters`."""

PLACES = 12
"""Decimals that the calculator shows unless a call asks for others."""

_NUMBER = r"(-?[0-9]+(?:\.[0-9]+)?)"
_BETWEEN, _BEFORE, _BEHIND, _ALONE, _ROUNDED = (
    re.compile(form)
    for form in (f"{_NUMBER}([-+*/]){_NUMBER}", f"(-){_NUMBER}", f"{_NUMBER}(%)", _NUMBER, "(.*):([0-9]{1,2})")
)


def result(call: str) -> str:
    """Return the calculator's answer to `7*12`, `-7` (the minus of 7) or `8%`; nothing where there is none.

    `:2` behind any of them, or behind a number alone, asks for two decimals, where PLACES are shown otherwise; the
    last one is rounded half away from zero, and zeros at the end are left away.
    """
    wish = _ROUNDED.fullmatch(call)
    text, places = (wish[1], int(wish[2])) if wish else (call, PLACES)
    value: Fraction | None = None
    try:
        if found := _BETWEEN.fullmatch(text):
            value = arithmetic.applied(found[2], _number(found[1]), _number(found[3]))
        elif found := _BEFORE.fullmatch(text):
            value = arithmetic.BEFORE[found[1]](_number(found[2]))
        elif found := _BEHIND.fullmatch(text):
            value = arithmetic.BEHIND[found[2]](_number(found[1]))
        elif wish and _ALONE.fullmatch(text):
            value = _number(text)
        return "" if value is None else arithmetic.written(value, places)
    except ValueError:  # more digits than Python takes for a number
        return ""


def _number(text: str) -> Fraction:
    size = arithmetic.number_of(text.removeprefix("-"))
    if size is None:
        raise ValueError(text)
    return -size if text.startswith("-") else size


def answered(call: str) -> str:
    """Return a call with its answer: `[7*12>84]`."""
    return f"{OPENS}{call}{ASKS}{result(call)}{CLOSES}"


def asked(row: Sequence[str]) -> str | None:
    """Return what a row of tokens asks with its last one: `7*12` where it ends in `[7*12>`; None if it asks nothing."""
    if not row or row[-1] != ASKS:
        return None
    for place in range(len(row) - 2, -1, -1):
        if row[place] in (OPENS, ASKS, CLOSES):
            return "".join(row[place + 1 : -1]) if row[place] == OPENS else None
    return None


def of_calculator(ids: Integers, opens: int, asks: int, closes: int) -> NDArray[np.bool_]:
    """Tell which tokens of rows are the calculator's: those behind a question up to the sign that closes the call.

    Shapes: ids and result (rows, seq). The other three are the ids of the signs.
    """
    signs = np.isin(ids, (opens, asks, closes))
    before = np.zeros_like(ids)  # the place of the newest sign before each token; a row's first token never asks
    before[:, 1:] = np.maximum.accumulate(np.where(signs, np.arange(ids.shape[1]), 0), axis=1)[:, :-1]
    asking = (ids == asks) & (np.take_along_axis(ids, before, axis=1) == opens)
    asking[:, 0] = False
    theirs: NDArray[np.bool_] = np.take_along_axis(asking, before, axis=1)
    return theirs
