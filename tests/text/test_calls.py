"""Calls: how they are written, what the calculator answers, and that a question's calls lead to its answer."""

import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core import arithmetic
from abacist.core.catalogue import build
from abacist.core.errors import DataError
from abacist.problems.problem import Problem
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.text import calls
from abacist.text.codec import Codec
from abacist.text.format import FOLDER, Format
from abacist.text.formats.calls import Calls

FORMAT: Format = build(FOLDER, "calls")
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,4})?", fullmatch=True)


@pytest.mark.parametrize(
    ("question", "completion"),
    [
        ("(3+4)*12", "[3+4>7][7*12>84]84"),
        ("2+3*4-5", "[3*4>12][2+12>14][14-5>9]9"),
        ("(1+2)*(3+4)", "[1+2>3][3+4>7][3*7>21]21"),
        ("27/86", "[27/86>0.313953488372]0.31"),
        ("1/3*3", "[1/3>0.333333333333][0.333333333333*3>0.999999999999]1"),
        ("2/-3", "[2/-3>-0.666666666667]-0.67"),
        ("1.5*-0.25", "[1.5*-0.25>-0.375]-0.38"),
        ("5--5", "[5--5>10]10"),
        ("-(3-10)", "[3-10>-7][--7>7]7"),
        ("--3", "[--3>3]3"),
        ("8%*12.5", "[8%>0.08][0.08*12.5>1]1"),
        ("-3%", "[3%>0.03][-0.03>-0.03]-0.03"),
        ("7", "7"),
        ("-7", "-7"),
        ("what is twelve plus 7 times two", "[7*2>14][12+14>26]26"),
        ("subtract 7 from 12", "[12-7>5]5"),
        ("2/3 to 4 decimals", "[2/3>0.666666666667]0.6667"),
    ],
)
def test_known_calls(question: str, completion: str):
    problem = Problem(read_question(question), Rounding(), "test")
    assert FORMAT.render(problem).completion == completion
    assert FORMAT.parse(completion) == problem.answer()


@pytest.mark.parametrize(
    ("question", "rounding", "completion"),
    [
        ("27/86", Rounding(), "[27/86:2>0.31]0.31"),
        ("999/1000", Rounding(), "[999/1000:2>1]1"),
        ("3+4", Rounding(), "[3+4:2>7]7"),
        ("27/86+1", Rounding(3), "[27/86>0.313953488372][0.313953488372+1:3>1.314]1.314"),
        ("27/86 to 1 decimal", Rounding(exact="undivided"), "[27/86:1>0.3]0.3"),
        ("1.125*1.5", Rounding(exact="undivided"), "[1.125*1.5>1.6875]1.6875"),
        ("27/86", Rounding(pad=True), "[27/86:2>0.31]0.31"),
        ("6/2", Rounding(pad=True), "[6/2:2>3]3.00"),
        ("-1.239", Rounding(), "[-1.239:2>-1.24]-1.24"),
        ("12%", Rounding(1), "[12%:1>0.1]0.1"),
        ("-(1.5*-1.25)", Rounding(0), "[1.5*-1.25>-1.875][--1.875:0>2]2"),
    ],
)
def test_the_last_call_may_ask_for_the_decimals_that_are_wanted(question: str, rounding: Rounding, completion: str):
    problem = Problem(read_question(question), rounding, "test")
    assert Calls(rounds=True).render(problem).completion == completion
    assert problem.answer() == Calls().parse(completion)


@given(left=NUMBERS, sign=st.sampled_from("+-*/"), right=NUMBERS)
def test_the_calculator_has_the_values_of_exact_arithmetic(left: str, sign: str, right: str):
    value = arithmetic.applied(sign, Fraction(left), Fraction(right))
    assert calls.result(f"{left}{sign}{right}") == ("" if value is None else arithmetic.written(value, calls.PLACES))
    assert Fraction(calls.result(f"-{left}")) == -Fraction(left)
    assert Fraction(calls.result(f"{left}%")) == Fraction(left) / 100


