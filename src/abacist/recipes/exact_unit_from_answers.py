"""Arithmetic inside the forward pass, taught by answers alone."""

from typing import Any


def exact_unit_from_answers(depth: int = 2) -> dict[str, Any]:
    """Find out from answers alone which token is which digit, what signs mean and what comes first: 9,601 parameters.

    Numbers have at most two digits, expressions at most five of them, nested up to `depth` levels; with 0 there are
    no expressions, but one sign between two numbers. It is graded on five digits, on fifty, and five levels deeper.
    """
    names = {"addition": 0, "subtraction": 0, "multiplication": 0, "division": 1}

    def pairs(digits: int) -> list[dict[str, Any]]:
        high = 10**digits - 1
        return [
            {"operation": {"name": name, "left": [0, high], "right": [low, high]}, "weight": 1.0}
            for name, low in names.items()
        ]

    def nested(terms: list[int], least: int, most: int, weight: float = 1.0) -> list[dict[str, Any]]:
        numbers = {"terms": terms, "digits": [1, 2], "operators": "+-*/", "largest_value": 10**30}
        around = {"brackets": 0.4, "depth": most, "least_depth": least}
        return [{"operation": {"name": "expressions", **numbers, **around}, "weight": weight}]

    expressions = nested([3, 5], 0, depth, 3.0) if depth else []
    deeper = {"title": f"nested {depth + 1} to {depth + 5} deep", "count": 1000, "side": "any"}
    deeper |= {"mixture": nested([8, 16], depth + 1, depth + 5)}
    return {
        "task": {"mixture": [*pairs(2), *expressions], "split": {"held_out": 0.05}},
        "text": {"format": "compact", "tokenizer": {"name": "character", "characters": "0123456789+-*/()=."}},
        "kind": {"name": "exact", "lesson": "summed"},
        "model": {
            "d_model": 32,
            "n_layers": 1,
            "n_heads": 2,
            "d_ff": 32,
            "position": {"name": "relative", "sight": [{"index": [-2, 0]}]},
            "context_length": 512,
        },
        "training": {"steps": 800, "batch_size": 64, "learning_rate": 0.01, "evaluate_every": 200, "evaluate_on": 100},
        "grading": {
            "sets": [
                {"title": "held out, as trained", "count": 1000},
                {"title": "up to 5 digits", "count": 10_000, "side": "any", "mixture": pairs(5)},
                {"title": "up to 50 digits", "count": 400, "side": "any", "mixture": pairs(50)},
                *([deeper] if depth else []),
            ]
        },
        "questions": ["12+34", "27/86", "99999*99999", "2*(3-(4-(5-(6-(7-(8-9))))))"],
    }
