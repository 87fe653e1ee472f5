"""Four operations with worked steps, in as few parameters as will do."""

from typing import Any

from abacist.text.steps.alphabet import SMALL_SYMBOLS


def small_calculator(digits: int = 3) -> dict[str, Any]:
    """Add, subtract, multiply and divide (to two decimals) numbers of up to `digits` digits, work shown."""
    high = 10**digits - 1
    # Quotients have the longest work, and the only guesses in it. Sums and differences full of carries, and those
    # that end in zeros, are rare by chance, and what goes wrong last.
    weights = {
        "addition": {"value": 1.6, "digits": 1.2, "carries": 0.7},
        "subtraction": {"value": 0.8, "digits": 0.3, "carries": 0.4, "endings": 0.8},
        "multiplication": {"value": 0.7, "digits": 0.3},
        "division": {"value": 1.05, "digits": 0.7},
    }

    def asking(name: str, draw: str) -> dict[str, Any]:
        return {"name": name, "left": [0, high], "right": [int(name == "division"), high], "draw": draw}

    # Divisors one digit shorter than the dividend.
    shorter = {**asking("division", "value"), "right": [max(1, 10**digits // 100), max(1, high // 10)]}
    # A quotient to three decimals has a row for each of its digits, and each row a digit and a carry a column.
    longest = (digits + 3) * (2 * digits + 2) + 5 * digits + 32
    return {
        "task": {
            "mixture": [
                *(
                    {"operation": asking(name, draw), "weight": weight}
                    for name, draws in weights.items()
                    for draw, weight in draws.items()
                ),
                {"operation": shorter, "weight": 1.26},
            ],
            "split": {"held_out": 0.2},
        },
        "text": {"format": "steps", "tokenizer": {"name": "signs", "symbols": SMALL_SYMBOLS, "words": []}},
        "data": {"pack": longest},
        "model": {
            "d_model": 48,
            "n_layers": 2,
            "n_heads": 3,
            "head_width": 18,
            "d_ff": 126,
            "tied": True,
            "loops": 2,
            "position": {
                "name": "columns",
                # The slow one tells the dividend's last digit from that of the first remainder, which stands at the
                # same column, row and place.
                "index": [1.5, 0.2],
                "column": [1.8, 0.6],
                "item": [1.2],
                "line": [1.2],
                "row": [1.8, 0.6],
                "place": [1.8],
                "lowest": -3,
                "highest": 2 * digits + 2,
            },
            "context_length": 2 * longest,
        },
        "training": {
            "steps": 5000,
            "batch_size": 32,
            "learning_rate": 0.02,
            "optimizer": "muon",
            "schedule": {"name": "trapezoid", "decay": 0.7},
            "evaluate_every": 250,
        },
        "grading": {
            "sets": [
                {"title": f"held out, {name}", "count": 100_000, "mixture": [{"operation": asking(name, "value")}]}
                for name in weights
            ]
        },
        "questions": ["12+34", "345-678", f"{high}*{high}", "27/86"],
    }
