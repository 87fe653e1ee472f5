"""The contract of formats: answers come back as they went in, and a prompt knows no arithmetic."""

from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.catalogue import build, own_names, settings_class
from abacist.core.errors import AbacistError, DataError
from abacist.core.settings import check, dump
from abacist.problems import expression
from abacist.problems.columns import Columns
from abacist.problems.operation import Operation, operator
from abacist.problems.problem import Problem, same_number
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.text.characters import Numerals, texts_of
from abacist.text.format import FOLDER, Format, is_answer
from abacist.text.scratchpad import Scratchpad

MORE: dict[str, list[dict[str, Any]]] = {
    "calls": [{"rounds": True}],
    "hinted": [{"decimals": 2}],
    "padded": [{"reverse": True}, {"width": 1, "answer_width": 1}, {"width": 12, "answer_width": 20, "reverse": True}],
}
NUMBERS = st.integers(0, 10**9).map(str) | st.from_regex(r"(0|[1-9][0-9]{0,4})\.[0-9]{1,3}", fullmatch=True)
OPERANDS = NUMBERS | NUMBERS.map(lambda text: f"-{text}")
QUESTIONS = st.one_of(
    st.tuples(OPERANDS, st.sampled_from("+-*/"), OPERANDS).map("".join),
    st.lists(NUMBERS, min_size=3, max_size=6).map("+".join),
    st.tuples(NUMBERS, NUMBERS, NUMBERS).map(lambda n: f"({n[0]}-{n[1]})*-{n[2]}"),
).map(read_question)
PROBLEMS = st.builds(
    Problem,
    QUESTIONS,
    st.builds(Rounding, st.integers(0, 6), st.sampled_from(["half_up", "half_even"]), st.booleans()),
    st.just("test"),
).filter(lambda problem: not divides_by_zero(problem))


def divides_by_zero(problem: Problem) -> bool:
    return "/" in problem.question and Fraction(problem.question[-1]) == 0


def every_format() -> list[Any]:
    choices = [(name, settings) for name in own_names(FOLDER) for settings in ({}, *MORE.get(name, []))]
    return [pytest.param(build(FOLDER, {"name": n, **settings}), id=f"{n} {settings or ''}") for n, settings in choices]


over_every_format = pytest.mark.parametrize("format", every_format())
over_every_plain_format = pytest.mark.parametrize("format", [p for p in every_format() if not p.values[0].shows_work])


@over_every_plain_format
@given(problem=PROBLEMS)
def test_a_rendered_answer_parses_back_to_the_letter(format: Format, problem: Problem):
    example = format.render(problem)
    assert format.parse(example.completion) == problem.answer()
    assert example.prompt == format.prompt(problem.question)


over_every_working_format = pytest.mark.parametrize("format", [p for p in every_format() if p.values[0].shows_work])
WHOLE_SUMS = st.tuples(st.integers(0, 10**9).map(str), st.just("+"), st.integers(0, 10**9).map(str))


@over_every_working_format
@given(question=QUESTIONS)
def test_work_ends_in_the_true_answer_or_is_refused(format: Format, question: tuple[str, ...]):
    problem = Problem(question, Rounding(exact="undivided"), "test")
    if divides_by_zero(problem):
        return
    try:
        example = format.render(problem)
    except DataError:
        assert isinstance(format, Scratchpad)
        return
    assert same_number(format.parse(example.completion, question), problem.answer())
    assert example.prompt == format.prompt(question)


@over_every_working_format
@given(question=WHOLE_SUMS)
def test_work_on_a_sum_of_two_whole_numbers_is_never_refused(format: Format, question: tuple[str, ...]):
    problem = Problem(question, Rounding(), "test")
    example = format.render(problem)
    assert same_number(format.parse(example.completion, question), problem.answer())
    assert example.prompt == format.prompt(question)


