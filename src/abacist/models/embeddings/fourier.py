"""Numbers as angles on circles, one circle a decimal digit; answers are read digit by digit."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.models.embedding import NumberEmbedding
from abacist.models.settings import ModelSettings


class Fourier(NumberEmbedding):
    """A number x has cos and sin of 2 pi x / 10^k in dimensions 2k - 2 and 2k - 1, k = 1 up to the longest's digits.

    They are multiplied by a learned size of the circle k, and added to a learned vector that all numbers share;
    other tokens have a vector each. The head turns the hidden state into as many pairs, and a number's logit is
    the sum, over its digits, of the products of pair k with the point of its k-th digit from the right; to it
    comes the product with a vector that all numbers share. So a softmax over all numbers of so many digits is a
    softmax for each digit, and cross-entropy trains the digits as the paper's loss does. A digit's point is the
    middle of the arc on which numbers with that digit lie: the nearest point is always the digit's own.
    With `tied`, pairs are read in the dimensions and by the sizes with which they are written.

    Source: Zhou et al. 2025, arXiv:2502.09741. Alike: circles with periods 10^k, fixed dimensions, a shared vector
    for numbers, an answer read digit by digit. Otherwise here: whole numbers alone, none larger than the vocabulary
    has (there any number is one token, with decimals); sizes of circles are learned, so that numbers begin no larger
    than other tokens; untied pairs are a learned product of the whole hidden state; one softmax over all tokens, which
    also says whether a number comes; points in the middle of arcs (there where the digit alone would be).
    Raises: SettingsError if d_model has too few dimensions for the circles.
    """

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set: there are as many circles as the vocabulary's largest number has digits."""

    circles: Tensor
    """The number's own points, (vocab_size, 2 circles), zeros for tokens that are no number."""

    def __init__(self, settings: Settings, model: ModelSettings, vocab_size: int, numbers: Any = None):
        super().__init__(model, vocab_size, numbers)
        digits = len(str(self.known.max()))
        if 2 * digits > model.d_model:
            raise SettingsError(
                f"model.d_model: numbers of {digits} digits need at least {2 * digits} dimensions for their circles, "
                f"got {model.d_model}"
            )
        self.register_buffer("circles", torch.as_tensor(on_circles(self.known, digits)), persistent=False)
        # Altogether a number begins as long as another token, whose dimensions are drawn with 0.02.
        self.size = nn.Parameter(torch.full((digits,), 0.02 * math.sqrt(model.d_model / digits)))

    def forward(self, ids: Tensor) -> Tensor:
        """Return the vectors of tokens."""
        vectors = F.embedding(self.row[ids], self.weight)
        points = F.embedding(ids, self.circles) * self.size.repeat_interleave(2)
        return vectors + F.pad(points, (0, vectors.shape[-1] - points.shape[-1]))

    def head(self) -> "FourierHead":
        """Return what reads digits."""
        return FourierHead(self)

    def tie(self, head: nn.Module) -> None:
        """Let the head read the circles that this embedding writes."""
        super().tie(head)
        assert isinstance(head, FourierHead)
        head.pairs, head.size = None, self.size


class FourierHead(nn.Module):
    """Logits of numbers digit by digit, and of other tokens by a vector each."""

    row: Tensor
    digits: Tensor
    """Points of the digits of each number, (vocab_size, 2 circles)."""

    def __init__(self, embedding: Fourier):
        super().__init__()
        count, width = embedding.circles.shape[1], embedding.weight.shape[1]
        self.register_buffer("row", embedding.row, persistent=False)
        points = torch.as_tensor(digits_on_circles(embedding.known, count // 2))
        self.register_buffer("digits", points, persistent=False)
        self.weight = nn.Parameter(torch.empty_like(embedding.weight))
        self.pairs: nn.Parameter | None = nn.Parameter(torch.empty(count, width))
        self.size: nn.Parameter | None = None

    def forward(self, hidden: Tensor) -> Tensor:
        """Return logits; the points are folded into one matrix, so that it costs what a table does."""
        if self.pairs is not None:
            added = self.digits @ self.pairs
        else:
            assert self.size is not None
            points = self.digits * self.size.repeat_interleave(2)
            added = F.pad(points, (0, hidden.shape[-1] - points.shape[-1]))
        return F.linear(hidden, self.weight[self.row] + added)


def on_circles(numbers: NDArray[np.int64], digits: int) -> NDArray[np.float32]:
    """Return cos and sin of 2 pi x / 10^k for k = 1..digits, (n, 2 digits); zeros for numbers below 0."""
    periods = 10 ** np.arange(1, digits + 1)
    return _points(numbers, (numbers[:, None] % periods) / periods)


def digits_on_circles(numbers: NDArray[np.int64], digits: int) -> NDArray[np.float32]:
    """Return the points of the digits, from the right: each in the middle of what numbers with it have on the circle.

    Those with the digit d in place k lie at d 10^(k-1) up to (d + 1) 10^(k-1) - 1 of 10^k. Shape: (n, 2 digits).
    """
    units = 10 ** np.arange(digits)
    middles = (numbers[:, None] // units % 10) * units + (units - 1) / 2
    return _points(numbers, middles / (10 * units))


def _points(numbers: NDArray[np.int64], turns: NDArray[np.float64]) -> NDArray[np.float32]:
    pairs = np.stack((np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)), axis=-1) * (numbers >= 0)[:, None, None]
    return pairs.reshape(len(numbers), -1).astype(np.float32)
