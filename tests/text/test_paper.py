"""Worked steps as on paper: what stands where, and that nothing is reckoned and nothing makes it fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.errors import QuestionError
from abacist.problems.problem import Problem, same_number
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.text.formats.steps import Steps
from abacist.text.steps import alphabet
from abacist.text.steps.paper import on_paper
from abacist.text.steps.writer import items_of, work


def shown(text: str, near: bool = False) -> str:
    """Render a question, its quotients' digits never guessed otherwise, and arrange the work."""
    question = read_question(text)
    prompt = Steps().prompt(question)
    ending = prompt[prompt.index("=") :]
    places = None if ending == "=@" else 2
    return "\n".join(on_paper(prompt + work(items_of(question), ending, places, near=near)))


PAPER = {
    "(3+4)*21-5": """\
  (3+4)*21-5
= 7*21-5
      7*21
    1    7
    2  147
= 147-5
= 142""",
    "123*456": """\
  123*456
     123*456
    6    738
    5   6888
    4  56088
= 56088""",
    "27/86": """\
  27/86
            27/86
      0     2
      0     27
    . 3      12
      1       34
      4        96-100
= 0.313
= 0.31""",
    "123-456": """\
  123-456
    123-456: 667-1000
= -333""",
    "-1.5+4.25": """\
  -1.5+4.25
    1.5-4.25: 7.25-10
= 2.75""",
    "1.5/0.08": """\
  1.5/0.08
           15/8
      0    1
      2     9-10
     -1      8-10
    .-3       4
      5        0
= 18.75""",
    "25%*8": "  25%*8\n= 0.25*8\n    0.25*8\n    8  200\n= 2.00",
    "1000-999": "  1000-999\n= 1",
}


@pytest.mark.parametrize("question", PAPER)
def test_work_stands_as_on_paper(question: str):
    assert shown(question) == shown(question, near=True) == PAPER[question]


def test_words_are_read_from_the_first():
    question = read_question("what is eighty-four minus one hundred and five in words?")
    format = Steps()
    lines = format.on_paper(format.completion("", question), question)
    assert lines == [
        "  what is eighty four minus one hundred five",
        "= 84-105",
        "    84-105: 979-1000",
        "= -21",
        "= minus twenty one",
    ]


def test_what_the_model_got_wrong_is_shown_wrong():
    # 7 for 8 in the first row, and a result that follows from neither row.
    assert on_paper("21*43=@④₇⁰₄⁰₀③₁¹₃⁰₀999") == [
        "  12*34",
        "     12*34",
        "    4   47",
        "    3  317",
        "= 999",
    ]


def test_a_difference_that_the_line_does_not_go_on_with_is_shown():
    assert on_paper("741-5=@₃₄₁>241") == ["  147-5", "    147-5: 143", "= 142"]


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        ("21*43=@④₈⁰₄⁰₀③₁", ["  12*34", "       12*34", "    4     48", "? ③₁"]),
        ("21*43=@④₈⁰₄⁰₀804=@5>7=@1", ["  12*34", "     12*34", "    4     48", "= 408", "= 5", "? >7=@1"]),
        ("1=@", ["  1"]),
        ("", []),
        ("=@=@", []),
    ],
)
def test_malformed_work_is_shown_as_far_as_it_goes(written: str, lines: list[str]):
    def bare(rows: list[str]) -> list[str]:
        return [" ".join(row.split()) for row in rows]

    assert bare(on_paper(written)) == bare(lines)


@given(st.text(alphabet=alphabet.NEAR_SYMBOLS + " abctwo") | st.text())
def test_no_text_makes_it_fail(written: str):
    assert all("\n" not in line or "\n" in written for line in on_paper(written))


NUMBERS = st.integers(0, 10**6).map(str) | st.from_regex(r"[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True)


@given(st.lists(st.tuples(NUMBERS, st.sampled_from("+-*/")), min_size=1, max_size=3), NUMBERS)
def test_every_true_work_is_read_to_its_end(parts: list[tuple[str, str]], last: str):
    text = "".join(number + sign for number, sign in parts) + last
    problem = Problem(read_question(text), Rounding(exact="undivided"), "test")
    try:
        answer = problem.answer()
    except QuestionError:  # a division by zero has no work
        return
    for format in (Steps(), Steps(near=True)):
        example = format.render(problem)
        lines = on_paper(example.prompt + example.completion)
        assert not any(line.startswith("?") for line in lines)
        assert same_number(lines[-1][2:], answer)
