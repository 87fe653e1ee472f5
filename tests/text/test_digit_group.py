"""Groups of digits: where they are cut, from either end, and what else is a token."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.catalogue import build
from abacist.core.errors import DataError, SettingsError
from abacist.text.coordinates import DIGIT, OTHER, PLACE, POINT, coordinates, token_classes
from abacist.text.tokenizer import FOLDER, Tokenizer

ARITHMETIC = "0123456789+-*/()=. "


def groups(**settings: Any) -> Tokenizer:
    return build(FOLDER, {"name": "digit_group", **settings})


def cut(text: str, **settings: Any) -> list[str]:
    tokenizer = groups(**settings)
    return [tokenizer.decode([index]) for index in tokenizer.encode(text)]


@pytest.mark.parametrize(
    ("text", "from_end", "from_first"),
    [
        ("1234567", "1 234 567", "123 456 7"),
        ("1000007", "1 000 007", "100 000 7"),
        ("123", "123", "123"),
        ("12", "12", "12"),
        ("007", "007", "007"),
        ("0070", "0 070", "007 0"),
        ("1234+56.7890=", "1 234 + 56 . 7 890 =", "123 4 + 56 . 789 0 ="),
        ("-12(34567)", "- 12 ( 34 567 )", "- 12 ( 345 67 )"),
    ],
)
def test_groups_are_cut_from_either_end(text: str, from_end: str, from_first: str):
    assert cut(text) == from_end.split()
    assert cut(text, from_end=False) == from_first.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("7", "7"),
        ("99+10=109", "99 + 10 = 1 0 9"),
        ("12345", "1 23 45"),
        ("1005", "10 0 5"),
        ("100", "1 0 0"),
        ("0.05", "0 . 0 5"),
        ("0.5", "0 . 5"),
        ("0.50", "0 . 50"),
        ("007", "0 0 7"),
        ("-12.340", "- 12 . 3 40"),
    ],
)
def test_without_zeros_in_front_a_number_is_a_token(text: str, expected: str):
    assert cut(text, size=2, zeros=False) == expected.split()


def test_without_zeros_in_front_every_number_has_one_token():
    tokenizer = groups(zeros=False)
    assert all(len(tokenizer.encode(str(value))) == 1 for value in range(1000))
    numbers = [token for token in tokenizer.vocabulary if token.isdigit()]
    assert sorted(map(int, numbers)) == [*range(1000)]


def test_zeros_in_front_are_those_of_groups_from_the_end():
    with pytest.raises(SettingsError, match="zeros may be false only with from_end"):
        groups(zeros=False, from_end=False)


@pytest.mark.parametrize(("size", "expected"), [(1, "1 2 3 4 5"), (2, "1 23 45"), (4, "1 2345"), (5, "12345")])
def test_the_size_of_a_group_is_set(size: int, expected: str):
    assert cut("12345", size=size) == expected.split()


def test_the_vocabulary_holds_every_group_once():
    assert len(groups().vocabulary) == 3 + len(ARITHMETIC) + 100 + 1000
    assert groups().vocabulary[3 + len(ARITHMETIC) :][:3] == ["00", "01", "02"]
    assert groups().vocabulary[-1] == "999"
    assert groups(characters="10+", size=2).vocabulary[3:] == ["1", "0", "+", "00", "01", "10", "11"]
    assert groups(characters="ab").vocabulary[3:] == ["a", "b"]


@pytest.mark.parametrize("from_end", [True, False])
@given(text=st.text(ARITHMETIC))
def test_groups_of_one_digit_are_characters(from_end: bool, text: str):
    single = build(FOLDER, "character")
    assert groups(size=1, from_end=from_end).vocabulary == single.vocabulary
    assert groups(size=1, from_end=from_end).encode(text) == single.encode(text)


@given(value=st.integers(0, 10**20))
def test_groups_from_the_end_are_thousands(value: int):
    assert ",".join(cut(str(value))) == f"{value:,}"


def test_a_group_is_a_digit_to_coordinates():
    tokenizer = groups()
    classes = token_classes(tokenizer.vocabulary)
    ids = tokenizer.encode("12345+6.78")
    assert classes[ids].tolist() == [DIGIT, DIGIT, OTHER, DIGIT, POINT, DIGIT]
    assert coordinates(np.array([ids]), classes)[0, :, PLACE].tolist() == [1, 2, 0, 1, 1, 2]


@pytest.mark.parametrize("size", [0, -1, 6])
def test_sizes_out_of_reach_are_refused(size: int):
    with pytest.raises(SettingsError, match="size must be 1 to 5"):
        groups(size=size)


@pytest.mark.parametrize("characters", ["", "0123401"])
def test_characters_differ_from_each_other(characters: str):
    with pytest.raises(SettingsError, match="characters must"):
        groups(characters=characters)


@pytest.mark.parametrize(("text", "error"), [("1+2٣", "'٣' at place 4"), ("1290", "'2' at place 2")])
def test_a_digit_it_does_not_know_is_named(text: str, error: str):
    with pytest.raises(DataError, match=error):
        groups(characters="019+2" if "٣" in text else "019+").encode(text)


def test_the_file_of_another_tokenizer_is_refused(tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    build(FOLDER, "character").save(path)
    with pytest.raises(DataError, match=r"tokenizer\.json is not a tokenizer of digit groups"):
        type(groups()).load(path)
