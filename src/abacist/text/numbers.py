"""Which whole number a token stands for."""

import numpy as np

from abacist.text.coordinates import Integers

MOST_DIGITS = 15
"""Longer runs of digits are no numbers here; a double holds all of so many digits exactly."""


def token_numbers(vocabulary: list[str]) -> Integers:
    """Return the number that each token stands for, -1 for every other token. Shape: (vocab_size,).

    A number is written as one writes it, without zeros in front: `5` is one, `05` is a sign of its own. So no
    number has two tokens.
    """
    return np.array([int(token) if _is_number(token) else -1 for token in vocabulary], dtype=np.int64)


def _is_number(token: str) -> bool:
    plain = token.isascii() and token.isdigit() and len(token) <= MOST_DIGITS
    return plain and (token == "0" or not token.startswith("0"))
