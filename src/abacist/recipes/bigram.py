"""A table of pairs on a text of one's own."""

from typing import Any

from abacist.core.settings import dump
from abacist.text.corpus import corpus_at


def bigram(corpus: str = "", reader: str = "") -> dict[str, Any]:
    """Learn from a text which character follows which, and nothing more: the measure for all others.

    `corpus` and `reader` are those of `character_gpt`.
    """
    return {
        "kind": "bigram",
        "corpus": {
            "sources": [{"text": dump(corpus_at([corpus], reader or None))}] if corpus else [],
            "split": {"by": "last", "validation": 0.1},
        },
        "text": {"tokenizer": "character"},
        "model": {"context_length": 32},
        "training": {
            "steps": 2000,
            "batch_size": 64,
            "learning_rate": 0.05,
            "evaluate_every": 500,
            "evaluate_on": 3200,
        },
    }
