"""How deep parentheses stand within one another, and questions drawn to stand exactly so deep."""

import random
from collections.abc import Callable, Sequence

from abacist.core.errors import QuestionError, SettingsError
from abacist.problems.expression import evaluate
from abacist.problems.operation import operator
from abacist.problems.question import Question


def depth_of(question: Question) -> int:
    """Return how many parentheses stand within one another at the deepest place.

    Those around nothing but a negative number, `2*(-3)`, are part of how it is written, and do not count.
    """
    depth = deepest = 0
    opened: list[bool] = []  # for every open parenthesis, whether it counts
    for index, lexeme in enumerate(question):
        if lexeme == "(":
            lone = question[index + 1 : index + 2] == ("-",) and ")" in question[index + 3 : index + 5]
            opened.append(not lone)
            depth += not lone
            deepest = max(deepest, depth)
        elif lexeme == ")" and opened:
            depth -= opened.pop()
    return deepest


def nest(rng: random.Random, depth: int, operators: str, number: Callable[[random.Random], Sequence[str]]) -> Question:
    """Draw a question nested exactly so deep, every pair of parentheses needed for its meaning.

    It grows from within by one or two numbers a level, so that long nests do not become wide ones too.
    `number` draws a number's lexemes.

    Raises: SettingsError if none of 1,000 draws has a value.
    """
    ranks = {symbol: known.precedence for symbol in operators if (known := operator(symbol)) is not None}
    # What stands in parentheses ends in a sign of the lowest rank: any sign in front of it then needs them.
    weak = [symbol for symbol in operators if ranks[symbol] == min(ranks.values())]
    strong = [symbol for symbol in operators if symbol not in weak]
    for _ in range(1000):
        lexemes = [*number(rng), rng.choice(weak), *number(rng)]
        for _ in range(depth):
            group = ["(", *lexemes, ")"]
            shape = rng.randrange(3) if strong else 0
            if shape == 0:
                lexemes = [*number(rng), rng.choice(weak), *group]
            elif shape == 1:
                lexemes = [*number(rng), rng.choice(strong), *group, rng.choice(weak), *number(rng)]
            else:
                lexemes = [*group, rng.choice(strong), *number(rng), rng.choice(weak), *number(rng)]
        try:
            evaluate(tuple(lexemes))
        except QuestionError:  # a division by zero somewhere inside
            continue
        return tuple(lexemes)
    raise SettingsError(f"none of 1,000 expressions nested {depth} deep has a value; see its bounds and operators")
