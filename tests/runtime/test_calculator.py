import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.settings import check
from abacist.problems.task import Task, TaskSettings
from abacist.runtime.calculator import Calculator
from abacist.text.codec import Codec, TextSettings
from abacist.text.confidence import Calibration, Counts
from abacist.text.generated import Generated

TASK = check(
    TaskSettings,
    {
        "mixture": [{"operation": {"name": name, "left": [0, 99]}} for name in ("addition", "division")],
        "split": {"held_out": 0.3, "region": [90, 99]},
    },
)


class Says:
    """A model that writes the same text after every prompt."""

    context_length = 24

    def __init__(self, text: str, ends: bool = True, format: str = "compact", tokenizer: str = "character"):
        self.codec = Codec.build(check(TextSettings, {"format": format, "tokenizer": tokenizer}))
        self.task = Task(TASK)
        self.ids = self.codec.tokenizer.encode(text) + [self.codec.tokenizer.end_id] * ends

    def inside(self, prompt: list[int]) -> list[str]:
        return []

    def answer(self, prompt: list[int]) -> Generated:
        return Generated(self.ids, [0.5] * len(self.ids))


def test_a_right_answer():
    reply = Calculator(Says("46")).reply(" 12 +34 = ")
    assert (reply.question, reply.answer, reply.truth, reply.correct, reply.error) == ("12+34", "46", "46", True, None)
    assert reply.confidence == 0.125
    assert reply.tokens == [("4", 0.5), ("6", 0.5), ("<end>", 0.5)]
    assert reply.seconds >= 0


def test_a_wrong_answer_keeps_the_model_s_word():
    reply = Calculator(Says("47")).reply("12+34")
    assert (reply.answer, reply.truth, reply.correct, reply.error) == ("47", "46", False, None)


@pytest.mark.parametrize(("text", "ends"), [("4+6", True), ("46", False), ("", True)])
def test_an_answer_that_is_no_number_is_said(text: str, ends: bool):
    reply = Calculator(Says(text, ends)).reply("12+34")
    assert (reply.answer, reply.correct) == (None, False)
    assert reply.error is not None
    assert reply.error.startswith("the model wrote '")


def test_of_a_long_answer_that_is_no_number_the_beginning_is_said():
    reply = Calculator(Says("1+" * 4000)).reply("12+34")
    assert reply.error is not None
    assert reply.error.startswith("the model wrote '1+1+")
    assert len(reply.error) < 200


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "nothing is asked; type a problem such as 12+34"),
        ("   ", "nothing is asked; type a problem such as 12+34"),
        ("1/0", "division by zero has no answer"),
        ("1+", "'1+' ends too early; a number is missing"),
        ("hello", "'hello' at place 1 of 'hello' cannot be read here"),
        ("1+\x00", "'\\x00' at place 3 of '1+\\x00' cannot be read here"),
        ("1+٣", "'٣' at place 3 of '1+٣' cannot be read here"),
        ("\ud800", "'\\ud800' at place 1 of '\\ud800' cannot be read here"),
        ("9" * 10_000 + "+1", "a number of 10,000 digits is too long to check"),
        ("1+" * 40 + "1", "the question takes 83 tokens; this model reads at most 23"),
        ("1-" * 5000 + "1", "the question takes 10003 tokens; this model reads at most 23"),
        ("(" * 100_000, None),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_has_no_answer_is_explained_in_one_line(text: str, error: str | None):
    reply = Calculator(Says("1")).reply(text)
    assert reply.answer is None
    assert reply.error is not None
    assert "\n" not in reply.error
    assert error is None or reply.error == error


@pytest.mark.parametrize(
    ("text", "standing"),
    [("95+1", "outside"), ("100+1", "outside"), ("2*3", "outside"), ("1+1+1", "outside"), ("-5+3", "outside")],
)
def test_questions_outside_of_the_training_s_range_are_marked(text: str, standing: str):
    assert Calculator(Says("1")).reply(text).trained == standing


def test_questions_inside_are_shown_or_held_out_by_the_split():
    calculator = Calculator(Says("1"))
    for left in range(20):
        side = Task(TASK).side((str(left), "+", "7"))
        expected = {"train": "shown", "held_out": "held_out"}[side]
        assert calculator.reply(f"{left}+7").trained == calculator.reply(f"7+{left}").trained == expected


@pytest.mark.parametrize(("format", "written"), [("compact", "-12.5"), ("reversed", "-5.21"), ("written", "-12.5")])
def test_tokens_are_shown_in_reading_order(format: str, written: str):
    reply = Calculator(Says(written, format=format)).reply("1+2")
    assert reply.answer == "-12.5"
    assert "".join(sign for sign, _ in reply.digits) == "-12.5"
    assert "".join(token for token, _ in reply.tokens) == written + "<end>"


@given(st.text() | st.text(alphabet="0123456789+-*/(). ,=", max_size=60))
def test_no_text_makes_it_raise_and_every_reply_is_json(text: str):
    reply = Calculator(Says("12")).reply(text)
    assert (reply.answer is None) == (reply.error is not None)
    assert (reply.correct is True) == (reply.truth == "12")
    values = json.loads(json.dumps(reply.as_json()))
    assert values.keys() == {field.name for field in dataclasses.fields(reply)}
    assert not any(isinstance(value, float) and math.isnan(value) for value in values.values())


RULE = Calibration(1.0, 0.0, 0.0, 0.999, 0.9, Counts(3, 40))


def test_a_calibrated_run_says_whether_it_is_sure():
    unsure = Calculator(Says("46"), RULE).reply("12+34")
    assert math.isclose(unsure.confidence or 0, 0.125)
    assert (unsure.sure, unsure.doubt) == (False, "not sure: 3 of 40 such answers were wrong")
    sure = Calculator(Says("46"), dataclasses.replace(RULE, threshold=0.1)).reply("12+34")
    assert (sure.sure, sure.doubt) == (True, None)
    nobody_knows = Calculator(Says("46")).reply("12+34")
    assert (nobody_knows.sure, nobody_knows.doubt) == (None, None)


def test_work_is_shown_when_it_is_wanted():
    says = Says("④₈⁰₄⁰₀③₀¹₄⁰₀804", format="steps", tokenizer="signs")
    wanted = Calculator(says).reply("12*34", steps=True)
    assert wanted.steps == ["  12*34", "     12*34", "    4   48", "    3  408", "= 408"]
    assert (wanted.answer, wanted.correct) == ("408", True)
    assert wanted.digits == [("4", 0.5), ("0", 0.5), ("8", 0.5)]
    assert Calculator(says).reply("12*34").steps == []
    assert Calculator(Says("46")).reply("12+34", steps=True).steps == []


def test_work_without_an_end_is_shown_as_far_as_it_goes():
    reply = Calculator(Says("④₈⁰₄⁰₀③₀", ends=False, format="steps", tokenizer="signs")).reply("12*34", steps=True)
    assert reply.answer is None
    assert reply.digits == []
    assert reply.steps[-2:] == ["    4  48", "? ③₀"]


def test_a_guessed_digit_of_a_quotient_is_no_doubt():
    says = Says("₆０₆⁰₀⁰>", format="steps", tokenizer="signs")
    assert Calculator(says).reply("6/12").confidence == 0.5 ** (len(says.ids) - 1)
