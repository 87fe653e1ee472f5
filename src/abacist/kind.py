"""The seam for kinds of model: how one is trained on a batch, and how it answers prompts."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.settings import ModelSettings
from abacist.text.batch import Batch
from abacist.text.choice import Floats
from abacist.text.generated import Generated

FOLDER = "kinds"

IGNORED = -100
"""Target of a token that does not count for the loss."""


class Kind(nn.Module, ABC):
    """A model together with its way to learn and to answer. Its weights are those of `model`."""

    model: nn.Module

    @classmethod
    @abstractmethod
    def new(
        cls,
        _settings: object,
        model: ModelSettings,
        token_classes: object,
        end_id: int,
        seed: int,
        numbers: object = None,
    ) -> "Kind":
        """Make one with random weights that depend on the seed alone; first its own `Settings`.

        `numbers` are those that tokens stand for; they are given where `model.embedding` knows numbers.
        """

    @abstractmethod
    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return what `forward` takes, on the model's device; the first dimension of each is the batch's rows."""

    @abstractmethod
    def forward(self, **inputs: Tensor) -> Tensor:
        """Return the summed cross-entropy, in nats, over the tokens where the batch's loss mask is true.

        Training engines wrap this call, and ensembles map it over the weights of several models.
        """

    def loss(self, batch: Batch) -> Tensor:
        """Return `forward` of the batch."""
        return self(**self.inputs(batch))

    @abstractmethod
    def answer(self, prompts: Sequence[Sequence[int]]) -> list[Generated]:
        """Write after each prompt, greedily, until the end token or the end of the context."""

    def write(self, prompt: Sequence[int], choose: Callable[[Floats], int]) -> Iterator[int]:
        """Yield tokens after a prompt without end, each as `choose` takes it from the logits, (vocab_size,).

        Where the context is full, what was read first is forgotten. Whoever asks stops at the end token, or anywhere.
        Raises: SettingsError from a kind that only answers.
        """
        raise SettingsError(f"a model of kind {type(self).__name__.lower()} answers questions; it writes no text")
