"""No positions at all: the causal mask alone tells order."""

from dataclasses import dataclass

from abacist.models.position import PositionScheme
from abacist.models.settings import ModelSettings


class NoPE(PositionScheme):
    """Add nothing.

    Source: Kazemnejad et al. 2023, arXiv:2305.19466.
    """

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
