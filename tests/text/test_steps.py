import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.errors import DataError
from abacist.core.settings import check
from abacist.problems.problem import Problem, same_number
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.problems.wording import asked
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import advance, coordinates, token_classes
from abacist.text.formats.steps import Steps, near_work
from abacist.text.steps import ruling
from abacist.text.steps.alphabet import AGAIN, NEAR_SYMBOLS, NEGATIVE_QUOTIENTS, QUOTIENTS, SCRATCH, SYMBOLS
from abacist.text.steps.writer import items_of, work

STEPS = Steps()
CODEC = Codec.build(check(TextSettings, {"format": "steps", "tokenizer": "signs"}))
NEAR = Codec.build(check(TextSettings, near_work()))


def rendered(text: str) -> tuple[str, str]:
    example = STEPS.render(Problem(read_question(text), Rounding(exact="undivided"), "test"))
    return example.prompt, example.completion


@pytest.mark.parametrize(
    ("text", "prompt", "completion"),
    [
        ("12+34", "21+43=@", "64"),
        ("5-30", "5-03=@", "₅₇<~52"),
        ("1000-999", "0001-999=@", "₁₀₀₀>|||1"),
        ("-5+30", "~5+03=@", "₅₇<52"),
        ("12*34", "21*43=@", "④₈⁰₄⁰₀③₀¹₄⁰₀804"),
        ("0*34", "0*43=@", "0"),
        ("12.5*0.04", "A521*B4=@", "C④₀²₀¹₅⁰₀C005"),
        ("36/3", "63/3=β", "₆₃１₀⁰>２₀⁰#21"),
        ("5/0.01", "5/B1=β", "ⓑ₅５₀⁰>０₀⁰>０₀⁰#005"),
        ("(3+4)*2-5", "(3+4)*2-5=@", "7*2-5=@②₄¹₁41-5=@₉₀>|9"),
        ("2-(-(5))", "2-(~(5))=@", "2-(~5)=@2-~5=@7"),
        ("50%*3", "05%*3=@", "B05*3=@B③₀⁰₅¹₁B051"),
        ("2.345 to 2 decimals", "C5432=β", "B532"),
        ("2+3 in words", "2+3=§", "5=§five"),
        ("What is twelve plus 7?", "what is twelve plus 7=@", "21+7=@91"),
        ("forty-two minus 2 in words", "two forty minus 2=§", "24-2=§₀₄>04=§forty"),
    ],
)
def test_known_work(text: str, prompt: str, completion: str):
    assert rendered(text) == (prompt, completion)


@pytest.mark.parametrize(
    ("text", "completion"),
    [
        ("12+34", "[64]"),
        ("12*34", "④₈⁰₄⁰₀③₀¹₄⁰₀&₈₀₄₀[804]"),
        ("1.2*3", "A③₆⁰₃⁰₀&₆₃₀[A63]"),
        ("30-5", "₅₂>[52]"),
        ("5-30", "₅₇<&₅₂>[~52]"),
        ("99-100", "₉₉₉<&₁₀₀>||[~1]"),
        ("(3+4)*2-5", "{7}*2-5=@②₄¹₁&₄₁[41]-5=@₉₀>|[9]"),
        ("-(3+4)", "{~7}"),
        ("(5)+(2+3)", "{5}+(2+3)=@5+{5}=@[01]"),
    ],
)
def test_near_work_is_drawn_up_again_and_begins_its_results(text: str, completion: str):
    question = read_question(text)
    assert NEAR.format.completion("", question) == completion
    assert NEAR.format.parse(completion, question) == Problem(question, Rounding(), "test").answer()


def test_a_quotient_digit_that_was_guessed_otherwise_is_made_good():
    line = items_of(("2000", "/", "3"))
    seen = {work(line, "=β", 2, rng=random.Random(seed)) for seed in range(60)}
    assert len(seen) > 1
    answers = {STEPS.parse(text) for text in seen}
    assert answers == {"666.67"}
    heads = {character for text in seen for character in text if character in QUOTIENTS + NEGATIVE_QUOTIENTS}
    assert heads & set(NEGATIVE_QUOTIENTS[1:])