BATCHES = [
    Columns(np.array(numbers), tuple(symbols), np.array(values), None if below is None else np.array(below))
    for numbers, symbols, values, below in [
        ([[1, 2], [0, 0], [12345, 99], [10**14, 7]], "+", [3, 0, 12444, 10**14 + 7], None),
        ([[1, 2, 30], [100, 0, 7]], "+-", [-27, 93], None),
        ([[1, -2], [-3, 4], [-50, -60], [0, 1]], "-", [3, -7, 10, -1], None),
        (
            [[1, 8], [27, 86], [12, 4], [0, 3], [-1, 400], [199, 200]],
            "/",
            [1, 27, 12, 0, -1, 199],
            [8, 86, 4, 3, 400, 200],
        ),
        ([[12, 18], [1, -5], [7, 0]], ("gcd",), [6, 1, 7], None),
        (np.empty((0, 2), dtype=np.int64), "+", np.empty(0, dtype=np.int64), None),
    ]
]
"""Questions of one shape with their values: signs, zeros, decimals, words, long numbers, none at all."""


def refuses(format: Format, questions: list[tuple[str, ...]]) -> bool:
    """Tell whether one of the questions is none that the format has work for."""
    try:
        for question in questions:
            format.completion("", question)
    except AbacistError:
        return True
    return False


@over_every_format
@pytest.mark.parametrize("plain_for", ["", "/", "-", "8"])
@pytest.mark.parametrize(
    "rounding", [Rounding(), Rounding(3, "half_even", True), Rounding(0), Rounding(2, "binary64", True)], ids=str
)
@pytest.mark.parametrize("columns", BATCHES, ids=lambda columns: "".join(columns.symbols))
def test_a_batch_is_rendered_as_its_rows_are(format: Format, plain_for: str, rounding: Rounding, columns: Columns):
    if "plain_for" in {item.name for item in fields(format)}:
        format = replace(format, plain_for=plain_for)
    scaled = rounding.scaled_batch(columns)
    if scaled is None:
        assert "binary64" in rounding.mode
        return
    answers, numbers = Numerals.of(*scaled, rounding.pad), [Numerals.of(column) for column in columns.numbers.T]
    below = [1] * len(columns) if columns.denominator is None else columns.denominator.tolist()
    values = [rounding.text(Fraction(*pair)) for pair in zip(columns.numerator.tolist(), below, strict=True)]
    questions = columns.questions()
    if format.shows_work and refuses(format, questions):
        with pytest.raises(AbacistError):
            format.render_batch(numbers, columns.symbols, answers)
        return
    tables = format.render_batch(numbers, columns.symbols, answers)
    assert texts_of(tables[0]) == [format.prompt(question) for question in questions]
    assert texts_of(tables[1]) == [format.completion(*pair) for pair in zip(values, questions, strict=True)]


@over_every_plain_format
@pytest.mark.parametrize("answer", ["0", "7", "-7", "120", "-120", "0.05", "-0.05", "-12.50", "100.00", "0.001"])
def test_answers_with_signs_and_decimals_come_back(format: Format, answer: str):
    assert format.parse(format.completion(answer)) == answer


@over_every_format
@given(text=st.text() | st.text(alphabet="0123456789.- "))
def test_a_completion_is_an_answer_or_none_and_never_an_error(format: Format, text: str):
    answer = format.parse(text)
    assert answer is None or is_answer(answer)


@over_every_plain_format
@pytest.mark.parametrize(
    "text", ["", "-", ".", "5.", ".5", "1-", "5.21-", "1-2", "--1", "1.2.3", "1 2", "+5", "1e5", "٣", "=5", "5=", "5\n"]
)
def test_malformed_completions_give_no_answer(format: Format, text: str):
    assert format.parse(text) is None


@over_every_plain_format
@given(question=QUESTIONS)
def test_a_prompt_holds_the_digits_and_signs_of_its_question_and_no_more(format: Format, question: tuple[str, ...]):
    prompt = format.prompt(question)

    def without_zeros(text: str) -> list[str]:
        return sorted(character for character in text if character not in f" 0={format.hints}")

    assert without_zeros(prompt) == without_zeros("".join(question))


