from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.arithmetic import APART, TAKEN_FROM, applied, number_of, written
from abacist.problems.rounding import Rounding


@pytest.mark.parametrize(
    ("sign", "expected"),
    [("+", 15), ("-", -9), ("*", 36), ("/", Fraction(1, 4)), (TAKEN_FROM, 9), (APART, 9)],
)
def test_what_each_sign_does(sign: str, expected: Fraction):
    assert applied(sign, Fraction(3), Fraction(12)) == expected


def test_what_has_no_value_is_none():
    assert applied("/", Fraction(1), Fraction(0)) is None


@pytest.mark.parametrize(
    ("text", "expected"), [("07", 7), ("1.50", Fraction(3, 2)), ("1.", None), (".5", None), ("1.2.3", None), ("", None)]
)
def test_numbers_are_read_from_digits(text: str, expected: Fraction | None):
    assert number_of(text) == expected


@given(st.fractions(), st.integers(0, 6), st.booleans())
def test_it_writes_what_school_rounding_writes(value: Fraction, places: int, pad: bool):
    expected = Rounding(places, "half_up", pad=pad).text(value)
    if pad and places and value.denominator == 1:
        assert expected.endswith("0" * places)
    assert written(value, places, pad) == expected
