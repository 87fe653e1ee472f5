"""Expressions nested deeper than any in training."""

from typing import Any

from abacist.text.formats.steps import near_work


def deep_nesting(depth: int = 3, tested: int = 6) -> dict[str, Any]:
    """Work out expressions with up to `depth` parentheses within one another, and be tested on `tested`."""

    def chains(least: int, most: int, terms: list[int], brackets: float, digits: int = 1) -> dict[str, Any]:
        shape = {"terms": terms, "digits": [1, digits], "operators": "+-*", "brackets": brackets}
        return {"operation": {"name": "expressions", **shape, "depth": most, "least_depth": least}}

    return {
        "task": {
            "mixture": [
                chains(0, depth, [2, 6], 0.4),
                chains(0, depth, [2, 10], 0.6),
                # Numbers as long as deeper expressions lead to.
                chains(0, 1, [2, 3], 0.5, digits=4),
            ],
            "split": {"held_out": 0.05},
        },
        "text": near_work(),
        "data": {"pack": 288},
        "model": {
            "d_model": 120,
            "n_layers": 3,
            "n_heads": 15,
            "d_ff": 384,
            "position": {
                "name": "relative",
                "axes": 6,
                "reaches": {"index": 2, "item": 4, "line": 2, "place": 2},
                "sight": [
                    # What is copied: the same number up to the result; behind it, one item or two further on.
                    {"line": [-1, -1], "item": [0, 0], "column": [0, 2]},
                    {"line": [-1, -1], "item": [1, 1], "column": [0, 1]},
                    {"line": [-1, -1], "item": [2, 2], "column": [0, 1]},
                    {"line": [-1, -1], "item": [1, 1], "row": [0, 2]},
                    {"line": [-1, -1], "item": [2, 2], "row": [0, 2]},
                    # What comes next and whether it may be reckoned; what stands around a result.
                    {"line": [-1, -1], "item": [1, 2], "row": [-3, 0]},
                    {"line": [-1, -1], "item": [2, 3], "row": [-3, 0]},
                    {"line": [-1, -1], "item": [-1, 2], "row": [0, 0]},
                    {"line": [0, 0], "index": [-1, 0]},
                    {"line": [0, 0], "item": [-1, 0]},
                    {"line": [0, 0]},
                    # The digits of a product, see long_multiplication, and of a difference.
                    {"line": [0, 0], "item": [0, 0], "row": [-1, -1], "place": [0, 1]},
                    {"line": [0, 0], "item": [-1, -1], "row": [0, 0], "place": [1, 1]},
                    {"line": [0, 0], "item": [-1, -1], "column": [0, 0], "place": [1, 1]},
                    {"line": [0, 0], "item": [0, 1], "row": [0, 2], "place": [-1, 1]},
                ],
            },
            "context_length": 2048,
        },
        "training": {
            "steps": 4000,
            "batch_size": 14,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.9},
            # Work on an expression is long, and so is a look at it.
            "evaluate_every": 1000,
            "evaluate_on": 200,
        },
        "grading": {
            "sets": [
                {"title": f"nested up to {depth} deep", "count": 1000},
                {"title": f"nested up to {depth} deep, shown in training", "count": 500, "side": "train"},
                *(
                    {
                        "title": f"nested {deep} deep",
                        "count": 200,
                        "side": "any",
                        "mixture": [chains(deep, deep, [deep + 1, deep + 6], 0.8)],
                    }
                    for deep in range(depth + 1, tested + 1)
                ),
            ]
        },
        "questions": ["1+2*3", "(1+2)*3", "2*(3+(4-(5+6)*7))"],
    }