@over_every_format
def test_a_prompt_needs_no_arithmetic(format: Format, monkeypatch: pytest.MonkeyPatch):
    questions = [read_question(text) for text in ("12+34", "-7 * (3 - 1.5)", "9/0", "1+2+3+4", "5--5", "2*(3+4)")]
    expected = [format.prompt(question) for question in questions]

    def refuse(*operands: object) -> None:
        raise AssertionError("a prompt asked for the truth")

    for symbol in "+-*/":
        monkeypatch.setattr(operator(symbol), "solve", staticmethod(refuse))
    for name in ("evaluate", "parse", "canonical"):
        monkeypatch.setattr(expression, name, refuse)
    monkeypatch.setattr("abacist.problems.problem.evaluate", refuse)
    monkeypatch.setattr(Rounding, "text", refuse)
    assert [format.prompt(question) for question in questions] == expected


def test_a_format_that_changes_the_simple_form_alone_is_not_rendered_by_the_quick_one():
    class Arrow(type(build(FOLDER, "compact"))):
        def prompt(self, question):
            return f"{question[0]}->"

    numbers = [Numerals.of(np.array([5, 16])), Numerals.of(np.array([3, 4]))]
    prompts, completions = Arrow().render_batch(numbers, "+", Numerals.of(np.array([8, 20])))
    assert texts_of(prompts) == ["5->", "16->"]
    assert texts_of(completions) == ["8", "20"]


@over_every_plain_format
def test_a_prompt_is_the_same_whatever_the_answer(format: Format, monkeypatch: pytest.MonkeyPatch):
    problem = Problem(read_question("12+34"), Rounding(), "addition")
    prompts, completions = set(), set()
    for answer in (46, 0, -3, 10**12, Fraction(1, 3)):
        monkeypatch.setattr(Operation.by_symbol["+"], "solve", staticmethod(lambda *operands, answer=answer: answer))
        example = format.render(problem)
        prompts.add(example.prompt)
        completions.add(example.completion)
    assert len(prompts) == 1
    assert len(completions) == 5


@over_every_format
def test_prompts_of_different_questions_differ(format: Format):
    texts = ["1+23", "12+3", "1-23", "21+3", "1+32", "1.2+3", "-1+23", "1+-23", "(1+2)*3", "1+2*3"]
    assert len({format.prompt(read_question(text)) for text in texts}) == len(texts)


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_settings_survive_dump_and_check(name: str):
    made = build(FOLDER, name)
    assert check(settings_class(FOLDER, name), dump(made)) == made
    assert dump(made).keys() == {item.name for item in fields(made)}


@pytest.mark.parametrize(
    ("name", "prompt", "completion"),
    [
        ("compact", "27/86=", "-12.5"),
        ("written", "27 / 86 = ", "-12.5"),
        ("reversed", "72/68=", "-5.21"),
        ("reversed_answer", "27/86=", "-5.21"),
        ("padded", "00027/00086=", "-000012.5"),
        ({"name": "padded", "reverse": True}, "72000/68000=", "-5.210000"),
        ("hinted", "α7β2/α6β8=", "-5.α2β1"),
        ({"name": "hinted", "decimals": 2}, "γ7δ2/γ6δ8=", "-β5.γ2δ1"),
    ],
)
def test_known_renderings(name: Any, prompt: str, completion: str):
    format = build(FOLDER, name)
    assert format.prompt(("27", "/", "86")) == prompt
    assert format.completion("-12.5") == completion


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("(2+-3)*4", "(2 + -3) * 4 = "),
        ("gcd(12,18)", "gcd(12, 18) = "),
        ("-(2+3)", "-(2 + 3) = "),
        ("5--5", "5 - -5 = "),
        ("12 gcd 18", "12 gcd 18 = "),
    ],
)
def test_spaces_as_a_person_sets_them(text: str, written: str):
    assert build(FOLDER, "written").prompt(read_question(text)) == written
