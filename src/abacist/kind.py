"""The seam for kinds of model: how one is trained on a batch, and how it answers prompts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from abacist.models.settings import ModelSettings
from abacist.text.batch import Batch
from abacist.text.generated import Generated

FOLDER = "kinds"


class Kind(nn.Module, ABC):
    """A model together with its way to learn and to answer. Its weights are those of `model`."""

    model: nn.Module

    @classmethod
    @abstractmethod
    def new(cls, _settings: object, model: ModelSettings, token_classes: object, end_id: int, seed: int) -> "Kind":
        """Make one with random weights that depend on the seed alone; first its own `Settings`."""

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """Return the summed cross-entropy, in nats, over the tokens where the batch's loss mask is true."""

    def forward(self, batch: Batch) -> Tensor:
        """Return the loss; training engines wrap this call."""
        return self.loss(batch)

    @abstractmethod
    def answer(self, prompts: Sequence[Sequence[int]]) -> list[Generated]:
        """Write after each prompt, greedily, until the end token or the end of the context."""
