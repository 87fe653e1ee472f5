"""Sums of several numbers."""

from typing import Any


def sums(terms: int = 4, high: int = 99) -> dict[str, Any]:
    """Add four numbers 0..99 at once; sums of fewer numbers in the mixture are what makes it learnable."""
    mixture = [
        {"operation": {"name": "sums", "terms": [count, count], "bounds": [0, high]}} for count in range(2, terms + 1)
    ]
    return {
        "task": {"mixture": mixture, "split": {"held_out": 0.05}},
        "model": {"position": {"name": "places", "places": len(str(terms * high)), "numbers": terms + 1}},
        "training": {"steps": 3000},
        "grading": {
            "sets": [
                {"name": f"held out, {terms} numbers", "count": 10_000, "mixture": mixture[-1:]},
                {"name": "held out, fewer numbers", "count": 1000, "mixture": mixture[:-1] or mixture},
            ]
        },
        "questions": ["1+2+3+4", "99+99+99+99", "12+7+88+45"],
    }
