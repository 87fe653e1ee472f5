"""An encoder-decoder: reads a prompt in both directions, and answers by writing one token after another."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.kind import IGNORED, Kind
from abacist.kinds.decoder import CROWDED, FORGOTTEN, alike
from abacist.models import encoder_decoder
from abacist.models.cache import Cache
from abacist.models.encoder_decoder import Memory
from abacist.models.settings import ModelSettings
from abacist.text.batch import Batch, separated
from abacist.text.choice import Floats
from abacist.text.coordinates import Integers, advance, coordinates
from abacist.text.generated import Generated
from abacist.text.masking import draws, lengths


class EncoderDecoder(Kind):
    """A bidirectional encoder of the prompt and a causal decoder of the answer.

    The decoder begins with the prompt's last token, and coordinates go on from there: a row is that of a decoder, cut
    in two. A row without a question, as of text, is cut at a random place: what is before it is the prompt.
    """

    model: encoder_decoder.EncoderDecoder

    @dataclass(frozen=True)
    class Settings:
        """`encoder_layers`: layers of the encoder; null for as many as the decoder has, `model.n_layers`."""

        encoder_layers: int | None = None

        def __post_init__(self) -> None:
            if self.encoder_layers is not None and self.encoder_layers < 1:
                raise SettingsError(f"encoder_layers must be at least 1, got {self.encoder_layers}")

    def __init__(self, model: encoder_decoder.EncoderDecoder, classes: Integers, end_id: int):
        super().__init__()
        self.model, self.classes, self.end_id = model, classes, end_id

    @classmethod
    def new(
        cls,
        settings: Any,
        model: ModelSettings,
        token_classes: object,
        end_id: int,
        seed: int,
        numbers: object = None,
    ) -> "EncoderDecoder":
        """Make one with random weights that depend on the seed alone."""
        made = encoder_decoder.new_encoder_decoder(model, token_classes, settings.encoder_layers, seed, numbers)
        return cls(made, np.asarray(token_classes), end_id)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.embedding.weight.device

    def prepare(self, batch: Batch, rng: np.random.Generator | None = None) -> Batch:
        """Return the batch with a row for each prompt, and with rows of text cut in two."""
        batch = separated(batch, self.classes)
        start, end = batch.loss_mask.argmax(axis=1), lengths(batch)
        is_text = start <= 1
        if not is_text.any():
            return batch
        cut = 1 + (draws(batch, rng)()[:, 0] * (end - 1)).astype(np.int64)
        behind = np.arange(batch.ids.shape[1]) >= np.where(is_text, cut, start)[:, None]
        return dataclasses.replace(batch, loss_mask=batch.loss_mask & behind)

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return prompts with coordinates and what of them is there, and the answers' ids, coordinates and targets."""
        batch = separated(batch, self.classes)
        start, end = batch.loss_mask.argmax(axis=1), lengths(batch)
        longest, most = int(start.max()), int((end - start).max())
        arrays: dict[str, NDArray[Any]] = {
            "prompts": batch.ids[:, :longest],
            "prompt_places": batch.coordinates[:, :longest],
        }
        there = np.arange(longest) < start[:, None]
        if not there.all():
            arrays["there"] = there
        window = np.minimum(start[:, None] + np.arange(most), batch.ids.shape[1] - 1)
        counts = np.arange(most) < (end - start)[:, None]
        arrays["targets"] = np.where(counts, np.take_along_axis(batch.ids, window, axis=1), IGNORED)
        arrays["ids"] = np.take_along_axis(batch.ids, window - 1, axis=1)
        arrays["places"] = np.take_along_axis(batch.coordinates, window[:, :, None] - 1, axis=1)
        return {name: self._tensor(array) for name, array in arrays.items()}

    def forward(  # type: ignore[override]
        self,
        prompts: Tensor,
        prompt_places: Tensor,
        ids: Tensor,
        places: Tensor,
        targets: Tensor,
        there: Tensor | None = None,
    ) -> Tensor:
        """Return the summed cross-entropy over the completions."""
        memory = self.model.read(prompts, prompt_places, there)
        return self.cost(self.model(ids, places, memory), targets)

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    @torch.inference_mode()
    def answer(self, prompts: Sequence[Sequence[int]], rows: int = 1024, tokens: int = 2**17) -> list[Generated]:
        """Write after each prompt; prompts of about one length are answered together."""
        was_training = self.model.training
        self.model.eval()
        context = self.model.settings.context_length
        answers = {index: Generated([], []) for index, prompt in enumerate(prompts) if len(prompt) >= context}
        asked = [index for index in range(len(prompts)) if index not in answers]
        for group in alike([len(prompts[index]) for index in asked], rows, tokens):
            chosen = [asked[place] for place in group]
            answers.update(zip(chosen, self._decode([prompts[index] for index in chosen]), strict=True))
        self.model.train(was_training)
        return [answers[index] for index in range(len(prompts))]

    def _read(self, prompts: Sequence[Sequence[int]]) -> tuple[Memory, Integers, Integers]:
        """Encode prompts; return what the decoder looks at, and their last tokens with coordinates, (rows, ...)."""
        ends = np.array([len(prompt) for prompt in prompts])
        ids = np.zeros((len(prompts), int(ends.max())), dtype=np.int64)
        for row, prompt in enumerate(prompts):
            ids[row, : len(prompt)] = prompt
        places, there = coordinates(ids, self.classes), np.arange(ids.shape[1]) < ends[:, None]
        shown = None if there.all() else self._tensor(there)
        rows = np.arange(len(prompts))
        return (
            self.model.read(self._tensor(ids), self._tensor(places), shown),
            ids[rows, ends - 1],
            places[rows, ends - 1],
        )

    def _decode(self, prompts: Sequence[Sequence[int]]) -> list[Generated]:
        """Decode with the cache until every row has ended or its context is full."""
        memory, last, here = self._read(prompts)
        room = self.model.settings.context_length - np.array([len(prompt) for prompt in prompts])
        cache = Cache(self.model.settings, len(prompts), 16, self.model.embedding.weight)
        answers = [Generated([], []) for _ in prompts]
        rows, going = np.arange(len(prompts)), np.ones(len(prompts), dtype=np.bool_)
        for step in range(int(room.max())):
            logits = self.model(self._tensor(last[:, None]), self._tensor(here[:, None]), memory, cache)[:, 0]
            chance, choice = (result.cpu().numpy() for result in logits.float().softmax(-1).max(-1))
            for place in np.flatnonzero(going):
                answers[rows[place]].ids.append(int(choice[place]))
                answers[rows[place]].probabilities.append(float(chance[place]))
            going = going & (choice != self.end_id) & (step + 1 < room[rows])
            if not going.any():
                break
            here, last = advance(here, self.classes[last], self.classes[choice]), choice
            if going.mean() < CROWDED:
                kept = self._tensor(np.flatnonzero(going))
                cache.keep(kept)
                memory = memory.keep(kept)
                rows, here, last, going = rows[going], here[going], last[going], going[going]
        return answers

    def write(self, prompt: Sequence[int], choose: Callable[[Floats], int]) -> Iterator[int]:
        """Yield tokens after a prompt, with the cache; where the context is full, its end becomes the prompt."""
        was_training = self.model.training
        self.model.eval()
        try:
            yield from self._written(prompt, choose)
        finally:
            self.model.train(was_training)

    def _written(self, prompt: Sequence[int], choose: Callable[[Floats], int]) -> Iterator[int]:
        context = self.model.settings.context_length
        kept = max(1, context - context // FORGOTTEN)
        held = list(prompt) if len(prompt) < context else list(prompt)[-kept:]
        while True:
            with torch.inference_mode():
                memory, last, here = self._read([held])
            cache = Cache(self.model.settings, 1, context, self.model.embedding.weight)
            while True:
                token = choose(self._next_logits(last, here, memory, cache))
                yield token
                held.append(token)
                if len(held) >= context:
                    break
                now = np.array([token])
                here, last = advance(here, self.classes[last], self.classes[now]), now
            held = held[-kept:]

    @torch.inference_mode()
    def _next_logits(self, last: Integers, here: Integers, memory: Memory, cache: Cache) -> Floats:
        logits = self.model(self._tensor(last[:, None]), self._tensor(here[:, None]), memory, cache)
        found: Floats = logits[0, 0].double().cpu().numpy()
        return found
