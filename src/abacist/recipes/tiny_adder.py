"""How small can an adder be? Ten digits with 44 parameters."""

from typing import Any


def tiny_adder(digits: int = 10) -> dict[str, Any]:
    """Add two numbers of up to ten digits with few parameters; of 20 seeds 11 reach 90 % in half of these steps."""
    high = 10**digits - 1
    uniform = {"name": "addition", "left": [0, high], "draw": "value"}
    carrying = {"name": "addition", "left": [0, high], "draw": "carries"}
    short = {"name": "addition", "left": [0, high], "draw": "digits"}
    return {
        "task": {
            "mixture": [{"operation": uniform}, {"operation": short}, {"operation": carrying}],
            "split": {"held_out": 0.1},
        },
        # Where a column is in the other numbers is found from short ones among zeros: without them half of all seeds
        # never find it. Long carries are rare by chance. Both fade: sums of any two digits are what is learned last.
        "data": {"curriculum": {"name": "scheduled", "at": [0, 16], "factors_at": [[1, 1, 1], [1, 0.1, 0.1]]}},
        # Rows of one shape: a digit of the answer stands a whole number of periods behind those it comes from. Operands
        # are as wide as the answer, so that its first digit has a column too, and no sign falls into any.
        "text": {
            "format": {"name": "padded", "width": digits + 1, "answer_width": digits + 1, "reverse": True},
            "tokenizer": {"name": "character", "characters": "0123456789+="},
        },
        "kind": {"name": "decoder", "answer_tokens": digits + 1},
        "model": {
            "d_model": 3,
            "n_layers": 1,
            "n_heads": 1,
            "head_width": 2,
            "d_ff": 3,
            "embedding": {"name": "circular", "others": "as_zero", "radius": 1.0, "stride": 0.2, "sharpness": 10.0},
            "tied": True,
            "position": {"name": "rope", "periods": [digits + 2.0]},
            "mixer": {"name": "tied_attention", "keys": "turned", "values": "own", "out": "queries", "gain": "one"},
            "feed_forward": "swiglu",
            "context_length": 3 * digits + 7,
        },
        "training": {
            "steps": 8000,
            "batch_size": 128,
            "learning_rate": 0.05,
            # Weights so few all pull on each other: Adam by single weights needs twice the steps, and ends higher.
            "optimizer": "soap",
            # Held at this rate for long, seeds lose again what they had found.
            "schedule": {"name": "trapezoid", "decay": 0.9},
            "dtype": "float32",
            "threads": 1,
            "evaluate_every": 500,
        },
        "grading": {
            "sets": [
                {"title": "fresh pairs", "count": 10_000, "mixture": [{"operation": uniform}]},
                {"title": "fresh pairs full of carries", "count": 10_000, "mixture": [{"operation": carrying}]},
            ]
        },
        "questions": ["12+34", f"{high}+1", f"{10 ** (digits - 1)}+{high}"],
    }
