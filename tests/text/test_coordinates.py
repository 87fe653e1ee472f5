import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.settings import check
from abacist.problems.question import read_question
from abacist.text.batch import collate, pad_lists
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import DIGIT, HINT, OTHER, POINT, advance, before_first, coordinates, token_classes
from abacist.text.format import Example

CODEC = Codec.build(check(TextSettings, {"format": "compact"}))
HINTED = Codec.build(check(TextSettings, {"format": "hinted", "tokenizer": "hints"}))


def places_of(text: str, codec: Codec = CODEC) -> list[list[int]]:
    ids = np.array([codec.tokenizer.encode(text)])
    return coordinates(ids, codec.classes)[0].tolist()


def test_classes_of_tokens():
    vocabulary = ["<pad>", "0", "9", ".", "+", " ", "٣", "12", "²"]
    assert token_classes(vocabulary).tolist() == [OTHER, DIGIT, DIGIT, POINT, OTHER, OTHER, OTHER, DIGIT, OTHER]


def test_a_letter_is_a_hint_only_where_the_format_says_so():
    assert token_classes(["α", "β", "7"]).tolist() == [OTHER, OTHER, DIGIT]
    assert token_classes(["α", "β", "7"], "αβγ").tolist() == [HINT, HINT, DIGIT]


def test_index_place_and_number_of_a_question():
    found = places_of("12+3.5=-40")
    assert [index for index, _, _ in found] == list(range(10))
    assert [place for _, place, _ in found] == [1, 2, 0, 1, 1, 2, 0, 0, 1, 2]
    assert [number for _, _, number in found] == [1, 1, 1, 2, 2, 2, 2, 2, 3, 3]


def test_a_point_belongs_to_a_number_only_behind_a_digit():
    assert [place for _, place, _ in places_of(".5..5")] == [0, 1, 1, 0, 1]


@pytest.mark.parametrize("text", ["12+3.5=-40", "7", "-12.50+(3*400)=.5", "2..3"])
def test_hints_change_no_place_and_no_number(text: str):
    hinted = "".join(f"γ{sign}" if sign.isdigit() else sign for sign in text)
    found = [where[1:] for where in places_of(hinted, HINTED)]
    plain = [where[1:] for where in places_of(text)]
    assert [where for where, sign in zip(found, hinted, strict=True) if sign != "γ"] == plain
    assert all(found[at] == found[at + 1] for at, sign in enumerate(hinted) if sign == "γ"), "a hint is its digit's"


def test_a_hint_without_a_digit_begins_a_number_all_the_same():
    assert [where[1:] for where in places_of("α+αβ5=α.3", HINTED)] == [
        *([1, 1], [0, 1]),
        *([1, 2], [1, 2], [1, 2], [0, 2]),
        *([1, 3], [0, 3], [1, 3]),
    ]


@pytest.mark.parametrize("codec", [CODEC, HINTED], ids=["compact", "hinted"])
@given(text=st.text(alphabet="0123456789+-*/()=. ", min_size=2, max_size=30), data=st.data())
def test_the_rule_is_causal_and_the_same_token_by_token(codec: Codec, text: str, data: st.DataObject):
    if codec is HINTED:
        letters = data.draw(st.text(alphabet="αβω", min_size=len(text), max_size=len(text)))
        text = "".join(map("".join, zip(text, letters, strict=True)))
    ids = np.array([codec.tokenizer.encode(text)])
    whole = coordinates(ids, codec.classes)
    cut = data.draw(st.integers(1, ids.shape[1] - 1))
    assert np.array_equal(coordinates(ids[:, :cut], codec.classes), whole[:, :cut])
    here, here_class = whole[:, cut - 1], codec.classes[ids[:, cut - 1]]
    for step in range(cut, ids.shape[1]):
        next_class = codec.classes[ids[:, step]]
        here, here_class = advance(here, here_class, next_class), next_class
        assert np.array_equal(here, whole[:, step])


def test_rows_know_nothing_of_each_other():
    texts = ["12+3=", "(((((", "99999"]
    ids = np.array([CODEC.tokenizer.encode(text) for text in texts])
    together = coordinates(ids, CODEC.classes)
    assert [row.tolist() for row in together] == [places_of(text) for text in texts]
    first, classes = before_first(3)
    assert first.shape == (3, 3)
    assert classes.tolist() == [OTHER] * 3


def test_a_row_is_start_prompt_completion_end():
    row = CODEC.example(Example("1+2=", "3"))
    vocabulary = CODEC.tokenizer.vocabulary
    assert [vocabulary[index] for index in row.ids] == ["<start>", "1", "+", "2", "=", "3", "<end>"]
    assert row.prompt_length == 5
    assert CODEC.prompt(read_question("1+2")) == row.ids[:5]


def test_a_batch_marks_exactly_completion_and_end():
    rows = [CODEC.example(Example("1+2=", "3")), CODEC.example(Example("99+1=", "100"))]
    batch = collate(rows, CODEC.classes, CODEC.tokenizer.pad_id)
    assert batch.ids.shape == (2, 10)
    assert batch.ids[0, 7:].tolist() == [0, 0, 0]
    assert batch.loss_mask.astype(int).tolist() == [[0, 0, 0, 0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]]
    assert np.array_equal(batch.coordinates, coordinates(batch.ids, CODEC.classes))


@pytest.mark.parametrize(
    ("text", "ended", "answer"),
    [("46", True, "46"), ("46", False, None), ("", True, None), ("4+6", True, None), ("-4.50", True, "-4.50")],
)
def test_an_answer_must_be_a_number_and_end(text: str, ended: bool, answer: str | None):
    ids = CODEC.tokenizer.encode(text) + [CODEC.tokenizer.end_id] * ended
    assert CODEC.answer(ids) == answer


def test_lists_are_filled_up_with_minus_one():
    assert pad_lists([[1, 2], [], [3]]).tolist() == [[1, 2], [-1, -1], [3, -1]]
    assert pad_lists([]).shape == (0, 0)
