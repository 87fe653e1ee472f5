"""Training against other projects."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abacist.bench import peers
from abacist.bench.machine import device, dtypes
from abacist.bench.measure import Bench, Measure
from abacist.bench.results import Row
from abacist.bench.timing import in_turn, timed
from abacist.bench.workload import Shape, steps
from abacist.core.catalogue import Part, build
from abacist.core.seeds import stream
from abacist.kind import Kind
from abacist.kinds.decoder import Decoder
from abacist.models.settings import ModelSettings
from abacist.problems.task import Task
from abacist.recipe import settings_of
from abacist.text.batch import Batch
from abacist.text.coordinates import coordinates, token_classes
from abacist.text.format import FOLDER as FORMATS

OURS = "abacist"


@dataclass(frozen=True)
class Peers(Measure):
    """Whole training steps at the size of TinyMath's model, ours and those of other projects, on the same ids.

    The rows are TinyMath's lines of text as nanoGPT is fed them, all characters predicted. nanoGPT is the
    model and the optimizer of the checkout given, in float32 without compilation, its way on a CPU;
    GPT-2 and Llama are those of the transformers library, with a fused AdamW. All have the same layers,
    width and heads, and no dropout; ours has its own norm, feed-forward and learned positions. They run in
    one process, whose memory is arranged as our training does it. With `--loss` each is then trained anew
    on the same batches, AdamW at 1e-3 after 50 steps of warm-up; the loss is the mean over the last tenth.
    """

    width: int = 384
    layers: int = 6
    heads: int = 6
    batch: int = 64
    length: int = 256
    loss_rows: int = 8
    rounds: int = 3

    def quick(self) -> "Peers":
        """Return an eighth of the rows and two rounds; the model stays."""
        return replace(self, batch=8, rounds=2)

    @property
    def form(self) -> Shape:
        """The shape that all models have."""
        return {"d_model": self.width, "n_layers": self.layers, "n_heads": self.heads, "d_ff": 4 * self.width}

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield a row for each model, ours once for each that it is held against."""
        if bench.nanogpt is None:
            yield Row.missing("nanoGPT", peers.NO_NANOGPT)
        if not (bench.transformers and peers.has_transformers()):
            yield Row.missing("transformers GPT-2 and Llama", peers.NO_TRANSFORMERS)
        lines = Lines(self.length)
        ids = lines.batch(0, self.batch)
        calls = self._steps(bench, lines.vocabulary, lambda _: ids)
        bench.say(f"{len(calls)} models in turn, {self.rounds} rounds")
        timing = in_turn({name: timed(call) for name, call in calls.items()}, self.rounds)
        settings = {**self.form, "rows": self.batch, "row_length": self.length, "threads": torch.get_num_threads()}
        amount = self.batch * self.length
        ours = [name for name in calls if name.startswith(OURS)]
        others = [name for name in calls if name not in ours]
        for name in others or ours:
            yield Row.of(name, "tokens/s", timing.rate(name, amount), settings)
        for name in ours:
            for other in others:
                if _dtype(other) == _dtype(name) or other.startswith("nanoGPT"):
                    ratio = timing.times(name, other)
                    yield Row.of(name, "tokens/s", timing.rate(name, amount), settings, ratio, other)
        if bench.loss:
            yield from self._losses(bench, lines)

    def _steps(self, bench: Bench, vocabulary: list[str], batch_at: Callable[[int], Tensor]) -> dict[str, Any]:
        """Return the training steps of every model that is there, by its name and precision."""
        calls: dict[str, Callable[[], float]] = {}
        optimizer = Part("adamw", {"weight_decay": peers.DECAY, "beta1": peers.BETAS[0], "beta2": peers.BETAS[1]})
        for dtype in dtypes():
            kind, batch = self._ours(vocabulary, batch_at)
            calls[f"{OURS} {dtype}"], _ = steps(
                kind, batch, dtype, torch.get_num_threads(), optimizer, peers.RATE, peers.WARMUP
            )
        size = len(vocabulary)
        if bench.nanogpt is not None:
            calls["nanoGPT float32"] = peers.nanogpt(bench.nanogpt, self.form, size, self.length).step(
                batch_at, "float32"
            )
        if bench.transformers and peers.has_transformers():
            for make in (peers.gpt2, peers.llama):
                for dtype in dtypes():
                    peer = make(self.form, size, self.length)
                    calls[f"{peer.name} {dtype}"] = peer.step(batch_at, dtype)
        return calls

    def _ours(self, vocabulary: list[str], batch_at: Callable[[int], Tensor]) -> tuple[Kind, Callable[[int], Batch]]:
        classes = token_classes(vocabulary)
        settings = ModelSettings(**self.form, position=Part("learned"), context_length=self.length + 1)
        kind = Decoder.new(Decoder.Settings(), settings, classes, -1, 1).to(device())

        made: dict[int, Batch] = {}

        def batch(index: int) -> Batch:
            ids = batch_at(index)
            if id(ids) not in made:  # the same batch again and again is made once, as all sides have theirs made
                made.clear()
                mask = np.ones(ids.shape, dtype=np.bool_)
                mask[:, 0] = False
                made[id(ids)] = Batch(ids.numpy(), coordinates(ids.numpy(), classes), mask)
            return made[id(ids)]

        return kind, batch

    def _losses(self, bench: Bench, lines: "Lines") -> Iterator[Row]:
        every = self._steps(bench, lines.vocabulary, lambda index: lines.batch(index, self.loss_rows))
        calls = {name: call for name, call in every.items() if name.startswith(OURS) or _dtype(name) == "float32"}
        last = max(1, bench.loss // 10)
        settings = {**self.form, "steps": bench.loss, "rows": self.loss_rows, "row_length": self.length}
        for name, call in calls.items():
            losses = []
            for step in range(bench.loss):
                bench.say(f"{name}, step {step + 1:,} of {bench.loss:,}")
                losses.append(call())
            words = f"{name}, loss after {bench.loss:,} steps of {self.loss_rows} rows"
            yield Row(words, sum(losses[-last:]) / last, "nats a token", settings=settings)


class Lines:
    """TinyMath's table as one text of lines, `27 / 86 = 0.31`, and random windows of it."""

    def __init__(self, length: int, count: int = 20_000):
        task, rng = Task(settings_of("tinymath", []).problems), stream(1, "bench", "lines")
        written = build(FORMATS, "written")
        examples = [written.render(task.sample(rng, "any")) for _ in range(count)]
        text = "".join(f"{example.prompt}{example.completion}\n" for example in examples)
        self.length = length
        self.vocabulary = sorted(set(text))
        ids = {character: index for index, character in enumerate(self.vocabulary)}
        self.ids: NDArray[np.int64] = np.array([ids[character] for character in text])

    def batch(self, index: int, rows: int) -> Tensor:
        """Return batch `index`: ids (rows, length + 1)."""
        rng = np.random.default_rng([1, index])
        starts = rng.integers(0, len(self.ids) - self.length - 1, rows)
        return torch.from_numpy(self.ids[starts[:, None] + np.arange(self.length + 1)])


def _dtype(name: str) -> str:
    return name.rpartition(" ")[2]
