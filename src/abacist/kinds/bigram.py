"""A table of pairs, trained and asked like any other model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from abacist.kind import IGNORED, Kind
from abacist.models import bigram
from abacist.models.settings import ModelSettings
from abacist.text.batch import Batch
from abacist.text.choice import Floats
from abacist.text.generated import Generated


class Bigram(Kind):
    """Predicts each token from the one before it. Of the model's settings only the context counts, for answers."""

    model: bigram.Bigram

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    def __init__(self, model: bigram.Bigram, end_id: int, context_length: int):
        super().__init__()
        self.model, self.end_id, self.context_length = model, end_id, context_length

    @classmethod
    def new(
        cls,
        _settings: object,
        model: ModelSettings,
        token_classes: object,
        end_id: int,
        seed: int,
        numbers: object = None,
    ) -> "Bigram":
        """Make one with random weights that depend on the seed alone."""
        size = len(token_classes)  # type: ignore[arg-type]
        return cls(bigram.new_bigram(size, seed), end_id, model.context_length)

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return the tokens and those that follow them."""
        targets = np.where(batch.loss_mask, batch.ids, IGNORED)[:, 1:]
        device = self.model.table.weight.device
        return {
            "ids": torch.from_numpy(batch.ids[:, :-1]).to(device),
            "targets": torch.from_numpy(targets).to(device),
        }

    def forward(self, ids: Tensor, targets: Tensor) -> Tensor:  # type: ignore[override]
        """Return the summed cross-entropy."""
        return self.cost(self.model(ids), targets)

    @torch.inference_mode()
    def answer(self, prompts: Sequence[Sequence[int]]) -> list[Generated]:
        """Write after each prompt: always the token that most often follows."""
        chances, following = (result.tolist() for result in self.model.table.weight.float().softmax(-1).max(-1))
        answers = []
        for prompt in prompts:
            generated, last = Generated([], []), prompt[-1]
            while last != self.end_id and len(prompt) + len(generated.ids) < self.context_length:
                generated.probabilities.append(chances[last])
                last = following[last]
                generated.ids.append(last)
            answers.append(generated)
        return answers

    def write(self, prompt: Sequence[int], choose: Callable[[Floats], int]) -> Iterator[int]:
        """Yield tokens after a prompt, each chosen from the logits that the one before it has."""
        table = self.model.table.weight.detach().double().cpu().numpy()
        last = prompt[-1]
        while True:
            last = choose(table[last])
            yield last
