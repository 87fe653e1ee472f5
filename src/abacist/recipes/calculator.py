"""A calculator that works its answers out: the four operations, expressions, decimals, percents and words."""

from typing import Any


def calculator(steps: int = 12_000) -> dict[str, Any]:
    """Work out sums, products, quotients and expressions line by line: the model that abacist ships."""

    def expressions(terms: list[int], digits: list[int], operators: str, **more: Any) -> dict[str, Any]:
        return {"name": "expressions", "terms": terms, "digits": digits, "operators": operators, **more}

    def worded(operation: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"name": "worded", "operation": operation, **more}

    small, long = [0, 99], [0, 10**12 - 1]
    pairs = {
        sign: expressions([2, 2], [1, 5], sign, negative_share=0.15, whole_quotients=sign == "/") for sign in "+-*/"
    }
    decimals = {"decimals": 5, "decimal_share": 0.6, "negative_share": 0.15, "percent_share": 0.15}
    nested = {"brackets": 0.4, "depth": 3, "negated_share": 0.3, "doubled_share": 0.1, "negative_share": 0.25}
    negated = {"brackets": 0.6, "depth": 4, "negated_share": 0.7, "doubled_share": 0.15, "negative_share": 0.4}
    quotients = {"name": "division", "left": [0, 99_999], "right": [1, 99_999]}
    chains = expressions([3, 6], [1, 4], "+-", negative_share=0.25)
    decimal_chains = expressions([2, 6], [1, 4], "+-", decimals=4, decimal_share=1.0, negative_share=0.1)
    mixture: list[tuple[dict[str, Any], float]] = [
        ({"name": "addition", "left": long}, 0.6),
        ({"name": "addition", "left": long, "draw": "carries"}, 0.4),
        ({"name": "subtraction", "left": long}, 0.6),
        ({"name": "subtraction", "left": long, "draw": "carries"}, 0.4),
        *((operation, {"+": 0.6, "-": 0.6, "*": 1.4, "/": 1.0}[sign]) for sign, operation in pairs.items()),
        ({"name": "multiplication", "left": small, "draw": "value"}, 0.4),
        ({"name": "division", "left": small, "right": [1, 99], "draw": "value"}, 0.8),
        (quotients, 0.8),
        *(({**quotients, "right": [power, power]}, 0.05) for power in (10, 100, 1000)),
        ({"name": "rounded", "operation": quotients}, 0.5),
        (expressions([2, 2], [1, 4], "+-", **decimals), 0.5),
        (expressions([2, 2], [1, 4], "*", **decimals), 0.7),
        (expressions([2, 2], [1, 4], "/", **decimals), 0.6),
        ({"name": "rounded", "operation": expressions([1, 3], [1, 4], "+-*", **decimals)}, 0.5),
        (chains, 1.4),
        (decimal_chains, 1.1),
        (expressions([3, 8], [1, 1], "+-*", **nested), 0.6),
        (expressions([2, 6], [1, 4], "+-*/", whole_quotients=True, **nested), 1.4),
        (expressions([2, 4], [1, 2], "+-*", **negated), 0.5),
        (expressions([2, 5], [1, 4], "+-*/", whole_quotients=True, **negated), 0.8),
        ({"name": "multistep"}, 0.4),
        ({"name": "multistep", "levels": 1, "terms": [2, 5]}, 0.2),
        (expressions([2, 5], [1, 4], "+-*/", brackets=0.25, depth=2, **decimals), 0.6),
        (expressions([2, 5], [4, 4], "+-*/", brackets=0.25, depth=2), 0.5),
        *((worded(operation), 0.15) for operation in pairs.values()),
        (worded(expressions([2, 2], [1, 4], "+-*/", **decimals)), 0.2),
        (worded(expressions([2, 5], [1, 2], "+-*", **nested)), 0.2),
        (worded(expressions([2, 6], [1, 4], "+-", negative_share=0.25)), 0.3),
        (worded(decimal_chains), 0.4),
        (worded(expressions([2, 6], [1, 4], "+-*/", whole_quotients=True, **nested)), 0.4),
        (worded(expressions([2, 5], [1, 4], "+-*/", whole_quotients=True, **negated)), 0.3),
        *((worded(operation, words=0.5, signs=1.0), 0.1) for operation in pairs.values()),
        (worded(expressions([2, 3], [1, 3], "+-"), words=1.0, signs=1.0), 0.5),
        (worded(expressions([2, 2], [1, 4], "+-*/", whole_quotients=True), words=1.0, signs=1.0), 0.3),
    ]

    def graded(title: str, count: int, *operations: dict[str, Any], side: str = "held_out") -> dict[str, Any]:
        parts = [{"operation": operation, "weight": 1.0} for operation in operations]
        own = {"mixture": parts} if parts else {}
        return {"title": title, "count": count, "side": side, **own}

    tables: list[dict[str, Any]] = [
        *({"name": name, "left": small, "draw": "value"} for name in ("addition", "subtraction", "multiplication")),
        {"name": "division", "left": small, "right": [1, 99], "draw": "value"},
    ]
    # Hard enough for mistakes: they show what the model's confidence is worth.
    longer: list[dict[str, Any]] = [
        expressions([2, 2], [6, 7], "+-*/"),
        expressions([4, 7], [3, 5], "+-*", brackets=0.3, depth=2, negative_share=0.1),
    ]
    return {
        "task": {
            "mixture": [{"operation": operation, "weight": weight} for operation, weight in mixture],
            "rounding": {"exact": "undivided"},
            "split": {"held_out": 0.05, "region": [90, 99]},
        },
        "text": {"format": "steps", "tokenizer": "signs"},
        "data": {"pack": 768},
        "model": {
            "d_model": 128,
            "n_layers": 4,
            "n_heads": 4,
            "d_ff": 512,
            "position": "columns",
            "context_length": 4096,
        },
        "training": {
            "steps": steps,
            "batch_size": 8,
            "learning_rate": 0.02,
            "optimizer": "muon",
            "schedule": {"name": "trapezoid", "decay": 0.75},
            "evaluate_every": 1500,
            "evaluate_on": 200,
        },
        "grading": {
            "sets": [
                graded("held out, one operation on 1 to 5 digits", 2000, *pairs.values()),
                graded("held out, as trained", 1000),
                graded("held out, longer than trained", 500, *longer),
                graded("an operand in 90..99, 0..99", 2000, *tables, side="extrapolate"),
            ]
        },
        "questions": ["12+34", "27/86", "123*456", "(3+4)*21-5", "8%*12.5", "eighty-four minus sixty-one"],
    }
