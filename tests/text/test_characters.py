"""Tables of characters: texts go in and out, gaps close, numbers are written as Python writes them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.problems.question import text_of, write_number
from abacist.text.characters import Numerals, beside, chain, characters, stacked, texts_of, without_gaps
from abacist.text.format import turned

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
COLUMN = st.lists(st.integers(-(2**62), 2**62) | st.integers(-200, 200), min_size=1, max_size=6)


@given(st.lists(TEXT, max_size=5))
def test_texts_come_back(texts: list[str]):
    assert texts_of(characters(texts)) == texts
    assert texts_of(np.pad(characters(texts), ((0, 0), (2, 1)))) == texts


def test_gaps_close_to_the_longest_row():
    table = np.array([[0, 5, 0, 6], [7, 0, 0, 0], [0, 0, 0, 0]])
    assert without_gaps(table).tolist() == [[5, 6], [7, 0], [0, 0]]
    assert without_gaps(table[:0]).shape == (0, 0)


def test_pieces_stand_side_by_side_and_tables_below_each_other():
    table = beside("<", characters(["a", "bcd"]), ">")
    assert texts_of(table) == ["<a>", "<bcd>"]
    assert texts_of(stacked([table, characters(["漢"])])) == ["<a>", "<bcd>", "漢"]


@given(COLUMN)
def test_whole_numbers_are_written_as_python_writes_them(column: list[int]):
    numerals = Numerals.of(np.array(column))
    assert texts_of(numerals.plain()) == list(map(str, column))
    assert texts_of(numerals.turned()) == [turned(str(number)) for number in column]


@given(column=COLUMN, places=st.integers(0, 5), pad=st.booleans())
def test_decimals_are_written_as_questions_write_them(column: list[int], places: int, pad: bool):
    texts = ["".join(write_number(number, places)) for number in column]
    if places and not pad:
        texts = [text.rstrip("0").rstrip(".") for text in texts]
    numerals = Numerals.of(np.array(column), places, pad)
    assert texts_of(numerals.plain()) == texts
    assert texts_of(numerals.turned()) == [turned(text) for text in texts]


@pytest.mark.parametrize("width", [1, 2, 6])
def test_zeros_fill_the_whole_part(width: int):
    numerals = Numerals.of(np.array([-5, 120, 99_901]), 1, True).padded(width)
    texts = texts_of(numerals.plain())
    assert texts == [f"-{'0':0>{width}}.5", f"{'12':0>{width}}.0", f"{'9990':0>{width}}.1"]


@pytest.mark.parametrize("symbol", ["+", "-", "gcd"])
def test_a_chain_is_written_as_a_question_is(symbol: str):
    columns = np.array([[1, -2, 30], [-40, 5, 0]])
    numbers = [Numerals.of(column) for column in columns.T]
    questions = [
        tuple(part for number in row for part in (*write_number(number), symbol))[:-1] for row in columns.tolist()
    ]
    assert texts_of(chain(numbers, (symbol, symbol))) == [text_of(question) for question in questions]
