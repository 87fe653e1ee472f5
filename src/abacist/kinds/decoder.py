"""A decoder: predicts the next token, and answers by writing one token after another."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.kind import IGNORED, Kind
from abacist.models.cache import Cache
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer, new_transformer
from abacist.text.batch import Batch
from abacist.text.choice import Floats
from abacist.text.coordinates import Integers, advance, coordinates
from abacist.text.generated import Generated

CROWDED = 0.6
"""Rows that have ended are dropped once less than this share of those being written goes on."""

FORGOTTEN = 4
"""Of a full context this part is forgotten at once, its beginning: reading the rest anew is then paid once for many
tokens. Read anew it stands where rows stand in training, from the first place on."""


def completion_indices(loss_mask: NDArray[np.bool_], worth: float = 0.25) -> Integers | None:
    """Return the indices (rows, n) of a window over each row's completion; None where it saves less than `worth`.

    The window is as wide as the longest completion, made even so that few shapes occur; in rows with a
    shorter one it begins before the completion.
    """
    seq = loss_mask.shape[1]
    last = seq - 1 - loss_mask[:, ::-1].argmax(axis=1)
    first = loss_mask.argmax(axis=1)
    width = 2 * (int((last - first).max()) // 2 + 1)
    if width > (1 - worth) * seq:
        return None
    return np.maximum(last - width + 1, 0)[:, None] + np.arange(width)


class Decoder(Kind):
    """A causal transformer trained on the completion's tokens.

    The token at place t is predicted from the tokens before t: inputs are the row without its last
    token, targets the row without its first.
    """

    model: Transformer

    @dataclass(frozen=True)
    class Settings:
        """When an answer ends: at the end sign that the model writes, or after so many tokens of any row."""

        answer_tokens: int | None = None
        """Where answers have one length, the end need not be learned; then it has no part in the loss either."""

        def __post_init__(self) -> None:
            if self.answer_tokens is not None and self.answer_tokens < 1:
                raise SettingsError(f"answer_tokens must be at least 1, got {self.answer_tokens}")

    answer_tokens: int | None = None

    def __init__(self, model: Transformer, end_id: int):
        super().__init__()
        self.model = model
        self.end_id = end_id

    @classmethod
    def new(
        cls,
        _settings: object,
        model: ModelSettings,
        token_classes: object,
        end_id: int,
        seed: int,
        numbers: object = None,
    ) -> "Decoder":
        """Make one with random weights that depend on the seed alone."""
        made = cls(new_transformer(model, token_classes, seed, numbers), end_id)
        if isinstance(_settings, Decoder.Settings):
            made.answer_tokens = _settings.answer_tokens
        return made

    @classmethod
    def prepares(cls, settings: Any) -> bool:
        """Tell whether ends are left out, or a kind of decoder does more."""
        return cls.prepare is not Decoder.prepare or settings.answer_tokens is not None

    def prepare(self, batch: Batch, rng: np.random.Generator | None = None) -> Batch:
        """Return the batch with no loss on an end that need not be learned.

        Raises: SettingsError for an answer of another length than answers are to have.
        """
        if self.answer_tokens is None:
            return batch
        mask = batch.loss_mask & (batch.ids != self.end_id)
        if other := next((int(n) for n in mask.sum(axis=1) if n % self.answer_tokens), None):
            raise SettingsError(
                f"kind.answer_tokens: an answer of {other} tokens is there, and all should have {self.answer_tokens}; "
                "choose a format that pads answers, or null"
            )
        return replace(batch, loss_mask=mask)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.embedding.weight.device

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return ids, coordinates and targets, and where few tokens count the indices of these (`wanted`)."""
        targets = np.where(batch.loss_mask, batch.ids, IGNORED)[:, 1:]
        arrays = {"ids": batch.ids[:, :-1], "places": batch.coordinates[:, :-1]}
        wanted = completion_indices(batch.loss_mask[:, 1:])
        if wanted is not None:
            targets = np.take_along_axis(targets, wanted, axis=1)
            arrays["wanted"] = wanted
        return {name: self._tensor(array) for name, array in {**arrays, "targets": targets}.items()}

    def forward(self, ids: Tensor, places: Tensor, targets: Tensor, wanted: Tensor | None = None) -> Tensor:  # type: ignore[override]
        """Return the summed cross-entropy over the completions; the last block works on their tokens only."""
        return self.cost(self.model.head(self.model.hidden(ids, places, wanted=wanted)), targets)

    def _tensor(self, array: Integers) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def given_after(self, row: Sequence[int]) -> list[int]:
        """Return the tokens that follow a row whatever the model would choose; here none ever do."""
        return []

    @torch.inference_mode()
    def answer(self, prompts: Sequence[Sequence[int]], rows: int = 1024, tokens: int = 2**17) -> list[Generated]:
        """Write after each prompt; prompts of about one length are decoded together.

        At most `rows` at a time, and for long ones as many as have `tokens` in all, so that memory stays bounded.
        """
        was_training = self.model.training
        self.model.eval()
        answers: dict[int, Generated] = {}
        for indices in alike([len(prompt) for prompt in prompts], rows, tokens):
            answers.update(zip(indices, self._decode([prompts[index] for index in indices]), strict=True))
        self.model.train(was_training)
        return [answers[index] for index in range(len(prompts))]

    def _decode(self, prompts: Sequence[Sequence[int]]) -> list[Generated]:
        """Decode with the cache until every row has ended; long prompts are read on while short ones are answered."""
        count, context = len(prompts), self.model.settings.context_length
        lengths = np.array([len(prompt) for prompt in prompts])
        if lengths.max() >= context:
            fits = [self._decode([prompt]) if len(prompt) < context else [Generated([], [])] for prompt in prompts]
            return [generated for (generated,) in fits]
        seq = int(lengths.min())
        given = np.zeros((count, int(lengths.max())), dtype=np.int64)
        for row, prompt in enumerate(prompts):
            given[row, : len(prompt)] = prompt
        classes = self.model.token_classes.cpu().numpy()
        cache = Cache(self.model.settings, count, seq, self.model.embedding.weight)
        ids, steps = given[:, :seq], coordinates(given[:, :seq], classes)
        here, here_class = steps[:, -1], classes[ids[:, -1]]
        whole = [list(prompt) for prompt in prompts]
        due = [self.given_after(row)[::-1] for row in whole]  # last first
        chances: list[list[float]] = [[] for _ in prompts]
        rows, going = np.arange(count), np.ones(count, dtype=np.bool_)
        for step in range(seq, context):
            last = torch.full((len(rows), 1), ids.shape[1] - 1, device=self.device) if ids.shape[1] > 1 else None
            logits = self.model.head(self.model.hidden(self._tensor(ids), self._tensor(steps), cache, last)[:, 0])
            chance, choice = (result.cpu().numpy() for result in logits.float().softmax(-1).max(-1))
            reading = step < lengths[rows]
            if reading.any():
                choice = np.where(reading, given[rows, step], choice)
            for place in np.flatnonzero(going & ~reading):
                row = rows[place]
                if len(whole[row]) - lengths[row] == self.answer_tokens:
                    choice[place], chance[place] = self.end_id, 1.0
                elif due[row]:
                    choice[place], chance[place] = due[row].pop(), 1.0
                whole[row].append(int(choice[place]))
                chances[row].append(float(chance[place]))
                due[row] = due[row] or self.given_after(whole[row])[::-1]
            going &= reading | (choice != self.end_id)
            if not going.any():
                break
            here, here_class = advance(here, here_class, classes[choice]), classes[choice]
            if going.mean() < CROWDED:
                cache.keep(self._tensor(np.flatnonzero(going)))
                rows, here, here_class, choice = rows[going], here[going], here_class[going], choice[going]
                going = going[going]
            ids, steps = choice[:, None], here[:, None]
        written = [row[length:] for row, length in zip(whole, lengths, strict=True)]
        return [Generated(*pair) for pair in zip(written, chances, strict=True)]

    def write(self, prompt: Sequence[int], choose: Callable[[Floats], int]) -> Iterator[int]:
        """Yield tokens after a prompt, with the cache; of a longer prompt than the context its end is read.

        Until the last token is taken, or the writing is closed, the model is in evaluation mode: to go through all
        of its modules for every token would take a sixth of the time.
        """
        was_training = self.model.training
        self.model.eval()
        try:
            yield from self._written(prompt, choose)
        finally:
            self.model.train(was_training)

    def _written(self, prompt: Sequence[int], choose: Callable[[Floats], int]) -> Iterator[int]:
        context = self.model.settings.context_length
        classes = self.model.token_classes.cpu().numpy()
        held = list(prompt)[-context:]
        due = self.given_after(prompt)
        while True:
            cache = Cache(self.model.settings, 1, context, self.model.embedding.weight)
            ids = np.array([held], dtype=np.int64)
            places = coordinates(ids, classes)
            while True:
                logits = self._last_logits(ids, places, cache)
                token = due.pop(0) if due else choose(logits)
                yield token
                held.append(token)
                due = due or self.given_after(held)
                if len(held) > context:
                    break
                before, ids = classes[ids[:, -1]], np.array([[token]], dtype=np.int64)
                places = advance(places[:, -1], before, classes[ids[:, 0]])[:, None]
            held = held[-max(1, context - context // FORGOTTEN) :]

    @torch.inference_mode()
    def _last_logits(self, ids: Integers, places: Integers, cache: Cache) -> Floats:
        last = torch.full((1, 1), ids.shape[1] - 1, device=self.device) if ids.shape[1] > 1 else None
        hidden = self.model.hidden(self._tensor(ids), self._tensor(places), cache, last)
        logits: Floats = self.model.head(hidden[0, 0]).double().cpu().numpy()
        return logits


def alike(lengths: Sequence[int], rows: int, tokens: int = 2**17, enough: int = 256) -> list[list[int]]:
    """Return groups of indices of about one length, at most `rows` and `tokens` in each, but one at least.

    Lengths are mixed only where those of one length are fewer than `enough`.
    """
    groups: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda index: lengths[index]):
        last = groups[-1] if groups else []
        same = bool(last) and lengths[last[-1]] == lengths[index]
        fits = len(last) < rows and (len(last) + 1) * lengths[index] <= tokens
        if last and fits and (same or len(last) < enough):
            last.append(index)
        else:
            groups.append([index])
    return groups
