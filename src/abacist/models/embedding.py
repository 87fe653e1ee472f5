"""The seam for embeddings: how tokens become vectors, and how hidden states become logits."""

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.settings import ModelSettings


class TokenEmbedding(nn.Module):
    """Both ends of a model: it is called with ids, and `head` makes what is called with hidden states.

    Made with its own `Settings`, the model's `ModelSettings`, the size of the vocabulary, and the numbers that
    tokens stand for, or None for those who know no numbers.
    Shapes: ids (...) give (..., d_model); the head maps (..., d_model) to (..., vocab_size).
    """

    knows_numbers: ClassVar[bool] = False
    """Whether it has to be told which numbers tokens stand for."""

    weight: Tensor
    """Learned vectors, (n, d_model). Where they are, and in which precision, the model computes."""

    def head(self) -> nn.Module:
        """Return a new module from hidden states to logits; its `weight` has the shape of this one's."""
        raise NotImplementedError

    def tie(self, head: nn.Module) -> None:
        """Let the head use the weights of this embedding. Raises: SettingsError where that makes no sense."""
        head.weight = self.weight


def known_numbers(model: ModelSettings, vocab_size: int, numbers: Any) -> NDArray[np.int64]:
    """Return the numbers that tokens stand for, -1 for none, (vocab_size,).

    On numpy: which tokens are numbers decides shapes, also on the device that holds no values.
    Raises: SettingsError if they are not told, or none is one.
    """
    name = model.embedding.name
    if numbers is None:
        raise SettingsError(f"model.embedding: {name} has to know which numbers tokens stand for, and is not told")
    known: NDArray[np.int64] = np.asarray(numbers, dtype=np.int64)
    if len(known) != vocab_size or not (known >= 0).any():
        raise SettingsError(f"model.embedding: no token of this vocabulary is a number, which {name} is for")
    return known


class NumberEmbedding(TokenEmbedding):
    """What embeddings of numbers share: a learned vector for each token that is no number, and one for all that are.

    `weight` has the latter in its row 0, and `row` says which row each token has. The numbers are stored with the
    weights, as token classes are: a model never reads the text of its tokens.
    """

    knows_numbers = True
    numbers: Tensor
    row: Tensor

    def __init__(self, model: ModelSettings, vocab_size: int, numbers: Any):
        super().__init__()
        self.known = known_numbers(model, vocab_size, numbers)
        others = self.known < 0
        self.register_buffer("numbers", torch.as_tensor(self.known))
        self.register_buffer("row", torch.as_tensor(np.where(others, others.cumsum(), 0)), persistent=False)
        self.weight = nn.Parameter(torch.empty(1 + int(others.sum()), model.d_model))
