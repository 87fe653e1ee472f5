"""The demonstration: addition, learned in about a minute."""

from typing import Any


def demo(digits: int = 5) -> dict[str, Any]:
    """Add two numbers of up to five digits, learned from nothing in about a minute."""
    adding = {"name": "addition", "left": [0, 10**digits - 1]}
    carrying = {**adding, "draw": "carries"}
    longer = {**adding, "left": [10**digits, 10 ** (digits + 1) - 1]}
    return {
        "task": {
            "mixture": [{"operation": adding, "weight": 3}, {"operation": carrying}],
            "split": {"held_out": 0.1},
        },
        "model": {"context_length": 3 * digits + 8},
        "training": {"steps": 800, "evaluate_every": 50},
        "grading": {
            "sets": [
                {"title": "held out", "count": 5000},
                {"title": "held out, full of carries", "count": 2000, "mixture": [{"operation": carrying}]},
                {"title": "one digit longer", "side": "any", "count": 500, "mixture": [{"operation": longer}]},
            ]
        },
        "questions": ["12+34", "999+1", "48250+7731", "99999+99999"],
    }
