"""Other ways to write the same problem: what a certificate has to look for besides the question itself."""

import itertools
from collections.abc import Iterator

from abacist.problems.operation import operator
from abacist.problems.question import Question, is_number

MAX_TERMS = 6
"""Longer chains have too many orders to look at; they stand for themselves alone."""


def reorderings(question: Question) -> Iterator[Question]:
    """Yield the question and, for a plain chain, its other orders.

    A chain of + and - keeps each number's sign and begins with one that is added; a chain of one
    commutative symbol takes any order. The canonical form joins chains of one commutative symbol
    already; orders of mixed chains it does not.
    """
    yield question
    numbers, symbols = question[::2], question[1::2]
    plain = len(question) % 2 == 1 and all(map(is_number, numbers)) and 1 < len(numbers) <= MAX_TERMS
    if not plain:
        return
    if set(symbols) <= {"+", "-"}:
        terms = list(zip(("+", *symbols), numbers, strict=True))
    elif len(set(symbols)) == 1 and (known := operator(symbols[0])) is not None and known.commutative:
        terms = [(symbols[0], number) for number in numbers]
    else:
        return
    for order in set(itertools.permutations(terms)):
        if order[0][0] != "-":
            yield (order[0][1], *(lexeme for term in order[1:] for lexeme in term))
