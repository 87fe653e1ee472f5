"""Which tokens are numbers."""

from abacist.core.catalogue import build
from abacist.text.numbers import token_numbers
from abacist.text.tokenizer import FOLDER


def test_a_number_is_written_without_zeros_in_front():
    assert token_numbers(["0", "7", "42", "05", "00", "007"]).tolist() == [0, 7, 42, -1, -1, -1]


def test_what_is_not_digits_alone_is_no_number():
    assert token_numbers(["", "+", "1.5", "-3", "٣", "²", "Ġ12", "<end>", "twelve"]).tolist() == [-1] * 9


def test_longer_numbers_than_a_double_holds_exactly_are_none():
    assert token_numbers(["9" * 15, "9" * 16]).tolist() == [10**15 - 1, -1]


def test_no_two_tokens_of_digit_groups_are_one_number():
    for zeros in (True, False):
        tokenizer = build(FOLDER, {"name": "digit_group", "size": 2, "zeros": zeros})
        numbers = token_numbers(tokenizer.vocabulary)
        assert sorted(numbers[numbers >= 0]) == [*range(100)]
