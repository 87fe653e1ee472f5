"""The loss on what a model is not trained on."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import torch

from abacist.kind import Kind
from abacist.text.batch import Batch


@dataclass(frozen=True)
class TextLoss:
    """How well a model predicts a text. Units: nats and bits."""

    tokens: int
    """Predicted tokens that the mean is over."""
    loss: float
    """Mean cross-entropy in nats a token."""
    tokens_per_character: float | None = None
    """Of the text it is measured on; None where nobody knows, or some of it is lost."""
    unknown: float = 0.0
    """Share of the text's tokens that stand for what the vocabulary lacks: what they were is lost."""

    @property
    def perplexity(self) -> float:
        """Among how many equally likely tokens the model would be as unsure."""
        return math.exp(min(self.loss, 700.0))

    @property
    def bits_per_character(self) -> float | None:
        """The same loss for each character, so that tokenizers compare; None where nobody knows the characters."""
        return None if self.tokens_per_character is None else self.loss * self.tokens_per_character / math.log(2)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values, with what follows from it."""
        return {**asdict(self), "perplexity": self.perplexity, "bits_per_character": self.bits_per_character}


@torch.inference_mode()
def summed_loss(kind: Kind, batches: Iterable[Batch]) -> tuple[float, int]:
    """Return the cross-entropy over the tokens of batches that count, in nats, without dropout, and their number."""
    was_training = kind.training
    kind.eval()
    total, count = 0.0, 0
    for batch in map(kind.prepare, batches):
        total += float(kind.loss(batch))
        count += int(batch.loss_mask.sum())
    kind.train(was_training)
    return total, count


def mean_loss(kind: Kind, batches: Iterable[Batch]) -> float:
    """Return the mean cross-entropy over the tokens of batches that count, in nats."""
    total, count = summed_loss(kind, batches)
    return total / count
