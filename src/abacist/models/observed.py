"""A transformer whose hidden states can be seen on the way."""

from typing import Any

import torch
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.models.cache import Cache
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer


class Observed(Transformer):
    """A decoder-only transformer that, while it learns, keeps what enters the layers it was asked about.

    Weights, shapes and answers are those of a transformer. Raises: SettingsError for layers that it has not.
    """

    def __init__(self, settings: ModelSettings, token_classes: Tensor, after: set[int], numbers: object = None):
        super().__init__(settings, token_classes, numbers)
        if wrong := sorted(number for number in after if not 0 < number < settings.depth):
            raise SettingsError(
                f"kind.besides: behind {wrong[0]} of {settings.depth} layers nothing can be read; "
                f"from 1 to {settings.depth - 1} there can"
            )
        self.after = after
        self.seen: dict[int, Tensor] = {}
        """What the last forward pass of training had after so many layers, (batch, seq, d_model)."""

    def entered(self, x: Tensor, step: int, cache: Cache | None) -> Any:
        """Keep it where it was asked for."""
        if step in self.after and self.training and cache is None:
            self.seen[step] = x
        return None


def new_observed(
    settings: ModelSettings, token_classes: object, after: set[int], seed: int, numbers: object = None
) -> Observed:
    """Make one with random weights that depend on the seed alone: those of a transformer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Observed(settings, torch.as_tensor(token_classes), after, numbers)
