"""Further targets of a problem, for models that are taught more than the answer.

Each function returns a list of integers, an empty one where the question is not of its sort.
"""

from collections.abc import Callable

from abacist.core.readings import READINGS
from abacist.problems.question import Question, is_whole
from abacist.problems.reading import reading


def operands(question: Question) -> list[int]:
    """Return the whole numbers of the question in order, minus signs before them left out."""
    return [int(lexeme) for lexeme in question if is_whole(lexeme)]


def carries(question: Question) -> list[int]:
    """Return the carry into each column of a sum, least significant first, the last carry out included."""
    if not _is_chain(question, "+"):
        return []
    numbers = operands(question)
    width = max(len(str(number)) for number in numbers)
    result, carry = [], 0
    for place in range(width):
        result.append(carry)
        carry = (sum(number // 10**place % 10 for number in numbers) + carry) // 10
    return [*result, carry]


def running_sums(question: Question) -> list[int]:
    """Return the partial results of a chain of plus and minus, from the first number on."""
    if not _is_chain(question, "+-"):
        return []
    total, result = 0, []
    for index in range(0, len(question), 2):
        number = int(question[index])
        total += -number if index and question[index - 1] == "-" else number
        result.append(total)
    return result


def column_units(question: Question) -> list[int]:
    """Return the sum of the last digits of the products of single digits in each column of a product.

    Least significant column first. 27*3 has 21 in the first column and 06 in the second: 1, 6 and 0.
    """
    return [sum(product % 10 for product in column) for column in _columns(question)]


def column_tens(question: Question) -> list[int]:
    """Return the sum of their first digits: 2, 0 and 0."""
    return [sum(product // 10 for product in column) for column in _columns(question)]


def column_totals(question: Question) -> list[int]:
    """Return what each column of a product comes to: its units, the tens of the column before, and the carry."""
    before, result = 0, []
    for column in _columns(question):
        tens, units = (sum(part) for part in zip(*(divmod(product, 10) for product in [*column, 0]), strict=True))
        result.append(units + before)
        before = tens + result[-1] // 10
    return result


def readings(question: Question) -> list[int]:
    """Return the question in the alphabet of readings, each sign as its place there."""
    return [READINGS.index(sign) for sign in reading(question)[0]]


def parents(question: Question) -> list[int]:
    """Return for each of its readings which of them takes its result; of those that have none, itself."""
    return [place if parent < 0 else parent for place, parent in enumerate(reading(question)[1])]


TARGETS: dict[str, Callable[[Question], list[int]]] = {
    "operands": operands,
    "carries": carries,
    "running_sums": running_sums,
    "column_units": column_units,
    "column_tens": column_tens,
    "column_totals": column_totals,
    "readings": readings,
    "parents": parents,
}


def _is_chain(question: Question, signs: str) -> bool:
    numbers = all(is_whole(lexeme) for lexeme in question[::2])
    return len(question) % 2 == 1 and numbers and all(lexeme in signs for lexeme in question[1::2])


def _columns(question: Question) -> list[list[int]]:
    """Return the products of single digits in each column of a product of two numbers, least significant first."""
    if len(question) != 3 or question[1] != "*" or not (is_whole(question[0]) and is_whole(question[2])):
        return []
    left, right = ([int(digit) for digit in reversed(lexeme)] for lexeme in (question[0], question[2]))
    columns: list[list[int]] = [[] for _ in range(len(left) + len(right))]
    for place, digit in enumerate(left):
        for other, factor in enumerate(right, start=place):
            columns[other].append(digit * factor)
    return columns
