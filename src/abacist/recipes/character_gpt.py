"""A character transformer on a text of one's own."""

from typing import Any

from abacist.core.settings import dump
from abacist.text.corpus import corpus_at


def character_gpt(corpus: str = "", reader: str = "", context: int = 32) -> dict[str, Any]:
    """Learn to write like a text, character by character.

    `corpus` is a file, a folder, LaTeX, an address, or a folder of token files as nanoGPT writes them; `reader` is
    files, latex, url, nanogpt or your own .py file where what it looks like is not how it shall be read.
    """
    return {
        "corpus": {
            "sources": [{"text": dump(corpus_at([corpus], reader or None))}] if corpus else [],
            "split": {"by": "last", "validation": 0.1},
        },
        "text": {"tokenizer": "character"},
        "model": {
            "d_model": 64,
            "n_layers": 4,
            "n_heads": 4,
            "d_ff": 256,
            "position": "rope",
            "context_length": context,
        },
        "training": {
            "steps": 5000,
            "batch_size": 16,
            "learning_rate": 0.01,
            "optimizer": {"name": "muon", "momentum": 0.95},
            "schedule": {"name": "trapezoid", "decay": 0.7},
            "evaluate_every": 500,
            "evaluate_on": 3200,
        },
    }
