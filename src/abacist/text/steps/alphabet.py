"""The signs of worked steps: one character each, and every role has signs of its own.

A line of work reads like the question, least significant digit first. Scratch work for a result stands
where the result will stand, in signs that lines never copy.
"""

import itertools
from collections.abc import Sequence

DIGITS = "0123456789"
SCRATCH = "₀₁₂₃₄₅₆₇₈₉"
"""Digits of scratch work: differences, running sums, remainders."""
CARRIES = "⁰¹²³⁴⁵⁶⁷⁸⁹ˣ"
"""What a column of scratch work hands to the next, up to ten."""
FACTORS = "⓪①②③④⑤⑥⑦⑧⑨"
"""The multiplier's digit at the head of a row of long multiplication."""
QUOTIENTS = "０１２３４５６７８９Ⅹ"
"""The quotient's digit at the head of a row of long division; ten where the digit before was too small by one."""
NEGATIVE_QUOTIENTS = "０❶❷❸❹❺❻❼❽❾❿"
"""The same for digits below zero: -1 is at index 1."""

SCALES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""In front of a number: how many of its digits stand behind the point; A is one. No sign, no decimals."""
NEGATIVE_SCALES = "ⓐⓑⓒⓓⓔⓕⓖⓗⓘⓙⓚⓛ"
"""In front of a dividend: how many zeros its digits lack; the first is one."""

NEGATIVE = "~"
"""The sign of a number or a parenthesis; a minus between operands is `-`."""
ABOVE, BELOW, NOTHING = ">", "<", "#"
"""After scratch work: it is at least zero, it is below zero, nothing is left."""
DROP = "|"
"""After scratch work: its highest digit is a zero that the result leaves away."""
AGAIN = "&"
"""In near work: what was drawn up stands once more behind it."""
RESULTS, ENDS = "[{", "]}"
"""In near work: around a result; the second pair where it takes parentheses away with it."""
WANTED = "@!αβγδεζηθικλμ"
"""After the `=` of a line, the decimals wanted of the answer: all there are, none, one, two ..."""
WANTED_IN_WORDS = "§¶"
"""The same where the answer is wanted in words: all decimals there are, at most two."""
OPERATORS, OPEN, CLOSE, PERCENT, EQUALS = "+-*/", "(", ")", "%", "="

SYMBOLS = (
    DIGITS
    + SCRATCH
    + CARRIES
    + FACTORS
    + QUOTIENTS
    + NEGATIVE_QUOTIENTS[1:]
    + SCALES
    + NEGATIVE_SCALES
    + NEGATIVE
    + ABOVE
    + BELOW
    + NOTHING
    + DROP
    + WANTED
    + WANTED_IN_WORDS
    + OPERATORS
    + OPEN
    + CLOSE
    + PERCENT
    + EQUALS
)


SMALL_SYMBOLS = (
    DIGITS
    + SCRATCH
    + CARRIES
    + FACTORS
    + QUOTIENTS
    + NEGATIVE_QUOTIENTS[1:]
    + SCALES[:3]
    + NEGATIVE
    + ABOVE
    + BELOW
    + NOTHING
    + DROP
    + WANTED[0]
    + WANTED[3]
    + OPERATORS
    + EQUALS
)
"""The signs of one operation on two whole numbers, quotients to two decimals."""

NEAR_SYMBOLS = SYMBOLS + AGAIN + RESULTS + ENDS
"""The signs of near work."""

BESIDE = {*DIGITS, *SCALES, NEGATIVE}
"""What a number may begin or end with: a space keeps it from a word."""


def scale_sign(scale: int) -> str:
    """Return the sign of a scale; none for 0."""
    if scale == 0:
        return ""
    return SCALES[scale - 1] if scale > 0 else NEGATIVE_SCALES[-scale - 1]


def spaced_words(tokens: Sequence[str]) -> str:
    """Join signs and words, with a space between two words, and between a word and a number or its sign."""
    pieces = list(tokens[:1])
    for before, token in itertools.pairwise(tokens):
        worded = _is_word(before) or _is_word(token)
        if worded and all(_is_word(each) or each in BESIDE for each in (before, token)):
            pieces.append(" ")
        pieces.append(token)
    return "".join(pieces)


def _is_word(token: str) -> bool:
    return token[-1].isascii() and token[-1].islower()
