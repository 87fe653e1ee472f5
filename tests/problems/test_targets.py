import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.problems.question import read_question
from abacist.problems.targets import TARGETS, carries, column_tens, column_totals, column_units, operands, running_sums


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7+5", [0, 1]),
        ("12+34", [0, 0, 0]),
        ("99999+1", [0, 1, 1, 1, 1, 1]),
        ("99+99+99", [0, 2, 2]),
        ("5", [0, 0]),
        ("7-5", []),
        ("1.5+2", []),
        ("-7+5", []),
        ("(7+5)", []),
    ],
)
def test_carries_into_each_column(text: str, expected: list[int]):
    assert carries(read_question(text)) == expected


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=5))
def test_digits_and_carries_make_up_the_sum(numbers: list[int]):
    found = carries(read_question("+".join(map(str, numbers))))
    total = sum(numbers)
    for place, carry in enumerate(found):
        below = 10**place
        assert carry == sum(number % below for number in numbers) // below
    assert total // 10 ** (len(found) - 1) == found[-1]


@pytest.mark.parametrize(
    ("text", "expected"), [("1+2+3", [1, 3, 6]), ("1-2+3", [1, -1, 2]), ("7", [7]), ("2*3", []), ("-1+2", [])]
)
def test_running_sums(text: str, expected: list[int]):
    assert running_sums(read_question(text)) == expected


@pytest.mark.parametrize(
    ("text", "units", "tens"),
    [
        ("27*3", [1, 6, 0], [2, 0, 0]),
        ("12*34", [8, 10, 3, 0], [0, 0, 0, 0]),
        ("99*99", [1, 2, 1, 0], [8, 16, 8, 0]),
        ("0*7", [0, 0], [0, 0]),
        ("2+3", [], []),
        ("2*3*4", [], []),
    ],
)
def test_the_digits_of_single_products_stand_in_their_columns(text: str, units: list[int], tens: list[int]):
    question = read_question(text)
    assert (column_units(question), column_tens(question)) == (units, tens)


@pytest.mark.parametrize("text", ["12*34", "999*999", "0*7", "5*12", "407*38"])
def test_column_totals_end_in_the_digits_of_the_product(text: str):
    totals = column_totals(read_question(text))
    left, right = map(int, text.split("*"))
    assert sum(total % 10 * 10**place for place, total in enumerate(totals)) == left * right
    units, tens = column_units(read_question(text)), column_tens(read_question(text))
    for place in range(1, len(totals)):
        assert totals[place] == units[place] + tens[place - 1] + totals[place - 1] // 10


def test_operands_in_order():
    assert operands(read_question("12+034-5")) == [12, 34, 5]


def test_the_names_of_targets_are_known():
    sums = ["operands", "carries", "running_sums"]
    products = ["column_units", "column_tens", "column_totals"]
    assert list(TARGETS) == [*sums, *products, "readings", "parents"]
