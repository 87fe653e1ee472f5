"""Sums of far more numbers than any in training."""

from typing import Any


def many_operands(operands: int = 5, tested: int = 20) -> dict[str, Any]:
    """Add up to `operands` numbers of up to three digits, one pair a line, and be tested on `tested` numbers."""

    def sums(fewest: int, most: int) -> dict[str, Any]:
        return {"operation": {"name": "sums", "terms": [fewest, most], "bounds": [0, 999], "draw": "digits"}}

    longest = max(operands, tested)
    return {
        "task": {"mixture": [sums(2, operands)], "split": {"held_out": 0.05}},
        "text": {"format": "steps", "tokenizer": "signs"},
        "data": {"pack": 3 * operands * (operands + 6)},
        "model": {
            "d_model": 64,
            "n_layers": 2,
            "n_heads": 4,
            "d_ff": 256,
            "position": {
                "name": "relative",
                "axes": 6,
                "sight": [
                    # A digit is copied from the line above, one number further on, or added to that one.
                    {"line": [-1, -1], "item": [0, 2], "column": [-1, 1]},
                    {"line": [-1, -1], "item": [0, 2], "column": [-1, 1]},
                    # The next number begins at the column of none that stands here.
                    {"line": [-1, -1], "item": [1, 2]},
                    {"line": [0, 0], "item": [-1, 0], "index": [-3, 3]},
                ],
            },
            "context_length": 3 * longest * (longest + 6) + 16,
        },
        "training": {
            "steps": 3000,
            "batch_size": 32,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.9},
        },
        "grading": {
            "sets": [
                {"title": f"up to {operands} numbers", "count": 1000},
                {"title": f"up to {operands} numbers, shown in training", "count": 500, "side": "train"},
                {"title": f"{tested} numbers", "count": 200, "side": "any", "mixture": [sums(tested, tested)]},
            ]
        },
        "questions": ["1+2+3", "+".join(map(str, range(1, operands + 1))), "+".join(["99"] * longest)],
    }
