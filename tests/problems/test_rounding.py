import decimal
import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.errors import SettingsError
from abacist.problems.rounding import Rounding

WHOLE = st.integers(-(10**12), 10**12)
QUOTIENTS = st.builds(Fraction, WHOLE, st.integers(1, 10**6))
TIES = st.builds(lambda n, places: Fraction(2 * n + 1, 2 * 10**places), WHOLE, st.integers(0, 6))
EXACT = decimal.Context(prec=200)
MODES = {"half_up": decimal.ROUND_HALF_UP, "half_even": decimal.ROUND_HALF_EVEN}


def by_decimal(value: Fraction, places: int, mode: str) -> str:
    """Round through decimals of 200 places, which hold any tie of these tests exactly."""
    exact = EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
    rounded = exact.quantize(Decimal(1).scaleb(-places), rounding=MODES[mode], context=EXACT)
    return f"{abs(rounded) if rounded == 0 else rounded:f}"


@pytest.mark.parametrize("mode", MODES)
@given(value=QUOTIENTS | TIES, places=st.integers(0, 8))
def test_exact_modes_round_as_decimal_does(mode: str, value: Fraction, places: int):
    text = by_decimal(value, places, mode)
    assert Rounding(places, mode, pad=True).text(value) == text
    bare = text.rstrip("0").rstrip(".") if "." in text else text
    assert Rounding(places, mode).text(value) == bare


@given(left=WHOLE, right=st.integers(1, 10**6), places=st.integers(0, 8))
def test_binary64_is_what_python_prints(left: int, right: int, places: int):
    printed = f"{left / right:.{places}f}"
    expected = printed.lstrip("-") if not printed.strip("-0.") else printed
    assert Rounding(places, "binary64", pad=True).text(Fraction(left, right)) == expected


@pytest.mark.parametrize(
    ("value", "half_up", "half_even", "binary64"),
    [
        (Fraction(1, 8), "0.13", "0.12", "0.12"),
        (Fraction(3, 8), "0.38", "0.38", "0.38"),
        (Fraction(-1, 8), "-0.13", "-0.12", "-0.12"),
        (Fraction(1005, 1000), "1.01", "1", "1"),
        (Fraction(1, 3), "0.33", "0.33", "0.33"),
        (Fraction(2, 3), "0.67", "0.67", "0.67"),
        (Fraction(-1, 1000), "0", "0", "0"),
        (Fraction(-5, 1000), "-0.01", "0", "-0.01"),
        (Fraction(12), "12", "12", "12"),
        (Fraction(999, 1000), "1", "1", "1"),
        (0, "0", "0", "0"),
        (-7, "-7", "-7", "-7"),
        (100, "100", "100", "100"),
    ],
)
def test_known_values_at_two_places(value: Fraction, half_up: str, half_even: str, binary64: str):
    found = [Rounding(2, mode).text(value) for mode in ("half_up", "half_even", "binary64")]
    assert found == [half_up, half_even, binary64]


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(12, 2, "12.00"), (12, 0, "12"), (Fraction(1, 2), 3, "0.500"), (Fraction(-1, 1000), 2, "0.00"), (-3, 1, "-3.0")],
)
@pytest.mark.parametrize("mode", ["half_up", "half_even", "binary64"])
def test_padding_writes_all_decimals_and_no_negative_zero(value: Fraction, places: int, text: str, mode: str):
    assert Rounding(places, mode, pad=True).text(value) == text


@given(value=QUOTIENTS, places=st.integers(0, 8), mode=st.sampled_from(["half_up", "half_even"]), pad=st.booleans())
def test_the_text_is_a_nearest_number_of_that_many_places(value: Fraction, places: int, mode: str, pad: bool):
    text = Rounding(places, mode, pad).text(value)
    assert abs(Fraction(text) - value) <= Fraction(1, 2 * 10**places)
    assert len(text.partition(".")[2]) <= places
    assert Fraction(text) != 0 or not text.startswith("-")


@pytest.mark.parametrize("places", [-1, 101])
def test_places_have_bounds(places: int):
    with pytest.raises(SettingsError, match="places must be from 0 to 100"):
        Rounding(places)


def test_many_places_are_exact():
    value = Fraction(1, random.Random(1).randrange(3, 10**9) * 3)
    assert Rounding(100, "half_up", pad=True).text(value) == by_decimal(value, 100, "half_up")
