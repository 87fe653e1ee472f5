"""An encoder: learns what stands behind masks, and answers by filling all places of an answer at once."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.kind import IGNORED, Kind
from abacist.kinds.decoder import alike, completion_indices
from abacist.models import encoder
from abacist.models.settings import ModelSettings
from abacist.text.batch import Batch
from abacist.text.coordinates import Integers, coordinates
from abacist.text.generated import Generated
from abacist.text.masking import LENGTHS, TOKENS, answers_masked, rows_masked, with_mask

Masking = Literal["answer", "share", "row"]


class Encoder(Kind):
    """A bidirectional transformer, trained on masked tokens.

    The row of a question is its prompt and `width` masks; the first end token among what fills them ends the answer.
    With several rounds the surest tokens of an answer are kept, the rest are masked and filled again, fewer each time.

    Source: rounds are mask-predict, Ghazvininejad et al. 2019, arXiv:1904.09324, section 4; there a length is
    predicted first, here an answer is as long as the end token among its masks says.
    """

    model: encoder.Encoder
    writes = False
    unbound = ("width", "rounds", "masking", "row_share")

    @dataclass(frozen=True)
    class Settings:
        """How rows are masked, and how answers are filled."""

        width: int | None = None
        """Masked places of an answer, its end included. null: in a run of problems a quarter more than the longest
        answer in sight before training needs, elsewhere as many as lead to the end of the context."""
        rounds: int = 1
        """How often an answer is filled."""
        masking: Masking | None = None
        """answer: all of an answer; share: a random part of it, and all in evaluation; row: a share of all tokens,
        as BERT. null: share for several rounds, else answer; and row for rows without a question, as of text."""
        row_share: float = 0.15
        """The share of a row's tokens that is chosen where whole rows are masked."""
        mask_is_digit: bool = True
        """Masked places are digits to the coordinates: they count on as an answer's digits do."""

        def __post_init__(self) -> None:
            for name in ("width", "rounds"):
                if getattr(self, name) is not None and getattr(self, name) < 1:
                    raise SettingsError(f"{name} must be at least 1, got {getattr(self, name)}")
            if self.masking is not None and self.masking not in get_args(Masking):
                raise SettingsError(f"masking must be one of {', '.join(get_args(Masking))}, got {self.masking!r}")
            if not 0 < self.row_share < 1:
                raise SettingsError(f"row_share must be above 0 and below 1, got {self.row_share}")
            if self.rounds > 1 and self.masking == "answer":
                raise SettingsError("masking: several rounds fill answers of which a part is seen; choose share")

    def __init__(self, settings: Settings, model: encoder.Encoder, classes: Integers, end_id: int):
        super().__init__()
        self.settings, self.model, self.end_id = settings, model, end_id
        self.classes = with_mask(classes, settings.mask_is_digit)
        self.mask_id = len(classes)

    @classmethod
    def fitted(cls, settings: Settings, answer: int) -> Settings:
        """Return the settings with a width for answers of up to so many tokens, and for some that are longer."""
        return dataclasses.replace(settings, width=settings.width or answer + answer // 4 + 1)

    @classmethod
    def new(
        cls,
        settings: Any,
        model: ModelSettings,
        token_classes: object,
        end_id: int,
        seed: int,
        numbers: object = None,
    ) -> "Encoder":
        """Make one with random weights that depend on the seed alone."""
        made = encoder.new_encoder(model, token_classes, seed, numbers)
        return cls(settings, made, np.asarray(token_classes), end_id)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.embedding.weight.device

    def prepare(self, batch: Batch, rng: np.random.Generator | None = None) -> Batch:
        """Return the batch with masks. Raises: SettingsError for an answer without room, or rows without answers."""
        own, room = self.settings, self.model.settings.context_length
        if TOKENS in batch.targets:
            return batch
        is_text = bool((batch.loss_mask.argmax(axis=1) <= 1).any())
        if is_text and own.masking not in (None, "row"):
            raise SettingsError(f"kind.masking: {own.masking} needs questions, and text has none; leave it away")
        if is_text or own.masking == "row":
            return rows_masked(batch, self.classes, room, own.row_share, rng)
        shares = own.masking == "share" or own.rounds > 1
        return answers_masked(batch, self.classes, own.width, room, shares, rng)

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return ids, coordinates and targets; where rows are padded what is there, where few tokens count which."""
        batch = self.prepare(batch)
        targets = np.where(batch.loss_mask, batch.targets[TOKENS], IGNORED)
        arrays: dict[str, NDArray[Any]] = {"ids": batch.ids, "places": batch.coordinates}
        there = np.arange(batch.ids.shape[1]) < batch.targets[LENGTHS]
        if not there.all():
            arrays["there"] = there
        wanted = completion_indices(batch.loss_mask)
        if wanted is not None:
            targets = np.take_along_axis(targets, wanted, axis=1)
            arrays["wanted"] = wanted
        return {name: self._tensor(array) for name, array in {**arrays, "targets": targets}.items()}

    def forward(  # type: ignore[override]
        self, ids: Tensor, places: Tensor, targets: Tensor, there: Tensor | None = None, wanted: Tensor | None = None
    ) -> Tensor:
        """Return the summed cross-entropy over the masked tokens that count."""
        return self.cost(self.model.head(self.model.hidden(ids, places, there, wanted)), targets)

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    @torch.inference_mode()
    def answer(self, prompts: Sequence[Sequence[int]], rows: int = 1024, tokens: int = 2**17) -> list[Generated]:
        """Fill the answer to each prompt; prompts of about one length are filled together.

        The tokens after the first end are dropped; without one all places are the answer.
        """
        was_training = self.model.training
        self.model.eval()
        widths = [self._width(len(prompt)) for prompt in prompts]
        # Before the prompts are filled in, so that those without room for a mask have an answer too.
        answers = {index: Generated([], []) for index, width in enumerate(widths) if not width}
        asked = [index for index, width in enumerate(widths) if width]
        for group in alike([len(prompts[index]) + widths[index] for index in asked], rows, tokens):
            chosen = [asked[place] for place in group]
            answers.update(zip(chosen, self._fill([prompts[index] for index in chosen]), strict=True))
        self.model.train(was_training)
        return [answers[index] for index in range(len(prompts))]

    def _width(self, prompt: int) -> int:
        room = max(0, self.model.settings.context_length - prompt)
        return room if self.settings.width is None else min(self.settings.width, room)

    def _fill(self, prompts: Sequence[Sequence[int]]) -> list[Generated]:
        """Fill masks behind prompts, round by round."""
        starts = np.array([len(prompt) for prompt in prompts])
        widths = np.array([self._width(start) for start in starts.tolist()])
        most = int(widths.max())
        ids = np.full((len(prompts), int((starts + widths).max())), self.mask_id)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt)] = prompt
        at = np.arange(most)
        own = at < widths[:, None]
        window = np.minimum(starts[:, None] + at, ids.shape[1] - 1)
        there = np.arange(ids.shape[1]) < (starts + widths)[:, None]
        shown = None if there.all() else self._tensor(there)
        tokens, chances = np.zeros_like(window), np.zeros(window.shape)
        masked = own
        for left in reversed(range(self.settings.rounds)):
            places = self._tensor(coordinates(ids, self.classes))
            hidden = self.model.hidden(self._tensor(ids), places, shown, self._tensor(window))
            chance, choice = (each.cpu().numpy() for each in self.model.head(hidden).float().softmax(-1).max(-1))
            tokens, chances = np.where(masked, choice, tokens), np.where(masked, chance, chances)
            ends = (tokens == self.end_id) & own
            ended = np.where(ends.any(axis=1), ends.argmax(axis=1) + 1, widths)
            if left:
                written = at < ended[:, None]
                order = np.where(written, chances, 2.0).argsort(axis=1, kind="stable").argsort(axis=1)
                # What is behind the end was never taught, and stays masked as in training.
                masked = own & (~written | (order < (ended * left // self.settings.rounds)[:, None]))
                rows, columns = own.nonzero()
                ids[rows, window[rows, columns]] = np.where(masked, self.mask_id, tokens)[rows, columns]
        return [
            Generated(written[:end].tolist(), sure[:end].tolist())
            for written, sure, end in zip(tokens, chances, ended, strict=True)
        ]
