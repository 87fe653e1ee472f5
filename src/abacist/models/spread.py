"""Randomised positions: training draws where the tokens of a row stand, among far more places than it has."""

import torch
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.models.settings import ModelSettings


class Spread:
    """Where the tokens of a row stand among `size` positions; without a spread at their index.

    Training draws positions and hands a drawn one p over as -1 - p (`data/offsets.py`). An index i from 0 on
    is that of a row which is only read or answered: it stands in the middle of the i-th of as many equal
    shares as the context has tokens, where the draws put it on average. So evaluation is never drawn, and
    nobody has to know how long an answer will be.

    Source: Ruoss et al. 2023, arXiv:2305.16843, where positions are drawn in evaluation too.
    Raises: SettingsError if there are fewer positions than tokens in the context.
    """

    def __init__(self, spread: int | None, model: ModelSettings):
        if spread is not None and spread < model.context_length:
            raise SettingsError(
                f"model.position.spread must be at least model.context_length, {model.context_length}, got {spread}"
            )
        self.drawn, self.tokens = spread is not None, model.context_length
        self.size = model.context_length if spread is None else spread

    def __call__(self, index: Tensor) -> Tensor:
        """Return positions, 0 to size - 1, in the shape of the indices."""
        if not self.drawn:
            return index
        return torch.where(index < 0, -1 - index, (2 * index + 1) * self.size // (2 * self.tokens))
