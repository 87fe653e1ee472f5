"""Which operator each token of a row stands under: read off the tokens, for parts that go by it."""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.cache import Cache


class Operators(nn.Module):
    """The newest operator sign at or before each token: a rule over token ids, which knows no arithmetic.

    Which id is which sign is told once by the vocabulary (`read_vocabulary`) and stored with the weights; until
    then no token is a sign, and what stands behind the vocabulary, as a mask does, never is.
    Shapes: ids (batch, seq); result the same, an index into `signs`, or -1 before any.
    """

    index: Tensor
    """Which sign each token of the vocabulary is, (vocab_size,), or -1."""

    def __init__(self, signs: Sequence[str], vocab_size: int):
        super().__init__()
        self.signs = list(signs)
        self.register_buffer("index", torch.full((vocab_size,), -1))

    @classmethod
    def wanted_by(cls, model: nn.Module, vocab_size: int) -> Self | None:
        """Return what finds the signs by which parts of a model go; None where no part does."""
        signs = [signs for part in model.modules() if (signs := getattr(part, "signs", None))]
        return cls(signs[0], vocab_size) if signs else None

    def read_vocabulary(self, vocabulary: Sequence[str]) -> None:
        """Note the ids of the signs. Raises: SettingsError for one that is no token."""
        missing = [sign for sign in self.signs if sign not in vocabulary]
        if missing:
            raise SettingsError(
                f"model.feed_forward.operators: {missing[0]!r} is no token of this vocabulary; name those that are"
            )
        self.index.copy_(torch.tensor([self.signs.index(token) if token in self.signs else -1 for token in vocabulary]))

    def forward(self, ids: Tensor, cache: Cache | None = None, before: Tensor | None = None) -> Tensor:
        """Return the newest sign's index; the cache holds that of the last token.

        `before` (batch, 1) is the newest sign of what a row goes on from, where that was read elsewhere.
        """
        last = len(self.index) - 1
        own = self.index[ids.clamp(max=last)].masked_fill(ids > last, -1)
        places = torch.arange(ids.shape[1], device=ids.device)
        newest = torch.where(own >= 0, places, -1).cummax(1).values
        before = own.new_full((len(ids), 1), -1) if before is None else before
        if cache is not None:
            before = cache.states.get("operator", before)
        result = torch.where(newest >= 0, own.gather(1, newest.clamp(min=0)), before)
        if cache is not None:
            cache.states["operator"] = result[:, -1:]
        return result
