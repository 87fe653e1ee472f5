"""Four operations with worked steps, in as few parameters as will do."""

from typing import Any

from abacist.text.steps.alphabet import SMALL_SYMBOLS


def small_calculator(digits: int = 3) -> dict[str, Any]:
    """Add, subtract, multiply and divide (to two decimals) numbers of up to `digits` digits, work shown."""
    high = 10**digits - 1
    # What is long and has many cases is shown more often; half of the numbers are as short as they are long.
    weights = {"addition": 1.0, "subtraction": 1.0, "multiplication": 1.0, "division": 1.5}
    lowest = {"division": 1}

    def asking(name: str, draw: str) -> dict[str, Any]:
        return {"name": name, "left": [0, high], "right": [lowest.get(name, 0), high], "draw": draw}

    return {
        "task": {
            "mixture": [
                {"operation": asking(name, draw), "weight": weight}
                for name, weight in weights.items()
                for draw in ("value", "digits")
            ],
            "split": {"held_out": 0.2},
        },
        "text": {"format": "steps", "tokenizer": {"name": "signs", "symbols": SMALL_SYMBOLS, "words": []}},
        "data": {"pack": 96},
        "model": {
            "d_model": 48,
            "n_layers": 2,
            "n_heads": 6,
            "d_ff": 128,
            "tied": True,
            "position": {"name": "relative", "axes": 6, "reach": 3},
            "context_length": 160,
        },
        "training": {
            "steps": 3000,
            "batch_size": 48,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.9},
            "evaluate_every": 250,
            "evaluate_on": 1000,
            "threads": 1,
        },
        "grading": {
            "sets": [
                {
                    "title": f"held out, {name}",
                    "count": 100_000,
                    "mixture": [{"operation": asking(name, "value")}],
                }
                for name in weights
            ]
        },
        "questions": ["12+34", "345-678", f"{high}*{high}", "27/86"],
    }
