"""A decoder that is told, while it learns, what it should know between question and answer."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.kinds.decoder import Decoder
from abacist.models.observed import Observed, new_observed
from abacist.models.settings import ModelSettings
from abacist.text.batch import Batch


class Guided(Decoder):
    """A decoder that learns besides to have certain values in its hidden states; its answers do not look at them.

    Of each further target the k-th value shall stand at the token from which the k-th token of the answer is
    predicted, in a channel of its own of the hidden state after so many layers. What is read is read as it stands,
    without weights: a layer can turn its results into any channel, so a learned probe could do no more, and nothing
    is left over when training ends. The weights are those of a decoder.

    Source: predicting the running sums of a product's columns beside the answer is Bai et al. 2025,
    arXiv:2510.00184; there by a learned linear map from the output of heads.
    """

    model: Observed

    @dataclass(frozen=True)
    class Settings:
        """`besides`: the further targets, each with the number of layers behind which its values shall stand.

        `scale`: the value that stands as 1; `weight`: what a squared error of 1 counts beside a nat of the answer.
        """

        besides: dict[str, int] = field(default_factory=dict)
        scale: float = 32.0
        weight: float = 1.0

        def __post_init__(self) -> None:
            if self.scale <= 0 or self.weight <= 0:
                raise SettingsError("scale and weight must be above 0")

    def __init__(self, settings: Settings, model: Observed, end_id: int):
        super().__init__(model, end_id)
        self.settings = settings

    @classmethod
    def new(
        cls,
        settings: Any,
        model: ModelSettings,
        token_classes: object,
        end_id: int,
        seed: int,
        numbers: object = None,
    ) -> "Guided":
        """Make one with random weights that depend on the seed alone."""
        after = set(settings.besides.values())
        return cls(settings, new_observed(model, token_classes, after, seed, numbers), end_id)

    def prepare(self, batch: Batch, rng: np.random.Generator | None = None) -> Batch:
        """Return the batch as it is. Raises: SettingsError if training would miss the further targets."""
        missing = [name for name in self.settings.besides if name not in batch.targets]
        if missing and rng is not None:
            names = ",".join(f'"{name}"' for name in self.settings.besides)
            raise SettingsError(f"kind.besides: batches hold no {missing[0]}; --set 'data.targets=[{names}]'")
        return batch

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return what a decoder takes, where each answer begins to be predicted, and the values to know there."""
        told = {name: batch.targets[name] for name in self.settings.besides if name in batch.targets}
        begins = {"begins": batch.loss_mask[:, 1:].argmax(axis=1)} if told else {}
        return super().inputs(batch) | {name: self._tensor(array) for name, array in {**begins, **told}.items()}

    def forward(  # type: ignore[override]
        self,
        ids: Tensor,
        places: Tensor,
        targets: Tensor,
        wanted: Tensor | None = None,
        begins: Tensor | None = None,
        **told: Tensor,
    ) -> Tensor:
        """Return the summed cross-entropy over the answers, and in training the weighted squared errors of values."""
        loss = super().forward(ids, places, targets, wanted)
        if begins is None or not self.training:
            return loss
        for channel, (name, after) in enumerate(self.settings.besides.items()):
            values, states = told[name], self.model.seen[after][..., channel].float()
            at = begins[:, None] + torch.arange(values.shape[1], device=values.device)
            counts = (values >= 0) & (at < states.shape[1])
            read = states.gather(1, at.clamp(max=states.shape[1] - 1))
            errors = F.mse_loss(read, values / self.settings.scale, reduction="none")
            loss = loss + self.settings.weight * (errors * counts).sum()
        self.model.seen.clear()
        return loss
