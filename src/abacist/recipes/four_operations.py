"""Four operations at once: what is learned of each, and what is only remembered?"""

from typing import Any


def four_operations(digits: int = 2, beyond: int = 2) -> dict[str, Any]:
    """Add, subtract, multiply, divide (to two decimals) numbers of up to two digits; asked with longer ones, and three.

    `beyond`: how many digits more than trained are asked. A model of this size is done in two minutes of one thread.
    """
    high = 10**digits - 1
    # Products and quotients have to be learned nearly one by one: they are shown more often.
    weights = {"addition": 0.5, "subtraction": 0.5, "multiplication": 1.0, "division": 1.0}

    def asking(low: int, high: int) -> list[dict[str, Any]]:
        return [{"operation": {"name": name, "left": [low, high], "draw": "value"}} for name in weights]

    def longer(more: int) -> dict[str, Any]:
        size = digits + more
        said = f"{more} digit{'s' * (more > 1)} more"
        mixture = asking(10 ** (size - 1), 10**size - 1)
        return {"title": said, "side": "any", "count": 1000, "mixture": mixture}

    every = asking(0, high)
    chain = {"name": "expressions", "terms": [3, 3], "digits": [1, digits]}
    return {
        "task": {
            "mixture": [{**each, "weight": weights[each["operation"]["name"]]} for each in every],
            "split": {"held_out": 0.1},
        },
        "text": {
            "format": {"name": "padded", "width": digits, "answer_width": 1, "reverse": True, "plain_for": "/"},
            "tokenizer": {"name": "character", "characters": "0123456789+-*/=."},
        },
        "model": {
            "d_model": 64,
            "n_layers": 2,
            "n_heads": 2,
            "d_ff": 512,
            "context_length": 6 * (digits + beyond) + 8,
            "position": {"name": "places", "places": 2 * (digits + beyond) + 2, "numbers": 5},
        },
        "training": {
            "steps": 1800,
            "batch_size": 256,
            "learning_rate": 0.03,
            "optimizer": {"name": "muon", "momentum": 0.9},
            "schedule": {"name": "trapezoid", "decay": 0.7},
        },
        "grading": {
            "sets": [
                {"title": "inside", "side": "train", "count": 2000, "mixture": every},
                {"title": "held out", "count": 4000, "mixture": every},
                *(longer(more) for more in range(1, beyond + 1)),
                {"title": "three numbers", "side": "any", "count": 1000, "mixture": [{"operation": chain}]},
            ]
        },
        "questions": ["27+86", "19-52", "34*76", "27/86", "123*45", "2+3*4"],
    }
