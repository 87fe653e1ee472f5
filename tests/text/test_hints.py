"""Hints before digits: how far they reach, what is malformed, and who knows them."""

import string

import pytest

from abacist.core.catalogue import build
from abacist.core.errors import DataError, SettingsError
from abacist.core.settings import check
from abacist.problems.number_words import NUMBER_WORDS
from abacist.problems.question import read_question
from abacist.problems.wording import every_word
from abacist.text.characters import characters
from abacist.text.codec import Codec, TextSettings
from abacist.text.hints import HINTS

FORMAT, TOKENIZER = "text.formats", "text.tokenizers"


def test_hints_differ_and_are_no_signs_of_questions():
    assert len(set(HINTS)) == len(HINTS) == 360
    assert set(HINTS).isdisjoint(string.printable)
    assert set(HINTS).isdisjoint("".join(NUMBER_WORDS | every_word()))


def test_the_same_place_has_the_same_hint_in_every_number():
    assert build(FORMAT, "hinted").prompt(read_question("12+345*6")) == "α2β1+α5β4γ3*α6="


@pytest.mark.parametrize(
    "completion", ["73", "α7β", "β7γ3", "α7γ3", "α7α3", "αα7β3", "7α3β", "-α7-β3", "α7β3 ", "5.β7γ3"]
)
def test_an_answer_with_other_hints_is_malformed(completion: str):
    assert build(FORMAT, "hinted").parse(completion) is None
    assert build(FORMAT, "hinted").parse("α7β3") == "37"


def test_a_place_beyond_all_hints_is_written_without_one():
    format = build(FORMAT, "hinted")
    long = "123" * 121
    written = format.completion(long)
    assert written == "".join(map("".join, zip(HINTS, long[::-1], strict=False))) + long[::-1][len(HINTS) :]
    assert format.parse(written) == long
    assert format.completion("0.25") == "52.α0"


def test_digits_of_an_answer_are_read_in_order_each_with_its_token():
    format = build(FORMAT, "hinted")
    assert format.answer_signs([*format.completion("-120.5"), "<end>"]) == [
        ("-", 0),
        ("1", 8),
        ("2", 6),
        ("0", 4),
        (".", 2),
        ("5", 1),
    ]
    assert format.answer_signs([*format.completion("7"), "<end>"]) == [("7", 1)]


def test_a_tokenizer_without_hints_is_refused():
    with pytest.raises(SettingsError, match=r"character knows no hints, .*--set text\.tokenizer=hints"):
        Codec.build(check(TextSettings, {"format": "hinted"}))


def test_a_tokenizer_of_characters_may_hold_a_few_hints():
    tokenizer = {"name": "character", "characters": "0123456789+=αβγε"}
    codec = Codec.build(check(TextSettings, {"format": "hinted", "tokenizer": tokenizer}))
    assert [codec.tokenizer.vocabulary[index] for index in codec.hints] == ["α", "β", "γ"], "up to the first it lacks"


def test_more_than_a_hundred_digits_are_written_and_read():
    codec = Codec.build(check(TextSettings, {"format": "hinted", "tokenizer": "hints"}))
    number = "9" * 128
    ids = codec.tokenizer.encode(codec.format.completion(number))
    assert codec.answer([*ids, codec.tokenizer.end_id]) == number
    for encode in (codec.tokenizer.encode, lambda text: codec.tokenizer.encode_batch(characters(["α1", text]))):
        with pytest.raises(DataError, match="a digit beyond the 128 places"):
            encode(codec.format.completion("9" * 129))


@pytest.mark.parametrize("settings", [{"hints": 0}, {"hints": 361}, {"characters": "12α"}])
def test_settings_of_the_tokenizer_that_cannot_be_are_refused(settings):
    with pytest.raises(SettingsError, match="must"):
        build(TOKENIZER, {"name": "hints", **settings})


@pytest.mark.parametrize("settings", [{"max_offset": -1}, {"decimals": -1}, {"decimals": 360}])
def test_settings_of_the_format_that_cannot_be_are_refused(settings):
    with pytest.raises(SettingsError, match="must be"):
        build(FORMAT, {"name": "hinted", **settings})


def test_a_file_of_characters_alone_is_no_tokenizer_of_hints(tmp_path):
    for characters_of in ("0123", "01βα", "01α2β", "αβ"):
        build(TOKENIZER, {"name": "character", "characters": characters_of}).save(tmp_path / "tokenizer.json")
        with pytest.raises(DataError, match="is not a tokenizer of characters and hints"):
            type(build(TOKENIZER, "hints")).load(tmp_path / "tokenizer.json")
