import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core import catalogue
from abacist.core.errors import QuestionError
from abacist.problems.expression import MAX_DEPTH, canonical, evaluate, parse
from abacist.problems.number_words import NUMBER_WORDS
from abacist.problems.question import read_question

NUMBERS = st.integers(0, 10**6).map(str) | st.from_regex(r"[0-9]{1,4}\.[0-9]{1,4}", fullmatch=True)
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", " - ", " / "]), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-{text}"),
        inner.map(lambda text: f"({text})%"),
    ),
    max_leaves=12,
)


def value(text: str) -> int | Fraction:
    return evaluate(read_question(text))


def by_python(text: str) -> Fraction:
    # A percent always stands behind parentheses here, and ** binds tighter than every other sign.
    text = re.sub(r"[0-9]+(\.[0-9]+)?", lambda number: f"F('{number[0]}')", text)
    return eval(text.replace("%", "**PERCENT"), {"F": Fraction, "PERCENT": _Percent()})


class _Percent(Fraction):
    """Divides by 100 as an exponent; as a subclass it is asked before the base is."""

    def __rpow__(self, value: Fraction) -> Fraction:
        return value / 100


def form(text: str) -> str:
    return canonical(read_question(text))


@given(EXPRESSIONS)
def test_values_are_those_of_python_s_fractions(text: str):
    try:
        expected = by_python(text)
    except ZeroDivisionError:
        with pytest.raises(QuestionError, match="division by zero"):
            value(text)
        return
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2+3*4", 14),
        ("2*3+4", 10),
        ("(2+3)*4", 20),
        ("10-3-2", 5),
        ("100/10/5", 2),
        ("8/2*4", 16),
        ("1-2+3", 2),
        ("-3+5", 2),
        ("-3*-2", 6),
        ("2--3", 5),
        ("--3", 3),
        ("-(2+3)", -5),
        ("1/8", Fraction(1, 8)),
        ("0.1+0.2", Fraction(3, 10)),
        ("07+12", 19),
        ("((((7))))", 7),
        ("50%", Fraction(1, 2)),
        ("-50%", Fraction(-1, 2)),
        ("300%--4*25%", 4),
        ("2*(3+4)%", Fraction(7, 50)),
        ("8/200%*3", 12),
        ("5%%", Fraction(5, 10_000)),
    ],
)
def test_the_usual_meaning(text: str, expected: int | Fraction):
    assert value(text) == expected