NO_CALLS = "7|-7-|7+|+7|7++2|1+2+3|1/0|1.+2|.5+1|1 + 2|(1+2)|٣+1|7*12=84|7:|:2|7::2|7:-2|7:100"


@pytest.mark.parametrize("call", ["", *NO_CALLS.split("|")])
def test_a_call_that_is_none_has_no_answer(call: str):
    assert calls.result(call) == ""


@pytest.fixture
def python_s_own_limit():
    """The digits that Python reads and writes by itself: commands raise them for their whole process."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)
    yield
    sys.set_int_max_str_digits(before)


def test_numbers_beyond_python_s_have_no_answer(python_s_own_limit):
    assert calls.result(f"{'9' * 5000}+1") == ""
    assert calls.result(f"{'9' * 4000}*{'9' * 4000}") == ""
    assert calls.result(f"{'9' * 4000}+1") == f"1{'0' * 4000}"


@given(text=st.text("[>]7*", max_size=30))
def test_what_is_asked_and_what_is_answered_are_told_by_one_rule(text: str):
    """A token is the calculator's from where a row asks to the sign that closes."""
    ids = {sign: index for index, sign in enumerate("[>]7*")}
    found = calls.of_calculator(np.array([[ids[sign] for sign in text or "7"]]), ids["["], ids[">"], ids["]"])[0]
    answering = False
    for place in range(len(text)):
        assert found[place] == answering
        if answering:
            answering = text[place] not in "[>]"
        if not answering:
            answering = calls.asked(text[: place + 1]) is not None


def test_long_chains_and_deep_nesting_are_worked_out():
    chain = read_question("+".join(["1"] * 3000))
    assert FORMAT.completion("3000", chain).endswith("[2999+1>3000]3000")
    deep = read_question("(1+" * 90 + "1" + ")" * 90)
    assert FORMAT.completion("91", deep).endswith("[1+90>91]91")


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("7/(2-2)", "the calculator has no answer to '7/0'"),
        ("1/(1/9999999999999)", "the calculator has no answer to '1/0'"),
    ],
)
def test_what_the_calculator_cannot_do_is_said(question: str, line: str):
    with pytest.raises(DataError) as refused:
        FORMAT.completion("1", read_question(question))
    assert str(refused.value) == line


def test_other_operations_are_refused_by_name(own_operation):
    build("problems.operations", str(own_operation))
    with pytest.raises(DataError, match=r"the calculator has no 'gcd'; calls are of \+ - \* / and %"):
        FORMAT.completion("6", read_question("12 gcd 18"))


def test_the_answer_and_its_signs_stand_behind_the_last_call():
    written = "[3-10>-7][-7/2>-3.5]-3.5"
    assert FORMAT.parse(written) == "-3.5"
    assert FORMAT.answer_signs([*written, "<end>"]) == [
        (sign, len(written) - 4 + place) for place, sign in enumerate("-3.5")
    ]
    assert FORMAT.on_paper(written) == ["3-10 = -7", "-7/2 = -3.5", "-3.5"]
    assert FORMAT.undecided([*written]) == frozenset()


@pytest.mark.parametrize("written", ["", "[3+4>7]", "[3+4>7", "[3+4>7]7]", "[3+4>7]7>", "7[3+4>7]"])
def test_what_ends_in_no_answer_has_none(written: str):
    assert FORMAT.parse(written) is None


def test_a_wrong_answer_is_never_corrected():
    assert FORMAT.parse("[3+4>7]8") == "8"


def test_its_characters_are_all_that_questions_in_signs_need():
    codec = Codec(Calls(), build("text.tokenizers", {"name": "character", "characters": calls.CHARACTERS}))
    for text in ("-(2-1.5)*8%", "27/86", "(3+4)*12"):
        question = read_question(text)
        problem = Problem(question, Rounding(), "test")
        row = codec.row(problem)
        assert codec.answer(row.ids[row.prompt_length :], question) == problem.answer()
