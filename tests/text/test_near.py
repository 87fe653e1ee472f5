"""Near work: what a sign follows from is in the sight that the recipes give their heads, however long the numbers."""

import random
from typing import Any

import numpy as np
import pytest

from abacist.core.settings import check
from abacist.models.positions.relative import AXES
from abacist.problems.operations.expressions import Expressions
from abacist.problems.problem import Problem
from abacist.problems.question import read_question, text_of
from abacist.problems.rounding import Rounding
from abacist.recipes.deep_nesting import deep_nesting
from abacist.recipes.long_multiplication import long_multiplication
from abacist.recipes.long_subtraction import long_subtraction
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import coordinates


def seen(codec: Codec, sight: list[dict[str, Any]], text: str) -> list[tuple[Any, str]]:
    """Return for each sign of an answer what one look of every head shows, and the sign that follows."""
    row = codec.row(Problem(read_question(text), Rounding(), "test"))
    places = coordinates(np.array([row.ids]), codec.classes)[0]
    distance = places[None] - places[:, None]
    looks = []
    for windows in sight:
        visible = np.tri(len(row.ids), dtype=bool)
        for name, (least, greatest) in windows.items():
            along = distance[..., AXES[6].index(name)]
            visible &= (along >= least) & (along <= greatest)
        looks.append((visible, [AXES[6].index(name) for name in windows]))
    signs = [codec.tokenizer.vocabulary[index] for index in row.ids]
    found = []
    for at in range(row.prompt_length - 1, len(signs) - 1):
        shown = tuple(
            tuple(sorted((signs[key], *distance[at, key, axes].tolist()) for key in np.flatnonzero(visible[at])))
            for visible, axes in looks
        )
        found.append(((signs[at], shown), signs[at + 1]))
    return found


@pytest.mark.parametrize(
    ("recipe", "operator", "second_look"),
    [
        # Whether a zero is the highest digit: a neighbour of it tells.
        (long_multiplication, "*", {"0", "]"}),
        # Which of two rows was worked out last: what stands in front of it tells.
        (long_subtraction, "-", {"|", "["}),
    ],
)
def test_one_look_of_every_head_decides_the_next_sign(recipe: Any, operator: str, second_look: set[str]):
    settings = recipe()
    codec = Codec.build(check(TextSettings, settings["text"]))
    sight, rng = settings["model"]["position"]["sight"], random.Random(1)
    follows: dict[Any, set[str]] = {}
    for _ in range(400):
        left, right = ("".join(rng.choices("019", k=rng.randint(1, 7))).lstrip("0") or "0" for _ in range(2))
        for what, sign in seen(codec, sight, f"{left}{operator}{right}"):
            follows.setdefault(what, set()).add(sign)
    unclear = [signs for signs in follows.values() if len(signs) > 1]
    assert len(unclear) < len(follows) / 1000
    assert all(signs == second_look for signs in unclear)


def test_a_long_run_of_parentheses_looks_like_a_short_one():
    settings = deep_nesting()
    codec = Codec.build(check(TextSettings, settings["text"]))
    # What is copied and what comes next; the other heads see a whole line, or digits of scratch work.
    sight = [windows for windows in settings["model"]["position"]["sight"] if windows["line"] == [-1, -1]]

    def looks(depth: int, count: int) -> list[list[Any]]:
        """Return of each head what it sees at opening parentheses, digits all alike."""
        rng, terms = random.Random(depth), (depth + 1, depth + 5)
        shape = Expressions(terms, (1, 1), "+-*", brackets=0.8, depth=depth, least_depth=depth)
        found: list[list[Any]] = [[] for _ in sight]
        for _ in range(count):
            for (sign, shown), _ in seen(codec, sight, text_of(shape.sample(rng))):
                for head, view in enumerate(shown if sign == "(" else ()):
                    found[head].append(frozenset(("0" if sign.isdigit() else sign, *at) for sign, *at in view))
        return found

    for known, deeper in zip(looks(3, 300), looks(6, 15), strict=True):
        assert len(deeper) > 200
        assert sum(view in known for view in deeper) / len(deeper) > 0.75