@pytest.mark.parametrize(("left", "right"), [("96", "16"), ("100", "1"), ("99", "11"), ("1.5", "0.25")])
def test_a_quotient_that_is_exact_may_be_guessed_off_by_one_at_every_digit(left: str, right: str):
    line = items_of((left, "/", right))
    seen = {work(line, "=@", None, rng=random.Random(seed)) for seed in range(1000)}
    assert {STEPS.parse(text) for text in seen} == {STEPS.parse(work(line, "=@", None))}
    assert {QUOTIENTS[10], NEGATIVE_QUOTIENTS[10]} <= set("".join(seen))


NUMBERS = st.integers(0, 10**7).map(str) | st.from_regex(r"(0|[1-9][0-9]{0,4})\.[0-9]{1,4}", fullmatch=True)
SIGNED = NUMBERS | NUMBERS.map(lambda text: f"-{text}") | NUMBERS.map(lambda text: f"{text}%")


@given(
    st.recursive(
        SIGNED,
        lambda inner: (
            st.tuples(inner, st.sampled_from("+-*/"), inner).map("".join)
            | inner.map(lambda text: f"({text})")
            | inner.map(lambda text: f"-({text})")
        ),
        max_leaves=5,
    )
)
def test_work_ends_in_the_truth_where_nothing_is_divided(text: str):
    question = read_question(text.replace("/", "+"))
    truth = Problem(question, Rounding(exact="undivided"), "test").answer()
    completion = STEPS.completion("", question)
    kept = same_number(STEPS.parse(completion), truth)
    # Products keep twelve decimals.
    assert kept or len(truth.partition(".")[2]) > 12


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6), st.integers(0, 8), st.integers(0, 4), st.integers(0, 4))
def test_quotients_are_rounded_half_up(left: int, right: int, places: int, left_scale: int, right_scale: int):
    def decimal(value: int, scale: int) -> str:
        digits = str(abs(value)).rjust(scale + 1, "0")
        return "-" * (value < 0) + (f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits)

    question = read_question(f"{decimal(left, left_scale)}/{decimal(right, right_scale)} to {places} decimals")
    truth = Problem(question, Rounding(exact="undivided"), "test").answer()
    assert same_number(STEPS.parse(STEPS.completion("", question)), truth)


def test_what_work_has_no_sign_for_is_said():
    for text, words in (
        ("2 to 13 decimals", "12 decimals"),
        ("0.1234567890123+1", "12 decimals"),
        ("(1+2)%", "percents"),
    ):
        with pytest.raises(DataError, match=words):
            rendered(text)


def test_signs_are_one_character_each_and_no_two_alike():
    assert len(set(NEAR_SYMBOLS)) == len(NEAR_SYMBOLS)
    assert not any(character.isspace() or character in "abcdefghijklmnopqrstuvwxyz" for character in NEAR_SYMBOLS)


def test_signs_of_near_work_leave_other_vocabularies_as_they_are():
    assert NEAR_SYMBOLS.startswith(SYMBOLS)
    assert np.array_equal(NEAR.classes[: len(SYMBOLS)] == ruling.DIGIT, CODEC.classes[: len(SYMBOLS)] == ruling.DIGIT)


def ruled(codec: Codec, text: str) -> list[tuple[str, list[int]]]:
    ids = np.array([[codec.tokenizer.start_id, *codec.tokenizer.encode(text)]])
    tokens = [codec.tokenizer.vocabulary[index] for index in ids[0]]
    return list(zip(tokens, coordinates(ids, codec.classes)[0].tolist(), strict=True))


