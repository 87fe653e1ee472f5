"""The seam for kinds of model: how one is trained on a batch, and how it answers prompts."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

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

    writes: ClassVar[bool] = True
    """Whether it predicts each token from those before it, and so can go on with a text."""

    draws: ClassVar[bool] = False
    """Whether a forward pass draws random numbers in training, dropout left aside: from torch's stream, which is then
    set anew for each step."""

    unbound: ClassVar[tuple[str, ...]] = ()
    """Those of its settings that weights do not depend on: a training that begins with some may choose them anew."""

    @classmethod
    def fitted(cls, settings: Any, answer: int) -> Any:
        """Return its settings with what is left open in them fitted to answers of so many tokens, ends included."""
        return settings

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

    def read_vocabulary(self, vocabulary: Sequence[str]) -> "Kind":
        """Tell the parts of the model that go by certain tokens what each token is; return the kind."""
        for part in self.model.modules():
            if callable(read := getattr(part, "read_vocabulary", None)):
                read(vocabulary)
        return self

    @classmethod
    def prepares(cls, settings: Any) -> bool:
        """Tell whether `prepare` changes any batch under these settings; where not, it is never called in training."""
        return cls.prepare is not Kind.prepare

    def prepare(self, batch: Batch, rng: np.random.Generator | None = None) -> Batch:
        """Return a batch as this kind is trained on it, its loss mask true where the loss falls.

        What it draws anew for each step it takes from `rng`; without one, rows decide for themselves, so that what
        is measured stays the same. No weights are needed.
        Raises: SettingsError for rows that do not fit its settings.
        """
        return batch

    @abstractmethod
    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return what `forward` takes of a batch, prepared or not, on the model's device, its rows first."""

    @abstractmethod
    def forward(self, **inputs: Tensor) -> Tensor:
        """Return the summed cross-entropy, in nats, over the tokens where the batch's loss mask is true.

        Training engines wrap this call, and ensembles map it over the weights of several models.
        """

    def cost(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the summed cross-entropy over the targets that count, with what parts of the model ask for besides.

        A part with a list `auxiliary` puts there, in training alone, what it adds to the loss of a token; it is
        taken from there. `forward` ends with this. Shapes: logits (rows, seq, vocab_size), targets (rows, seq).
        """
        flat = logits.flatten(0, 1).float()
        loss = F.cross_entropy(flat, targets.flatten(), ignore_index=IGNORED, reduction="sum")
        for part in self.model.modules():
            if asked := getattr(part, "auxiliary", None):
                loss = loss + (targets != IGNORED).sum() * torch.stack(asked).sum()
                asked.clear()
        return loss

    def loss(self, batch: Batch) -> Tensor:
        """Return `forward` of the batch."""
        return self(**self.inputs(batch))

    @abstractmethod
    def answer(self, prompts: Sequence[Sequence[int]]) -> list[Generated]:
        """Write after each prompt, greedily, until the end token or the end of the context."""

    def inside(self, prompt: Sequence[int]) -> list[str]:
        """Return as lines what is worked out inside the model for a prompt; nothing is in most kinds."""
        return []

    def write(self, prompt: Sequence[int], choose: Callable[[Floats], int]) -> Iterator[int]:
        """Yield tokens after a prompt without end, each as `choose` takes it from the logits, (vocab_size,).

        Where the context is full, what was read first is forgotten. Whoever asks stops at the end token, or anywhere.
        Raises: SettingsError from a kind that does not.
        """
        raise SettingsError(f"a model of kind {type(self).__name__.lower()} writes no text")
