"""A decoder with an exact unit inside: it learns to read and to listen, and does not learn what a sum is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from abacist.core.catalogue import Part, PartOf, build
from abacist.core.errors import SettingsError
from abacist.core.readings import WRITTEN
from abacist.kind import IGNORED
from abacist.kinds.decoder import Decoder
from abacist.models.calculating import Calculating, new_calculating
from abacist.models.exact_unit import UnitSettings
from abacist.models.lesson import LESSONS, Lesson, Rows
from abacist.models.reduction import reduced, shown
from abacist.models.settings import ModelSettings
from abacist.text.batch import Batch
from abacist.text.coordinates import Integers, coordinates

CLOSED = "closed"
"""The target that says which rows do not hear the unit in training."""


class Exact(Decoder):
    """A causal transformer with an exact unit, which is taught by a lesson beside the loss on the answer.

    Of a share of the rows the gate is closed in training, so that the transformer also learns to answer by itself.
    """

    model: Calculating
    draws = True
    shapes_follow_data = "kind must not be exact"

    @dataclass(frozen=True)
    class Settings(UnitSettings):
        """How the unit reads and tells, and how it learns; the lessons have settings of their own."""

        lesson: Annotated[Part, PartOf(LESSONS)] = field(default_factory=lambda: Part("summed"))
        closed: float = 0.0
        """Share of the rows that do not hear the unit while it learns."""
        weight: float = 1.0
        """What the lesson's loss counts beside that of the answer's tokens."""

        def __post_init__(self) -> None:
            if not 0 <= self.closed < 1 or self.weight <= 0:
                raise SettingsError("closed must be at least 0 and below 1, weight above 0")
            super().__post_init__()

        @property
        def unit(self) -> UnitSettings:
            """The unit's own settings."""
            return UnitSettings(**{item.name: getattr(self, item.name) for item in fields(UnitSettings)})

    def __init__(self, settings: Settings, model: Calculating, end_id: int):
        super().__init__(model, end_id)
        self.settings = settings
        self.lesson: Lesson = build(LESSONS, settings.lesson)
        self.signs: list[str] = []

    @classmethod
    def new(
        cls,
        settings: Any,
        model: ModelSettings,
        token_classes: object,
        end_id: int,
        seed: int,
        numbers: object = None,
    ) -> "Exact":
        """Make one with random weights that depend on the seed alone."""
        return cls(settings, new_calculating(model, token_classes, settings.unit, seed, numbers), end_id)

    def read_vocabulary(self, vocabulary: Sequence[str]) -> "Exact":
        """Note which tokens an answer is told in: the lessons know the answer as a number."""
        self.signs = [token if token and set(token) <= set(WRITTEN) else "" for token in vocabulary]
        super().read_vocabulary(vocabulary)
        return self

    def prepare(self, batch: Batch, rng: np.random.Generator | None = None) -> Batch:
        """Draw which rows hear the unit. Raises: SettingsError where the lesson's targets are missing."""
        missing = [name for name in self.lesson.targets if name not in batch.targets]
        if missing and rng is not None:
            names = ",".join(f'"{name}"' for name in self.lesson.targets)
            raise SettingsError(
                f"kind.lesson: {type(self.lesson).__name__.lower()} is taught more than answers; "
                f"--set 'data.targets=[{names}]'"
            )
        if rng is None or not self.settings.closed or CLOSED in batch.targets:
            return batch
        closed = rng.random((len(batch.ids), 1)) < self.settings.closed
        return replace(batch, targets={**batch.targets, CLOSED: closed.astype(np.int64)})

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return what a decoder takes, the length of each prompt, and what the lesson is to know."""
        more = {name: batch.targets[name] for name in (*self.lesson.targets, CLOSED) if name in batch.targets}
        prompts = batch.loss_mask.argmax(axis=1)
        return {**super().inputs(batch), "prompts": self._tensor(prompts)} | {
            name: self._tensor(target) for name, target in more.items()
        }

    def forward(  # type: ignore[override]
        self,
        ids: Tensor,
        places: Tensor,
        targets: Tensor,
        prompts: Tensor,
        wanted: Tensor | None = None,
        closed: Tensor | None = None,
        **taught: Tensor,
    ) -> Tensor:
        """Return the summed cross-entropy over the answers, and in training the lesson's loss times their tokens."""
        self.model.open_rows = None if closed is None else closed == 0
        hidden = self.model.hidden(ids, places, wanted=wanted)
        self.model.open_rows = None
        loss = self.cost(self.model.head(hidden), targets)
        logits, self.model.logits = self.model.logits, None
        if logits is None or any(name not in taught for name in self.lesson.targets):
            return loss
        counts = targets != IGNORED
        rows = Rows(logits, prompts, self._answers(targets, counts), taught)
        with torch.autocast(ids.device.type, enabled=False):
            return loss + self.settings.weight * counts.sum() * self.lesson.loss(self.model.unit, rows)

    @torch.inference_mode()
    def inside(self, prompt: Sequence[int]) -> list[str]:
        """Return the question as the unit reads it, and each application with its result."""
        readings, gate = self.model.readings(*(self._tensor(each) for each in self._row(prompt)))
        signs = self.model.unit.signs_of(readings)
        lines = [f"read      {signs or 'nothing'}"]

        def tell(what: str, result: Fraction) -> None:
            lines.append(f"          {what} = {shown(result)}")

        reduced(signs, self.model.unit.chooser(), tell)
        return [*lines, f"heard     {100 * gate:.4g} %"]

    def _row(self, prompt: Sequence[int]) -> tuple[Integers, Integers]:
        ids = np.array([prompt], dtype=np.int64)
        return ids, coordinates(ids, self.model.token_classes.cpu().numpy())

    def _answers(self, targets: Tensor, counts: Tensor) -> list[str | None]:
        """Return the answers as they stand in a batch, their ends left away; None for what no number is."""
        answers: list[str | None] = []
        for row, own in zip(targets.cpu().tolist(), counts.cpu().tolist(), strict=True):
            tokens = [token for token, counted in zip(row, own, strict=True) if counted and token != self.end_id]
            signs = [self.signs[token] if token < len(self.signs) else "" for token in tokens]
            answers.append("".join(signs) if all(signs) else None)
        return answers
