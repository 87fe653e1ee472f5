"""TinyMath's baseline: a language model that others have trained on text, and that now learns to calculate."""

from typing import Any

from abacist.recipes.tinymath import tinymath


def distilgpt2_math(weights: str = "distilgpt2", rank: int = 0, high: int = 89) -> dict[str, Any]:
    """Teach a GPT-2 or Llama the lines of `tinymath`; --set training.steps=0 grades it as it came.

    `weights` is a folder as transformers writes it, or a name on the Hub; `rank` above 0 trains low-rank adapters
    alone; `high` is that of `tinymath`.
    """
    own = tinymath(high)
    # A model of this size would take an hour over the whole table.
    sets = [each for each in own["grading"]["sets"] if not each["title"].startswith("whole")]
    return {
        "start": {"weights": weights, "lora": {"rank": rank} if rank else None},
        "task": own["task"],
        "text": {
            "format": "written",
            # A line ends where the next begins: that is how such models have met sums.
            "tokenizer": {"name": "file", "start": "Ċ", "end": "Ċ"},
        },
        # A line has room in it; what writes on without an end shall not do so for long.
        "model": {"context_length": 48},
        "training": {
            "steps": 1000,
            "batch_size": 32,
            "learning_rate": 3e-4,
            "evaluate_every": 250,
            "evaluate_on": 200,
        },
        "grading": {"sets": [{**each, "count": 500 if place else 2000} for place, each in enumerate(sets)]},
        "questions": own["questions"],
    }
