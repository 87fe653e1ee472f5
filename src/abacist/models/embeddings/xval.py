"""Numbers as one vector, scaled by their value; answers are a value and its width."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.models.embedding import NumberEmbedding
from abacist.models.settings import ModelSettings


class XVal(NumberEmbedding):
    """A number is one learned vector times its value, 0 to `reach` for 0 to the vocabulary's largest number.

    The head reads a value y and the logarithm of a width s from the hidden state. The logit of a number x is
    -(y - x)^2 / (2 s^2), and to it comes the product with a vector that all numbers share, which says whether a
    number comes at all. So cross-entropy trains value and width, and the greedy choice is the number nearest to y.

    Source: Golkar et al. 2023, arXiv:2310.02989. Alike: one vector scaled by the value, values brought to a small
    range beforehand (there -5 to 5), an answer regressed by a head of its own. Otherwise here: the vocabulary has a
    token a number, where there one [NUM] stands for all; so numbers are whole, none is larger than the vocabulary's
    largest, and they are read back exactly, not to some decimals; a sign is a token of its own; and cross-entropy over
    a Gaussian takes the place of two losses, squared error beside the tokens' cross-entropy.
    Units: with `reach` 5 and numbers up to 999, neighbours are 0.005 apart. The head computes in float32 in training
    with bfloat16 too, whose 8 bits tell neighbours apart up to 255 only.
    Raises: SettingsError if tied: what scales a vector cannot be the product with it.
    """

    @dataclass(frozen=True)
    class Settings:
        """`reach`: what the vocabulary's largest number is scaled to."""

        reach: float = 5.0

        def __post_init__(self) -> None:
            if self.reach <= 0:
                raise SettingsError(f"reach must be above 0, got {self.reach}")

    value: Tensor
    """The scaled number, (vocab_size,); 1 for tokens that are none."""

    def __init__(self, settings: Settings, model: ModelSettings, vocab_size: int, numbers: Any = None):
        if model.tied:
            raise SettingsError("model.tied: xval reads numbers by a head of its own; set it to false")
        super().__init__(model, vocab_size, numbers)
        self.reach = settings.reach
        scaled = self.known * (settings.reach / max(1, self.known.max()))
        value = np.where(self.known < 0, 1, scaled).astype(np.float32)
        self.register_buffer("value", torch.as_tensor(value), persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the vectors of tokens."""
        return F.embedding(self.row[ids], self.weight) * self.value[ids].unsqueeze(-1)

    def head(self) -> "XValHead":
        """Return what reads values."""
        return XValHead(self)


class XValHead(nn.Module):
    """Logits of numbers by how near they are to a value, and of other tokens by a vector each."""

    row: Tensor
    value: Tensor
    is_number: Tensor

    def __init__(self, embedding: XVal):
        super().__init__()
        for name in ("row", "value"):
            self.register_buffer(name, getattr(embedding, name), persistent=False)
        self.register_buffer("is_number", torch.as_tensor(embedding.known >= 0), persistent=False)
        self.reach = embedding.reach
        self.weight = nn.Parameter(torch.empty_like(embedding.weight))
        self.reading = nn.Parameter(torch.empty(2, embedding.weight.shape[1]))
        self.start = nn.Parameter(torch.zeros(2))

    def forward(self, hidden: Tensor) -> Tensor:
        """Return logits."""
        logits = F.linear(hidden, self.weight[self.row])
        # In bfloat16 a value would be too coarse to tell neighbours apart. A width begins at the whole range.
        with torch.autocast(hidden.device.type, enabled=False):
            read = F.linear(hidden.float(), self.reading.float(), self.start.float())
            value, width = read[..., :1], self.reach * read[..., 1:].exp()
            distance = (value - self.value.float()) / width
            return logits.float() - 0.5 * distance.square() * self.is_number
