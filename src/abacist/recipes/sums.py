"""Sums of several numbers."""

from typing import Any


def sums(terms: int = 4, high: int = 99, fewest: int = 2) -> dict[str, Any]:
    """Add four numbers 0..99 at once; training on sums of fewer numbers too is what makes it learnable."""

    def adding(least: int, most: int, draw: str = "value") -> dict[str, Any]:
        return {"operation": {"name": "sums", "terms": [least, most], "bounds": [0, high], "draw": draw}}

    return {
        "task": {"mixture": [adding(fewest, terms), adding(fewest, terms, "digits")], "split": {"held_out": 0.05}},
        "training": {"steps": 6000, "optimizer": {"name": "adamw", "decay": "hidden"}},
        "grading": {
            "sets": [
                {"title": f"held out, {terms} numbers", "count": 10_000, "mixture": [adding(terms, terms)]},
                {"title": f"held out, {fewest} to {terms} numbers", "count": 1000},
            ]
        },
        "questions": ["1+2+3+4", "99+99+99+99", "12+7+88+45"],
    }
