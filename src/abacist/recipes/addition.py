"""Addition of long numbers."""

from typing import Any


def addition(digits: int = 10) -> dict[str, Any]:
    """Add two numbers of up to ten digits, carries through all of them included."""
    adding = {"name": "addition", "left": [0, 10**digits - 1]}
    full = {"name": "addition", "left": [10 ** (digits - 1), 10**digits - 1]}
    carrying = {**adding, "draw": "carries"}
    return {
        "task": {
            "mixture": [{"operation": adding, "weight": 3}, {"operation": carrying, "weight": 2}],
            "split": {"held_out": 0.1},
        },
        # One layer does: with the digit written before among its inputs, a carry can be read off one column.
        "model": {
            "d_model": 32,
            "n_layers": 1,
            "n_heads": 4,
            "context_length": 6 * digits + 8,  # with a hint at every digit, half of it without
            "position": {"name": "places", "places": digits + 1},
        },
        "training": {
            "steps": 400,
            "learning_rate": 0.03,
            "optimizer": {"name": "muon", "momentum": 0.9},
            "evaluate_every": 100,
        },
        "grading": {
            "sets": [
                # A third carry-heavy, a third of mixed lengths, a third of full length.
                {
                    "title": "fresh pairs",
                    "count": 10_000,
                    "mixture": [{"operation": adding}, {"operation": full}, {"operation": carrying}],
                },
            ]
        },
        "questions": ["12+34", f"{10**digits - 1}+1", f"{10 ** (digits - 1)}+{10**digits - 1}"],
    }
