"""Rows of additions, and sets of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.catalogue import Part
from abacist.core.errors import AbacistError
from abacist.evaluation.addition_rows import SUM, AdditionRows, Columns, added
from abacist.text.codec import Codec, TextSettings


def codec(width: int = 2, **settings: object) -> Codec:
    format = {"width": width, "answer_width": width + 1, "reverse": True, **settings}
    return Codec.build(TextSettings(format=Part("padded", format)))


def test_rows_are_those_of_the_codec():
    rows = AdditionRows.of(codec())
    made = rows.rows(np.array([[9, 4, 0]]), np.array([[3, 8, 0]]))[0]
    text = codec()
    assert rows.prompt_length == 1 + len("94+38=")  # its start token
    assert made.tolist() == [
        *text.prompt(("49", "+", "83")),
        *text.tokenizer.encode(text.format.completion("132")),
        text.tokenizer.end_id,
    ]


@given(st.lists(st.integers(0, 9), min_size=6, max_size=6))
def test_sums_by_columns(digits: list[int]):
    left, right = np.array([digits[:3]]), np.array([digits[3:]])
    powers = 10 ** np.arange(3)
    assert added(left, right) @ powers == (left @ powers + right @ powers) % 1000


@given(st.integers(0, 2**32), st.floats(0.2, 0.9))
def test_what_is_left_of_a_set_is_what_its_sums_have(seed: int, share: float):
    rng = np.random.default_rng(seed)
    rows = AdditionRows.of(codec())
    whole = rows.all_sums()
    digits = whole.digits & (rng.random(whole.digits.shape) < share)
    made = Columns(digits, whole.carries).propagated()
    left = [
        (a, b)
        for a, b in itertools.product(range(100), repeat=2)
        if all(
            digits[0, number, column, value // 10**column % 10]
            for number, value in enumerate((a, b, a + b))
            for column in range(3)
        )
    ]
    expected = np.zeros_like(digits)
    for a, b in left:
        for (number, value), column in itertools.product(enumerate((a, b, a + b)), range(3)):
            expected[0, number, column, value // 10**column % 10] = True
    assert made.possible().tolist() == [bool(left)]
    assert (made.digits == expected).all()
    if left:
        drawn = made.drawn(rng) @ 10 ** np.arange(3)
        assert tuple(drawn[0].tolist()) in left


def test_a_digit_settled_leaves_its_sums_alone():
    sums = AdditionRows.of(codec(1)).all_sums().with_digit(SUM, 1, 1).with_digit(SUM, 0, 8)
    assert [np.flatnonzero(each).tolist() for each in sums.digits[0, :2, 0]] == [[9], [9]]
    assert len(sums.with_digit(0, 0, 3)) == 0


@pytest.mark.parametrize(
    ("settings", "digits", "said"),
    [
        ({"reverse": False}, None, "text.format"),
        ({"plain_for": "+"}, None, "text.format"),
        ({"answer_width": 4}, None, "answer_width of width or width \\+ 1"),
        ({}, 3, "--digits 3"),
    ],
)
def test_what_has_no_rows_of_one_shape_is_refused(settings: dict[str, object], digits: int | None, said: str):
    with pytest.raises(AbacistError, match=said) as error:
        AdditionRows.of(codec(**settings), digits)
    assert "\n" not in str(error.value)


def test_other_formats_are_refused():
    with pytest.raises(AbacistError, match="rows of one shape"):
        AdditionRows.of(Codec.build(TextSettings()))
