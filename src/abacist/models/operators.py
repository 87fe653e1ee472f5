"""Which operator each token of a row stands under: read off the tokens, for parts that go by it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.cache import Cache


class Operators(nn.Module):
    """The newest operator sign at or before each token: a rule over token ids, which knows no arithmetic.

    Which id is which sign is told once by the vocabulary (`read_vocabulary`) and stored with the weights; until
    then no token is a sign.
    Shapes: ids (batch, seq); result the same, an index into `signs`, or -1 before any.
    """

    index: Tensor
    """Which sign each token of the vocabulary is, (vocab_size,), or -1."""

    def __init__(self, signs: Sequence[str], vocab_size: int):
        super().__init__()
        self.signs = list(signs)
        self.register_buffer("index", torch.full((vocab_size,), -1))

    def read_vocabulary(self, vocabulary: Sequence[str]) -> None:
        """Note the ids of the signs. Raises: SettingsError for one that is no token."""
        missing = [sign for sign in self.signs if sign not in vocabulary]
        if missing:
            raise SettingsError(
                f"model.feed_forward.operators: {missing[0]!r} is no token of this vocabulary; name those that are"
            )
        self.index.copy_(torch.tensor([self.signs.index(token) if token in self.signs else -1 for token in vocabulary]))

    def forward(self, ids: Tensor, cache: Cache | None = None) -> Tensor:
        """Return the newest sign's index; the cache holds that of the last token."""
        own = self.index[ids]
        places = torch.arange(ids.shape[1], device=ids.device)
        newest = torch.where(own >= 0, places, -1).cummax(1).values
        nothing = own.new_full((len(ids), 1), -1)
        before = nothing if cache is None else cache.states.get("operator", nothing)
        result = torch.where(newest >= 0, own.gather(1, newest.clamp(min=0)), before)
        if cache is not None:
            cache.states["operator"] = result[:, -1:]
        return result
