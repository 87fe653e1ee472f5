"""Four operations with a calculator at hand: what is learned is to call it."""

from typing import Any


def calling(digits: int = 5) -> dict[str, Any]:
    """Add, subtract, multiply and divide up to five digits by calls of a calculator; to two decimals."""
    names = ("addition", "subtraction", "multiplication", "division")

    def over(low: int, high: int, *chosen: str) -> list[dict[str, Any]]:
        right = {"division": [max(1, low), high]}
        return [
            {"operation": {"name": name, "left": [low, high], "right": right.get(name, [low, high])}}
            for name in chosen or names
        ]

    def longer(by: int) -> dict[str, Any]:
        size = digits + by
        mixture = over(10 ** (size - 1), 10**size - 1)
        return {"title": f"numbers of {size} digits", "side": "any", "count": 500, "mixture": mixture}

    return {
        "kind": "tool",
        "task": {"mixture": over(0, 10**digits - 1), "split": {"held_out": 0.1}},
        "text": {
            "format": {"name": "calls", "rounds": True},
            "tokenizer": {"name": "character", "characters": "0123456789+-*/()=.%:[>]"},
        },
        # Numbers are copied by where a digit stands, so that longer ones are copied too: a head each for the next
        # digit of the numbers before, for those behind it, for the number before and what follows it, and for what
        # was just written.
        "model": {
            "n_heads": 4,
            "context_length": 16 * digits + 48,
            "position": {
                "name": "relative",
                "reach": 3,
                "sight": [
                    {"place": [1, 1], "number": [-2, 0]},
                    {"place": [2, 3], "number": [-2, 0]},
                    {"number": [-2, -1]},
                    {"index": [-3, 0]},
                ],
            },
        },
        "training": {
            "steps": 500,
            "batch_size": 128,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.9},
            "schedule": {"name": "trapezoid", "decay": 0.7},
            "evaluate_every": 100,
        },
        "grading": {
            "sets": [
                {"title": "held out", "count": 5000},
                {"title": "held out, / alone", "count": 2000, "mixture": over(0, 10**digits - 1, "division")},
                *(longer(by) for by in (1, digits)),
            ]
        },
        "questions": ["12+34", "27/86", "123*456", "19-52", "48250*7731"],
    }