@pytest.mark.parametrize("text", ["1/0", "0/0", "1/(2-2)", "5/0.00", "1/(1/0)", "0/-0"])
def test_division_by_zero_is_said(text: str):
    with pytest.raises(QuestionError, match="division by zero has no answer"):
        value(text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("12+", r"'12\+' ends too early; a number is missing"),
        ("(1+2", r"'\(1\+2' ends too early; '\)' is missing"),
        ("1+2)", r"'\)' at place 4 of '1\+2\)' cannot be read here"),
        ("*3", r"'\*' at place 1 of '\*3' cannot be read here"),
        ("3 4", "'4' at place 2 of '3 4' cannot be read here"),
        ("3 foo 4", "'foo' at place 2"),
        ("foo(3)", "'foo' at place 1"),
        ("1++2", r"'\+' at place 3"),
        ("()", r"'\)' at place 2"),
        ("2^3", r"'\^' at place 2"),
        ("1,2", "',' at place 2"),
        ("1+\x00", r"'\\x00' at place 3"),
        ("1.2.3", r"'\.' at place 2"),
        ("5%3", "'3' at place 3"),
        ("%5", "'%' at place 1"),
        ("5%(3)", r"'\(' at place 3"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, complaint: str):
    with pytest.raises(QuestionError, match=complaint):
        value(text)


@pytest.mark.parametrize(
    "nest", [lambda n: "(" * n + "1" + ")" * n, lambda n: "-" * n + "1", lambda n: "(1+" * n + "1" + ")" * n]
)
def test_depth_has_a_limit_that_is_said(nest: Callable[[int], str]):
    assert abs(value(nest(MAX_DEPTH // 2))) == value(nest(MAX_DEPTH // 2).replace("-", ""))
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(QuestionError, match=f"nested more than {MAX_DEPTH} deep"):
            value(nest(depth))


@pytest.mark.parametrize("sign", ["+", "-", "*", "/"])
def test_long_chains_are_no_deep_nests(sign: str):
    text = sign.join(["1"] * 5000)
    assert value(text) == {"+": 5000, "-": -4998}.get(sign, 1)
    assert form(text).count("1") == 5000


def test_a_number_beyond_what_python_reads_is_said():
    with pytest.raises(QuestionError, match="a number of 10,000 digits is too long to check"):
        value("9" * 10_000 + "+1")
    with pytest.raises(QuestionError, match="too long to check"):
        value("1.5+" + "9" * 10_000)


def test_an_own_operation_gets_its_symbol_s_meaning(own_operation: Path):
    with pytest.raises(QuestionError, match="'lcm' at place 1"):
        value("lcm(12, 18)")
    catalogue.load("problems.operations", str(own_operation))
    assert value("12 gcd 18") == 6
    assert value("gcd(12, 18)") == 6
    assert value("gcd(12, 18, 8) + 1") == 3
    assert value("2 * gcd(2+4, 9)") == 6
    assert form("gcd(18, 12)") == form("12 gcd 18") == form("12 gcd 18.0")
    with pytest.raises(QuestionError, match=r"'\(' is missing"):
        value("gcd")


@pytest.mark.parametrize(
    "texts",
    [
        ("7+12", "12+7", "07+12", "7.0+12", "(7+12)", "(7)+012"),
        ("1+2+3", "3+1+2", "1+(2+3)", "(3+2)+1", "2+(1+3)"),
        ("2*3*4", "4*(3*2)", "04*2*3"),
        ("2*(3+4)", "(4+3)*2"),
        ("5-3", "05-3.0"),
        ("1.50/2", "1.5/2.0"),
        ("1+2*3+4", "4+(3*2)+1"),
        ("-3+5", "5+-3"),
        ("7%+12", "12+07%", "What is twelve plus seven percent?"),
        ("1-2+3", "1+3-2", "3-2+1", "1-(2-3)", "3-(2-1)", "-2+(1+3)", "1--3-2", "3 - (-(1 - 2))"),
        ("1-2-3", "1-(2+3)", "1-3-2", "-(3+2)+1", "1+-2-3"),
        ("-2-3", "-3-2", "-(2+3)", "-2+-3"),
        ("2--3", "2+3", "3- -2"),
        ("6/2*3", "6*3/2", "3*6/2", "6/(2/3)", "3*(6/2)", "-6/(2/-3)"),
        ("6/2/3", "6/(2*3)", "6/3/2", "-6/-2/3"),
        ("-2*3", "2*-3", "-(3*2)", "3*(-2)"),
        ("5-2*3", "5+-2*3", "5+3*-2", "5-(3*2)"),
        ("5", "--5", "(5)", "-(-5.0)"),
        ("-0", "0", "-(-0)", "00.0"),
        ("-5%", "(-5)%", "-(5%)"),
    ],
)
def test_equivalent_ways_to_write_share_a_canonical_form(texts: tuple[str, ...]):
    assert len({form(text) for text in texts}) == 1


def test_different_problems_have_different_forms():
    texts = ["7+12", "71+2", "7*12", "7-12", "12-7", "12/7", "7/12", "1-(2-3)", "1-2-3", "2*(3+4)", "2*3+4"]
    texts += ["-7-12", "-7*12", "7%*12", "(7*12)%", "-(7*12)%", "1-(2*3)", "(1-2)*3", "1/(2-3)", "7", "-7", "7%", "0"]
    assert len({form(text) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12+7", "(7+12)"),
        ("9-12", "(9-12)"),
        ("12*7", "(7*12)"),
        ("12/7", "(12/7)"),
        ("3+12+1", "(1+3+12)"),
        ("3*12*1", "(1*3*12)"),
        ("2*(4+3)", "(2*(3+4))"),
        ("1+2*3+4", "(1+4+(2*3))"),
        ("2*3-4/5", "((2*3)-(4/5))"),
        ("1-2+3-4", "(1+3-2-4)"),
        ("-5", "(-5)"),
    ],
)
def test_forms_stay_what_they_were(text: str, expected: str):
    assert form(text) == expected


@given(EXPRESSIONS)
def test_problems_of_one_form_have_one_value(text: str):
    question = read_question(text)
    again = read_question(form(text))
    assert canonical(again) == form(text)
    try:
        expected = evaluate(question)
    except QuestionError:
        return
    assert evaluate(again) == expected


@given(st.text())
def test_any_text_is_read_or_refused_in_words(text: str):
    refusal = ""
    try:
        question = read_question(text)
        parse(question)
        assert canonical(question)
    except QuestionError as error:
        refusal = str(error)
    in_words = NUMBER_WORDS.intersection(re.findall("[a-z]+", text.lower()))
    assert refusal or in_words or set(text) & set("0123456789"), "something without a number was read"
