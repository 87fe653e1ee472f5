"""A trained model goes on learning, on a text of one's own."""

from typing import Any

from abacist.core.settings import dump
from abacist.text.corpus import corpus_at


def finetune(weights: str = "", corpus: str = "", reader: str = "", rank: int = 0, length: int = 0) -> dict[str, Any]:
    """Go on from a run's weights, or those of a GPT-2 or Llama, on another text.

    `weights` is a run folder, or one as transformers writes it; `rank` above 0 trains low-rank adapters alone,
    with embedding and head where the alphabet grows; `length` is that of the rows in tokens, 0 for as many as the model
    reads. `corpus` and `reader` are those of `character_gpt`.
    """
    return {
        "start": {"weights": weights, "lora": {"rank": rank} if rank else None},
        "corpus": {
            "sources": [{"text": dump(corpus_at([corpus], reader or None))}] if corpus else [],
            "split": {"by": "last", "validation": 0.1},
            "length": length or None,
        },
        "training": {
            "steps": 1000,
            "batch_size": 16,
            "learning_rate": 1e-3,
            "evaluate_every": 100,
            "evaluate_on": 400,
        },
    }
