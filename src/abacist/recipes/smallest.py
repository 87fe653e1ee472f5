"""How small can a model be? One operation or all four on a table of numbers, with one dial for its size."""

from typing import Any

NAMES = {"+": "addition", "-": "subtraction", "*": "multiplication", "/": "division"}


def smallest(operations: str = "+-*/", high: int = 9, width: int = 16, layers: int = 1) -> dict[str, Any]:
    """Add, subtract, multiply or divide (to two decimals) numbers from 0 to `high`; `width` is the model's.

    Tables of up to 20 numbers a side are learned and asked whole; of larger ones a twentieth is held out.
    """
    digits, whole = len(str(high)), high < 20

    def asked(sign: str) -> dict[str, Any]:
        right = {"right": [1, high]} if sign == "/" else {}
        return {"name": NAMES[sign], "left": [0, high], "draw": "value", **right}

    mixture = [{"operation": asked(sign)} for sign in operations]
    return {
        "task": {
            "mixture": mixture,
            "rounding": {"places": 2},
            "split": {"held_out": 0.0 if whole else 0.05},
        },
        "text": {
            "format": {"name": "padded", "width": digits, "answer_width": 1, "reverse": True, "plain_for": "/"},
            "tokenizer": {"name": "character", "characters": "0123456789+-*/=."},
        },
        "model": {
            "d_model": width,
            "n_layers": layers,
            "n_heads": max(2, min(4, width // 4)),  # one alone stays where it began
            "d_ff": 4 * width,
            "tied": True,
            "context_length": 5 * digits + 10,
            "position": {"name": "places", "places": 2 * digits + 2, "numbers": 4},
        },
        "training": {
            "steps": 1000,
            "batch_size": 128,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.9},
            "schedule": {"name": "trapezoid", "decay": 0.7},
            "threads": 1,
            "dtype": "float32",
            "evaluate_every": 100,
        },
        "grading": {
            "sets": [
                {
                    "title": "whole table" if whole else "held out",
                    "side": "any" if whole else "held_out",
                    "count": 4000,
                    "mixture": mixture,
                }
            ]
        },
        "questions": [f"{high}{sign}{high - 2}" for sign in operations],
    }
