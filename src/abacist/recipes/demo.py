"""The demonstration: addition in under a minute."""

from typing import Any


def demo(digits: int = 5) -> dict[str, Any]:
    """Add numbers of up to five digits: a small transformer learns it from nothing in under a minute."""
    adding = {"name": "addition", "left": [0, 10**digits - 1]}
    heavy = {**adding, "draw": "carries"}
    return {
        "task": {
            "mixture": [{"operation": adding, "weight": 3}, {"operation": heavy}],
            "split": {"held_out": 0.1},
        },
        "text": {"format": "reversed", "tokenizer": {"name": "character", "characters": "0123456789+="}},
        "model": {
            "d_model": 64,
            "n_layers": 2,
            "n_heads": 2,
            "d_ff": 256,
            "position": "places",
            "feed_forward": "squared_relu",
            "tied": False,
            "context_length": 3 * digits + 8,
        },
        "training": {
            "steps": 500,
            "batch_size": 256,
            "learning_rate": 4e-3,
            "optimizer": {"name": "adamw", "weight_decay": 0.1},
            "schedule": {"name": "trapezoid", "warmup": 50, "decay": 0.5},
            "evaluate_every": 50,
        },
        "grading": {
            "sets": [
                {"name": "held out", "count": 5000},
                {"name": "carry-heavy", "count": 2000, "mixture": [{"operation": heavy}]},
                {
                    "name": "one digit longer",
                    "side": "any",
                    "count": 1000,
                    "mixture": [{"operation": {**adding, "left": [10**digits, 10 ** (digits + 1) - 1]}}],
                },
            ]
        },
        "questions": ["12+34", "999+1", "48250+7731", "99999+99999"],
    }
