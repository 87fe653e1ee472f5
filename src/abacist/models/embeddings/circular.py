"""Numbers on an arc of a circle: three learned weights instead of a table."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.models.embedding import TokenEmbedding, known_numbers
from abacist.models.settings import ModelSettings


class Circular(TokenEmbedding):
    """The number n is `radius` times (cos a, sin a, 0, ..., 0), a = `start` + n `stride`: the three are learned.

    Other tokens have a learned vector each. With `others` as_zero they have none of their own: they are read as the
    number 0 and never written. That suits rows of one shape, where places alone tell what is what, with answers of so
    many tokens (`answer_tokens` of a decoder). Tied, the head reads numbers by the vectors that it writes them with.

    Source: trained entries of the public contest for the smallest adder of ten digits have an arc of three weights.
    Units: radians. Raises: SettingsError if d_model is below 2, or for others as zero with a head of its own.
    """

    knows_numbers = True

    @dataclass(frozen=True)
    class Settings:
        """What other tokens are, and where the three weights begin."""

        others: Literal["learned", "as_zero"] = "learned"
        radius: float | None = None
        """Null for vectors about as long as those of other tokens."""
        start: float | None = None
        """Null draws it."""
        stride: float = 0.2
        sharpness: float = 1.0
        """What logits are multiplied by where the head is tied. Neighbours on an arc are alike: without it the radius
        has to grow a hundredfold before a choice between them is sure, and with it what is added to its vectors."""

        def __post_init__(self) -> None:
            if self.radius is not None and not 0 < self.radius < math.inf:
                raise SettingsError(f"radius must be above 0, got {self.radius}")
            if not 0 < self.sharpness < math.inf:
                raise SettingsError(f"sharpness must be above 0, got {self.sharpness}")

    weight: nn.Parameter
    """Radius, start and stride, (3,)."""
    numbers: Tensor
    """The number that each token stands for, -1 for none, (vocab_size,)."""
    place: Tensor
    """The ids of tokens that are no number."""

    def __init__(self, settings: Settings, model: ModelSettings, vocab_size: int, numbers: Any = None):
        super().__init__()
        known = known_numbers(model, vocab_size, numbers)
        if model.d_model < 2:
            raise SettingsError(f"model.d_model: a circle needs two dimensions, got {model.d_model}")
        if settings.others == "as_zero" and not model.tied:
            raise SettingsError("model.tied must be true where other tokens are read as zero: they are never written")
        self.width, self.sharpness, (others,) = model.d_model, settings.sharpness, np.nonzero(known < 0)
        self.register_buffer("numbers", torch.as_tensor(known))
        self.register_buffer("place", torch.as_tensor(others), persistent=False)
        radius = 0.02 * math.sqrt(model.d_model) if settings.radius is None else settings.radius
        start = torch.randn(()) if settings.start is None else torch.tensor(settings.start)
        self.weight = nn.Parameter(torch.stack((torch.tensor(radius), start, torch.tensor(settings.stride))))
        learned = settings.others == "learned"
        self.others = nn.Parameter(torch.empty(len(others), model.d_model)) if learned else None

    def vectors(self) -> Tensor:
        """Return the vectors of all tokens, (vocab_size, d_model)."""
        radius, start, stride = self.weight.unbind()
        angle = start + stride * self.numbers.clamp(min=0)
        arc = F.pad(radius * torch.stack((angle.cos(), angle.sin()), dim=-1), (0, self.width - 2))
        return arc if self.others is None else arc.index_copy(0, self.place, self.others.to(arc.dtype))

    def forward(self, ids: Tensor) -> Tensor:
        """Return the vectors of tokens."""
        return F.embedding(ids, self.vectors())

    def head(self) -> nn.Module:
        """Return one matrix without a bias, until it is tied."""
        return CircularHead(self)

    def tie(self, head: nn.Module) -> None:
        """Let the head read by these vectors."""
        assert isinstance(head, CircularHead)
        head.weight, head.tied = self.weight, [self]


class CircularHead(nn.Module):
    """Logits by the product with a vector for each token: one of its own, or that with which it is written."""

    def __init__(self, embedding: Circular):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(len(embedding.numbers), embedding.width))
        self.tied: list[Circular] = []
        """The embedding it is tied to; in a list, for it is no part of the head."""

    def forward(self, hidden: Tensor) -> Tensor:
        """Return logits; those of tokens that are never written are as low as can be."""
        if not self.tied:
            return F.linear(hidden, self.weight)
        (embedding,) = self.tied
        logits = F.linear(hidden, embedding.sharpness * embedding.vectors())
        return logits if embedding.others is not None else logits.index_fill(-1, embedding.place, LOWEST)


LOWEST = -1e4
"""Logit of a token that is never written: no probability is left in any precision, and every sum stays finite."""
