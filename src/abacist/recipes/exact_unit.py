"""Arithmetic inside the forward pass, taught what operands and signs are: in words, with spaces, nested."""

from string import ascii_letters
from typing import Any


def exact_unit(digits: int = 10, depth: int = 3, layers: int = 2) -> dict[str, Any]:
    """Read numbers of up to `digits` digits out of questions in words and signs, and have an exact unit work them out.

    Expressions are nested up to `depth` levels, and graded three levels deeper.
    """

    def single(sign: str) -> dict[str, Any]:
        numbers = {"terms": [2, 2], "digits": [1, digits], "negative_share": 0.15, "largest_value": 10 ** (3 * digits)}
        return {"name": "expressions", "operators": sign, **numbers}

    def nested(least: int, most: int) -> dict[str, Any]:
        numbers = {"terms": [2, 6], "digits": [1, 4], "decimals": 10, "decimal_share": 0.2, "percent_share": 0.1}
        around = {"brackets": 0.4, "depth": most, "least_depth": least, "negated_share": 0.3, "doubled_share": 0.05}
        signs = {"operators": "+-*/", "negative_share": 0.2, "largest_value": 10**30}
        return {"name": "expressions", **numbers, **around, **signs}

    def mixed(*operations: dict[str, Any], weight: float = 1.0) -> list[dict[str, Any]]:
        return [{"operation": operation, "weight": weight} for operation in operations]

    plain = [single(sign) for sign in "+-*/"]
    worded = [{"name": "worded", "operation": operation} for operation in plain]
    marks = "0123456789+-*/()=.%:,? "
    return {
        "task": {
            "mixture": [*mixed(*worded, weight=1.5), *mixed(*plain, weight=0.5), *mixed(nested(0, depth), weight=2.0)],
            "split": {"held_out": 0.05},
        },
        "text": {"format": "varied", "tokenizer": {"name": "character", "characters": marks + ascii_letters}},
        "kind": {"name": "exact", "after": layers - 1, "lesson": "supervised"},
        "data": {"targets": ["readings", "parents"]},
        "model": {
            "d_model": 64,
            "n_layers": layers,
            "n_heads": 4,
            "d_ff": 128,
            # Three heads see what a word is made of, the last one all that stands before.
            "position": {
                "name": "relative",
                "reach": 8,
                "sight": [{"index": [-1, 0]}, {"index": [-2, 0]}, {"index": [-4, 0]}, {"index": [-8, 0]}],
            },
            "context_length": 512,
        },
        "training": {
            "steps": 2000,
            "batch_size": 64,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.9},
            "evaluate_every": 500,
            "evaluate_on": 200,
        },
        "grading": {
            "sets": [
                {"title": "one operation, in words and signs", "count": 5000, "mixture": mixed(*worded, *plain)},
                {"title": "held out, as trained", "count": 1000},
                {
                    "title": f"nested {depth + 1} to {depth + 3} deep",
                    "count": 1000,
                    "side": "any",
                    "mixture": mixed(nested(depth + 1, depth + 3)),
                },
            ]
        },
        "questions": [
            "What is the sum of 12 and 34",
            "Subtract 7 from 1234567890",
            "27/86",
            "(3+4)*(5-(6-(7-8)))",
            "-8.5%*[40-3.25]",
        ],
    }
