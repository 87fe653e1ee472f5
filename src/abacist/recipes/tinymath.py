"""TinyMath: how small can a language model be and still do mathematics (mostly) correctly?"""

from typing import Any


def tinymath(high: int = 89, places: int = 2, pad: bool = False) -> dict[str, Any]:
    """Add, subtract, multiply and divide 0..89, answers to two decimals; 90..99 is never shown.

    `pad` writes whole answers as TinyMath's own lines do, 106.00 for 106.
    """
    names = ("addition", "subtraction", "multiplication", "division")
    weights = {"addition": 0.3, "subtraction": 0.3, "multiplication": 1.1, "division": 1.4}
    small = high < 20

    def over(*chosen: str, to: int = high, weighted: bool = False) -> list[dict[str, Any]]:
        right = {"division": [1, to]}
        return [
            {"operation": {"name": name, "left": [0, to], "right": right.get(name, [0, to]), "draw": "value"}}
            | {"weight": weights[name] if weighted else 1.0}
            for name in chosen
        ]

    region = [high + 1, high + 10]
    whole = {"title": f"whole table 0..{high}", "side": "any", "count": 100_000, "mixture": over(*names)}
    held_out = [
        {"title": "held out, + and -", "count": 10_000, "mixture": over("addition", "subtraction")},
        {"title": "held out, * and /", "count": 10_000, "mixture": over("multiplication", "division")},
    ]
    return {
        "task": {
            # Products and quotients have to be learned nearly one by one: they are shown more often.
            "mixture": over(*names, weighted=True),
            "rounding": {"places": places, "mode": "binary64", "pad": pad},
            "split": {"held_out": 0.0 if small else 0.05, "region": region},
        },
        "text": {
            "format": {"name": "padded", "width": len(str(high)), "answer_width": 1, "reverse": True, "plain_for": "/"},
            "tokenizer": {"name": "character", "characters": "0123456789+-*/=."},
        },
        "model": {
            "d_model": 128,
            "n_layers": 4,
            "n_heads": 4,
            "d_ff": 512,
            "context_length": 24,
            "position": {"name": "places", "places": 8, "numbers": 4},
        },
        "training": {
            "steps": 1000,
            "batch_size": 512,
            "learning_rate": 0.03,
            "optimizer": {"name": "muon", "momentum": 0.9},
            "schedule": {"name": "trapezoid", "decay": 0.7},
            "evaluate_every": 400,
        },
        "grading": {
            "sets": [
                {
                    "title": f"random on 0..{high}, as TinyMath grades",
                    "side": "any",
                    "count": 2000,
                    "mixture": over(*names),
                },
                *([] if small else held_out),
                whole,
                {
                    "title": f"an operand in {region[0]}..{region[1]}",
                    "side": "extrapolate",
                    "count": 2000,
                    "mixture": over(*names, to=region[1]),
                },
            ]
        },
        "questions": ["2+2", "36/3", "5*4", "27/86", "19-52"],
    }
