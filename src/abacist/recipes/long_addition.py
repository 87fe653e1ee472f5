"""Addition of numbers far longer than any in training."""

from typing import Any


def long_addition(digits: int = 20, tested: int = 100) -> dict[str, Any]:
    """Add numbers of up to `digits` digits, and be tested on `tested`: 100, 1,000 or more."""

    def adding(fewest: int, most: int, **more: Any) -> dict[str, Any]:
        low = 10 ** (fewest - 1) if fewest > 1 else 0
        return {"operation": {"name": "addition", "left": [low, 10**most - 1], **more}}

    carrying = {"draw": "carries"}
    mixture = [{**adding(1, digits), "weight": 3}, {**adding(1, digits, **carrying), "weight": 2}]
    beyond = [adding(tested, tested), adding(1, tested, **carrying)]
    return {
        "task": {"mixture": mixture, "split": {"held_out": 0.05}},
        "text": {"format": "reversed"},
        "model": {
            "d_model": 64,
            "n_layers": 2,
            "n_heads": 4,
            "d_ff": 128,
            "position": {"name": "relative", "sight": [{"index": [-3, 3], "place": [-2, 2], "number": [-3, 3]}]},
            "context_length": 3 * max(digits, tested) + 8,
        },
        "training": {
            "steps": 3000,
            "batch_size": 128,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.9},
        },
        "grading": {
            "sets": [
                {"title": f"up to {digits} digits", "count": 1000},
                {"title": f"up to {digits} digits, shown in training", "count": 500, "side": "train"},
                {"title": f"{tested:,} digits", "count": 100, "side": "any", "mixture": beyond},
            ]
        },
        "questions": ["12+34", f"{10**digits - 1}+1", f"{10 ** (2 * digits) - 1}+1"],
    }
