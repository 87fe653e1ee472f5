"""Products answered at once: no worked steps, but while it learns the model is told what columns come to."""

from typing import Any


def products(digits: int = 3) -> dict[str, Any]:
    """Multiply numbers of up to `digits` digits without worked steps; columns are told in training alone."""
    high = 10**digits - 1

    def multiplying(low: int, draw: str = "value") -> dict[str, Any]:
        return {"operation": {"name": "multiplication", "left": [low, high], "draw": draw}}

    return {
        "task": {
            # Short numbers are mostly zeros here: they show few products of single digits at a time.
            "mixture": [multiplying(0), multiplying(0, "digits")],
            "split": {"held_out": 0.05},
        },
        "text": {
            "format": {"name": "padded", "width": digits, "answer_width": 2 * digits, "reverse": True},
            "tokenizer": {"name": "character", "characters": "0123456789*="},
        },
        "data": {"targets": ["column_units", "column_tens", "column_totals"]},
        "kind": {
            "name": "guided",
            # A layer to look up what is multiplied, one to carry, and one to take the last digit.
            "besides": {"column_units": 1, "column_tens": 1, "column_totals": 2},
            "scale": 16.0,
            "weight": 15.0,
        },
        "model": {
            "d_model": 96,
            "n_layers": 3,
            "n_heads": 8,
            "d_ff": 128 * digits,
            "position": {"name": "places", "places": 2 * digits, "numbers": 3, "index": True},
            "context_length": 4 * digits + 4,
        },
        "training": {
            "steps": 6000,
            "batch_size": 128,
            "learning_rate": 0.02,
            "optimizer": "muon",
            "schedule": {"name": "trapezoid", "decay": 0.8},
            "evaluate_every": 500,
        },
        "grading": {
            "sets": [
                {"title": f"held out, 0..{high}", "count": 10_000, "mixture": [multiplying(0)]},
                {
                    "title": f"held out, both of {digits} digits",
                    "count": 10_000,
                    "mixture": [multiplying(10 ** (digits - 1))],
                },
            ]
        },
        "questions": ["12*34", "7*8", f"{high}*{high}"],
    }
