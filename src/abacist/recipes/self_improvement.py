"""Self-improvement: from short sums with true answers to long ones with the model's own."""

from typing import Any


def self_improvement(digits: int = 4, target: int = 10, rounds: int = 6, stride: int = 1) -> dict[str, Any]:
    """Add numbers longer than any that it was told the sum of, by learning from its own answers.

    True answers go up to `digits` digits; each of the `rounds` asks up to `stride` more. `target` is the
    length up to which the model is built and graded; `rounds=0` shows how far it gets without them.

    Source: Lee et al. 2025, arXiv:2502.01612.
    """

    def adding(fewest: int, most: int, **more: Any) -> list[dict[str, Any]]:
        """Add two numbers of which at least one has `fewest` to `most` digits."""
        longer, any_length = [10 ** (fewest - 1) if fewest > 1 else 0, 10**most - 1], [0, 10**most - 1]
        pairs = [(longer, longer), (longer, any_length), (any_length, longer)] if fewest > 1 else [(longer, longer)]
        return [{"operation": {"name": "addition", "left": one, "right": two}, **more} for one, two in pairs]

    asked = [
        entry
        for number in range(1, rounds + 1)
        for entry in adding(digits + (number - 1) * stride + 1, digits + number * stride, stage=number)
    ]
    carrying = {"name": "addition", "left": [0, 10**digits - 1], "draw": "carries"}
    longest = max(target, digits + rounds * stride)
    lengths = [
        {"title": f"{count} digits" + (", taught" if count <= digits else ""), "mixture": adding(count, count)}
        for count in range(digits, longest + 1)
    ]
    return {
        "task": {
            "mixture": [*adding(1, digits, weight=3), {"operation": carrying}, *asked],
            "split": {"held_out": 0.1},
        },
        "data": {"rounds": {} if rounds else None},
        "model": {
            "d_model": 64,
            "n_layers": 2,
            "n_heads": 4,
            "context_length": 3 * longest + 8,
            # Random offsets show vectors of places that no taught number reaches.
            "position": {"name": "coupled", "places": longest + 2},
        },
        "training": {
            "steps": 800,
            "batch_size": 128,
            "learning_rate": 0.02,
            "optimizer": {"name": "muon", "momentum": 0.9},
            "evaluate_every": 100,
        },
        "grading": {"sets": [{"count": 1000, **each} for each in reversed(lengths)]},
        "questions": ["12+34", f"{10**digits - 1}+1", f"{10**longest - 1}+1", f"{'27' * longest}"[:longest] + "+86"],
    }
