import random

import pytest

from abacist.core.errors import SettingsError
from abacist.problems.expression import parse
from abacist.problems.nesting import depth_of, nest
from abacist.problems.operations.nested import write
from abacist.problems.question import read_question


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("1+2", 0),
        ("(1+2)*3", 1),
        ("(1+2)*(3-4)", 1),
        ("((1+2)*3-4)*5", 2),
        ("-(1+2)", 1),
        ("2*(-3)", 0),
        ("2*(-3%)", 0),
        ("(2*(-3)+1)*4", 1),
        ("((-3)+1)*4", 1),
        ("(-3+1)*4", 1),
        ("1)+2", 0),
    ],
)
def test_depth_counts_parentheses_but_not_those_of_a_negative_number(text: str, depth: int):
    assert depth_of(read_question(text)) == depth


@pytest.mark.parametrize("operators", ["+-*", "+", "*/", "-/"])
@pytest.mark.parametrize("depth", [0, 1, 2, 5, 60])
def test_a_nest_is_exactly_so_deep_and_needs_every_parenthesis(operators: str, depth: int):
    rng = random.Random(1)
    for _ in range(5):
        question = nest(rng, depth, operators, lambda rng: (str(rng.randint(1, 9)),))
        assert depth_of(question) == depth
        assert write(parse(question)) == question
        assert set(question) <= {*operators, "(", ")", *"123456789"}


def test_a_nest_without_a_value_is_said():
    with pytest.raises(SettingsError, match="none of 1,000 expressions nested 2 deep has a value"):
        nest(random.Random(1), 2, "/", lambda rng: ("0",))
