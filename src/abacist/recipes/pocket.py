"""A pocket calculator: four operations in one small model, answered directly."""

from typing import Any


def pocket(digits: int = 5, table: int = 99) -> dict[str, Any]:
    """Add and subtract five digits, add three numbers, multiply and divide 0..99, all answered directly."""
    long = [0, 10**digits - 1]
    adding = {"name": "addition", "left": long}
    subtracting = {"name": "subtraction", "left": long}
    several = {"name": "sums", "terms": [3, 3], "bounds": [0, table], "signs": "+-"}
    multiplying = {"name": "multiplication", "left": [0, table], "draw": "value"}
    dividing = {"name": "division", "left": [0, table], "right": [1, table], "draw": "value"}

    def weighted(*pairs: tuple[dict[str, Any], float]) -> list[dict[str, Any]]:
        return [{"operation": operation, "weight": weight} for operation, weight in pairs]

    def graded(title: str, count: int, *operations: dict[str, Any], side: str = "held_out") -> dict[str, Any]:
        mixture = weighted(*((operation, 1.0) for operation in operations))
        return {"title": title, "count": count, "mixture": mixture, "side": side}

    carrying, borrowing = ({**operation, "draw": "carries"} for operation in (adding, subtracting))
    return {
        "task": {
            # Products and quotients have to be learned nearly one by one: they are shown more often.
            "mixture": weighted(
                (adding, 0.2),
                (carrying, 0.1),
                (subtracting, 0.35),
                (borrowing, 0.15),
                (several, 0.4),
                (multiplying, 1.0),
                (dividing, 1.2),
            ),
            "split": {"held_out": 0.05},
        },
        "text": {
            "format": {"name": "reversed", "plain_for": "/"},
            "tokenizer": {"name": "character", "characters": "0123456789+-*/=."},
        },
        "model": {"d_model": 128, "n_layers": 4, "n_heads": 4, "d_ff": 512, "context_length": 3 * digits + 16},
        "training": {
            "minutes": 30,
            "batch_size": 320,
            "learning_rate": 0.02,
            "optimizer": "muon",
            "schedule": {"name": "trapezoid", "decay": 0.7},
            "evaluate_every": 500,
        },
        "grading": {
            "sets": [
                graded("held out, + and -", 5000, adding, subtracting),
                graded("held out, + and - full of carries", 2000, carrying, borrowing),
                graded("held out, three numbers", 2000, several),
                graded(f"every product and quotient of 0..{table}", 100_000, multiplying, dividing, side="any"),
                graded("held out, * and /", 10_000, multiplying, dividing),
            ]
        },
        "questions": ["12+34", "99999+1", "1000-1", "8-9", "7*8", "36/3", "27/86", "12+7-88"],
    }
