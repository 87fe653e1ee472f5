"""Products answered at once, digit by digit, without work shown."""

from typing import Any


def products(digits: int = 3) -> dict[str, Any]:
    """Multiply two numbers of up to `digits` digits without worked steps."""
    high = 10**digits - 1

    def multiplying(low: int, high: int, draw: str = "value") -> dict[str, Any]:
        return {"operation": {"name": "multiplication", "left": [low, high], "draw": draw}}

    return {
        "task": {
            "mixture": [
                {**multiplying(0, high), "weight": 1},
                {**multiplying(0, high, "digits"), "weight": 2},
            ],
            "split": {"held_out": 0.05},
        },
        "text": {
            "format": {"name": "padded", "width": digits, "answer_width": 2 * digits, "reverse": True},
            "tokenizer": {"name": "character", "characters": "0123456789*="},
        },
        "data": {"targets": ["column_units", "column_tens", "column_totals"]},
        "kind": {
            "name": "guided",
            "besides": {"column_units": 1, "column_tens": 1, "column_totals": 2},
            "scale": 16.0,
            "weight": 5.0,
        },
        "model": {
            "d_model": 96,
            "n_layers": 3,
            "n_heads": 8,
            "d_ff": 384,
            "position": {"name": "places", "places": 2 * digits, "numbers": 3, "index": True},
            "context_length": 4 * digits + 4,
        },
        "training": {
            "steps": 6000,
            "batch_size": 256,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.95},
            "dtype": "float32",
            "threads": 1,
            "evaluate_every": 500,
            "evaluate_on": 1000,
        },
        "grading": {
            "sets": [
                {"title": "held out", "count": 10_000, "mixture": [multiplying(0, high)]},
                {
                    "title": f"held out, both of {digits} digits",
                    "count": 10_000,
                    "mixture": [multiplying(10 ** (digits - 1), high)],
                },
            ]
        },
        "questions": ["12*34", "7*8", f"{high}*{high}"],
    }
