"""Products of numbers far longer than any in training, with long multiplication shown."""

from typing import Any

from abacist.text.formats.steps import near_work


def long_multiplication(digits: int = 5, tested: int = 10) -> dict[str, Any]:
    """Multiply numbers of up to `digits` digits row by row, and be tested on `tested` x `tested`."""

    def products(fewest: int, most: int) -> dict[str, Any]:
        low = 10 ** (fewest - 1) if fewest > 1 else 0
        return {"operation": {"name": "multiplication", "left": [low, 10**most - 1], "draw": "digits"}}

    longest = max(digits, tested)
    return {
        "task": {"mixture": [products(1, digits), products(max(1, digits - 1), digits)], "split": {"held_out": 0.05}},
        "text": near_work(),
        "data": {"pack": 2 * digits * (digits + 4) + 8},
        "model": {
            "d_model": 120,
            "n_layers": 3,
            "n_heads": 10,
            "d_ff": 256,
            "position": {
                "name": "relative",
                "axes": 6,
                "sight": [
                    # A digit of a row follows from one of each factor, the row before, and the carry.
                    {"line": [-1, -1], "item": [0, 0], "column": [0, 0]},
                    {"line": [-1, -1], "item": [0, 0], "column": [1, 1]},
                    {"line": [-1, -1], "item": [1, 1], "row": [0, 0]},
                    {"line": [-1, -1], "item": [1, 2], "row": [0, 1]},
                    {"line": [0, 0], "item": [0, 0], "row": [-1, -1], "place": [0, 0]},
                    {"line": [0, 0], "item": [0, 0], "row": [-1, -1], "place": [1, 1]},
                    {"line": [0, 0], "index": [-2, 0]},
                    # Behind the rows: a digit that a row left behind, or one of the last row.
                    {"line": [0, 0], "item": [-1, -1], "row": [0, 0], "place": [1, 1]},
                    {"line": [0, 0], "item": [-1, -1], "column": [0, 0], "place": [1, 1]},
                    {"line": [0, 0], "item": [1, 1], "row": [1, 2], "place": [0, 1]},
                ],
            },
            "context_length": 2 * longest * (longest + 4) + 16,
        },
        "training": {
            "steps": 3000,
            "batch_size": 48,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.9},
        },
        "grading": {
            "sets": [
                {"title": f"up to {digits} x {digits} digits", "count": 1000},
                {"title": f"up to {digits} x {digits} digits, shown in training", "count": 500, "side": "train"},
                {
                    "title": f"{tested} x {tested} digits",
                    "count": 100,
                    "side": "any",
                    "mixture": [products(tested, tested)],
                },
            ]
        },
        "questions": ["12*34", f"{10**digits - 1}*{10**digits - 1}"],
    }
