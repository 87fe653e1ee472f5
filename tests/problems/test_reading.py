"""Questions sign by sign, held against what they are worth."""

import random
from fractions import Fraction

import pytest

from abacist.core.errors import SettingsError
from abacist.core.readings import GO
from abacist.models.reduction import reduced
from abacist.problems.expression import evaluate
from abacist.problems.operations.expressions import Expressions
from abacist.problems.operations.worded import WORDINGS, Worded
from abacist.problems.question import read_question
from abacist.problems.reading import reading
from abacist.problems.targets import TARGETS


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("(3+4)*12-5", "(3+4)*12-5="),
        ("Subtract 7 from 12", "7~12="),
        ("What is 5 less than -12", "5~-12="),
        ("the difference between 3 and 8", "3|8="),
        ("12 divided by 4 plus 3", "12/4+3="),
        ("What is 3 take away -2", "3--2="),
        ("50 percent of 30", "50%*30="),
        ("Solve the following multiplication: 3*4. Give only the result as your final answer", "3*4="),
        ("twelve plus 3", ""),
        ("7 to 2 decimals", ""),
        ("gcd(12, 18)", ""),
    ],
)
def test_signs_stand_in_the_order_of_the_question(text: str, signs: str):
    assert reading(read_question(text))[0] == signs


def test_each_sign_is_told_which_takes_its_result():
    signs, parents = reading(read_question("(3+4)*12-5"))
    taken = {signs[place]: signs[parent] for place, parent in enumerate(parents) if parent >= 0}
    assert taken == {"+": "*", "*": "-"}
    question = read_question("(3+4)*12-5")
    assert TARGETS["parents"](question)[signs.index("-")] == signs.index("-")
    assert len(TARGETS["readings"](question)) == len(signs)


def worked_out(question: tuple[str, ...]) -> Fraction | None:
    """Work a question out from its readings, each application behind those whose results it takes."""
    signs, parents = reading(question)
    waiting = [parents.count(place) for place in range(len(signs))]
    done: set[int] = set()

    def choose(_windows: object, places: list[int]) -> int:
        chosen = next(index for index, place in enumerate(places) if not waiting[place])
        place = places[chosen]
        if place not in done and parents[place] >= 0:
            waiting[parents[place]] -= 1
        done.add(place)
        return chosen

    return reduced(signs.removesuffix(GO), choose)


@pytest.mark.parametrize("wording", WORDINGS)
def test_a_worded_question_is_worth_what_its_signs_are(wording: str):
    rng, asked = random.Random(3), 0
    for sign in "+-*/":
        inner = {"name": "expressions", "operators": sign, "terms": [2, 2], "negative_share": 0.3}
        worded = Worded(operation=inner, wordings=[wording])
        if not worded._fitting[sign]:
            continue
        for _ in range(20):
            try:
                question = worded.sample(rng)
            except SettingsError:  # a difference named so is never below zero
                continue
            assert worked_out(question) == evaluate(question), question
            asked += 1
    assert asked


def test_an_expression_is_worth_what_its_signs_are():
    rng = random.Random(4)
    deep = Expressions(
        terms=(2, 7), operators="+-*/", brackets=0.5, depth=4, negated_share=0.3, negative_share=0.3,
        decimals=3, decimal_share=0.3, percent_share=0.3, doubled_share=0.2,
    )  # fmt: skip
    for _ in range(300):
        question = deep.sample(rng)
        assert worked_out(question) == evaluate(question), question
