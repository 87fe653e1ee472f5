"""Subtraction of numbers far longer than any in training, below zero too."""

from typing import Any

from abacist.text.formats.steps import near_work


def long_subtraction(digits: int = 20, tested: int = 100) -> dict[str, Any]:
    """Subtract numbers of up to `digits` digits, below zero too, and be tested on `tested`."""

    def taking(fewest: int, most: int, **more: Any) -> dict[str, Any]:
        low = 10 ** (fewest - 1) if fewest > 1 else 0
        return {"operation": {"name": "subtraction", "left": [low, 10**most - 1], **more}}

    carrying = {"draw": "carries"}
    mixture = [{**taking(1, digits), "weight": 3}, {**taking(1, digits, **carrying), "weight": 2}]
    beyond = [taking(tested, tested), taking(1, tested, **carrying)]
    return {
        "task": {"mixture": mixture, "split": {"held_out": 0.05}},
        "text": near_work(),
        "data": {"pack": 6 * digits + 12},
        "model": {
            "d_model": 64,
            "n_layers": 3,
            "n_heads": 4,
            "d_ff": 256,
            "position": {
                "name": "relative",
                "axes": 6,
                "sight": [
                    {"line": [-1, -1], "item": [0, 0], "column": [0, 1]},
                    {"line": [-1, -1], "item": [1, 2], "column": [0, 1]},
                    {"line": [0, 0], "index": [-2, 0]},
                    {"line": [0, 0], "item": [0, 0], "place": [-1, 1]},
                ],
            },
            "context_length": 6 * max(digits, tested) + 16,
        },
        "training": {
            "steps": 2000,
            "batch_size": 64,
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
        "questions": ["34-12", "12-34", f"{10**digits}-1", f"1-{10**digits}"],
    }