@given(st.integers(1, 10**8), st.integers(1, 10**8))
def test_a_product_is_drawn_up_again_beside_its_rows(left: int, right: int):
    """A digit of the result stands behind the one that a row left behind, or behind the last row's in its column."""
    found = ruled(NEAR, NEAR.format.completion("", read_question(f"{left}*{right}")))
    again = next(index for index, (token, _) in enumerate(found) if token == AGAIN)
    rows = [(token, places) for token, places in found[:again] if token in SCRATCH]
    copied = [(token, places) for token, places in found[again + 1 :] if token in SCRATCH]
    # index, column, item, line, row, place
    assert [places[5] for _, places in copied] == list(range(len(str(left)) + len(str(right))))
    for token, (_, column, _, _, row, place) in copied:
        beside = {other for other, at in rows if at[5] == place and (at[4] == row - 1 or at[1] == column - 1)}
        assert beside == {token}


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_a_difference_is_drawn_up_again_under_itself(left: int, right: int):
    found = ruled(NEAR, NEAR.format.completion("", read_question(f"{left}-{right}")))
    places = [at[1:] for token, at in found if token in SCRATCH]
    width = max(len(str(left)), len(str(right)))
    assert places == [[n, 1, 1, n, n] for n in range(width)] * (2 if left < right else 1)


def places_of(text: str) -> dict[str, list[int]]:
    return {f"{index} {token}": row for index, (token, row) in enumerate(ruled(CODEC, text))}


def test_digits_of_a_number_count_columns_and_places():
    # index, column, item, line, row, place
    found = places_of("A52+B123=@")
    assert found["1 A"][1:] == [0, 1, 1, 0, -1]
    assert found["2 5"][1:] == [0, 1, 1, 0, -1]
    assert found["3 2"][1:] == [1, 1, 1, 1, 0]
    assert found["4 +"][1:] == [2, 1, 1, 2, 1]
    assert found["6 1"][1:] == [0, 2, 1, 0, -2]
    assert found["9 ="][1:] == [3, 2, 1, 3, 1]
    assert found["10 @"][1:] == [0, 0, 2, 0, 0]


def test_a_sign_begins_its_number_and_a_sign_before_a_parenthesis_none():
    assert [row[2] for row in places_of("~5*~(3-2)").values()] == [0, 1, 1, 1, 2, 1, 2, 2, 3, 3]


def test_rows_of_a_product_go_up_and_those_of_a_quotient_down():
    product = list(places_of("21*43=@④₈⁰₄⁰₀③₀¹₄⁰₀804").values())[8:]
    assert [row[4] for row in product[:12]] == [0] * 6 + [1] * 6
    assert [row[1] for row in product[:12]] == [0, 0, 0, 1, 1, 2] * 2
    assert [row[5] for row in product[:12]] == [0, 0, 0, 1, 1, 2, 1, 1, 1, 2, 2, 3]
    assert [row[1] for row in product[12:]] == [0, 1, 2]
    quotient = list(places_of("63/3=β₆₃１₀⁰>２₀⁰#21").values())[7:]
    assert [row[4] for row in quotient] == [0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1]
    assert {row[2] for row in quotient} == {1}


@given(st.lists(st.sampled_from(range(1, len(CODEC.tokenizer.vocabulary))), min_size=2, max_size=40), st.data())
def test_the_rule_is_causal_and_the_same_token_by_token(row: list[int], data: st.DataObject):
    ids = np.array([row, row[::-1]])
    whole = coordinates(ids, CODEC.classes)
    cut = data.draw(st.integers(1, len(row) - 1))
    assert np.array_equal(coordinates(ids[:, :cut], CODEC.classes), whole[:, :cut])
    here, before = whole[:, cut - 1], CODEC.classes[ids[:, cut - 1]]
    for step in range(cut, len(row)):
        now = CODEC.classes[ids[:, step]]
        here, before = advance(here, before, now), now
        assert np.array_equal(here, whole[:, step])


def test_which_digit_a_token_is_has_no_part_in_it():
    one, other = (list(places_of(text).values()) for text in ("27/86=β₇₂０₂⁰₀⁰>", "90/11=β₀₉３₅⁹₆¹>"))
    assert one == other


def test_classes_of_plain_vocabularies_stay_plain():
    assert not ruling.is_ruled(token_classes(["<pad>", "<start>", "<end>", *"0123456789+-*/=."]))
    assert ruling.is_ruled(CODEC.classes)


def test_symbols_alone_are_asked_as_they_are():
    assert asked(read_question("2+3")).symbols == ("2", "+", "3")
