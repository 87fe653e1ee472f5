"""The work that is timed: models of a shape, batches made beforehand, training steps."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from abacist.bench.machine import device, using_threads
from abacist.bench.timing import Side, in_turn, timed
from abacist.core.catalogue import Part
from abacist.core.memory import keep_freed_memory
from abacist.kind import Kind
from abacist.kinds.decoder import Decoder
from abacist.models.settings import ModelSettings
from abacist.recipe import settings_of
from abacist.runs.problems import ProblemRun
from abacist.text.batch import Batch
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import coordinates
from abacist.training.loop import Evaluation, Trainer
from abacist.training.probe import settled
from abacist.training.settings import Dtype, TrainingSettings

Threads = int | Literal["auto"]
Shape = dict[str, Any]
"""`d_model, n_layers, n_heads, d_ff`."""


def shape(width: int, layers: int = 4) -> Shape:
    """Return a model's shape: heads of 32, of 64 from a width of 256 on; the feed-forward four times as wide."""
    heads = max(1, width // (32 if width < 256 else 64))
    return {"d_model": width, "n_layers": layers, "n_heads": heads, "d_ff": 4 * width}


def short(shape: Shape, rows: int) -> tuple[Kind, Batch]:
    """Return a model of the demo and a batch of its rows: about twenty tokens each, a third of them the answer."""
    model = [(f"model.{name}", value) for name, value in shape.items()]
    run = ProblemRun(Path(), settings_of("demo", [*model, ("training.batch_size", rows)]))
    return run.kind, run.batch(0)


def long(shape: Shape, rows: int, length: int) -> tuple[Kind, Batch]:
    """Return a model with learned positions and rows of random characters, all of them predicted but the first."""
    codec = Codec.build(TextSettings())
    rng = np.random.default_rng(1)
    ids = rng.integers(codec.tokenizer.end_id + 1, len(codec.classes), (rows, length + 1))
    mask = np.ones(ids.shape, dtype=np.bool_)
    mask[:, 0] = False
    settings = ModelSettings(**shape, position=Part("learned"), context_length=length + 1)
    kind = Decoder.new(Decoder.Settings(), settings, codec.classes, codec.tokenizer.end_id, 1)
    return kind.to(device()), Batch(ids, coordinates(ids, codec.classes), mask)


def tokens(batch: Batch) -> int:
    """Count the tokens that a step learns from: those a model reads, padding left out."""
    return int((batch.loss_mask.shape[1] - 1 - batch.loss_mask[:, ::-1].argmax(axis=1)).sum())


def step(
    kind: Kind, batch: Batch, threads: Threads = "auto", optimizer: Part | None = None
) -> tuple[Callable[[], float], TrainingSettings]:
    """Return whole training steps on a batch as a function, and the settings with dtype and threads as a run's.

    Each call does forward, backward, clipping and the optimizer's step, and returns the mean loss before it.
    """
    return steps(kind, lambda _: batch, "auto", threads, optimizer)


def steps(
    kind: Kind,
    batch_at: Callable[[int], Batch],
    dtype: Dtype = "auto",
    threads: Threads = "auto",
    optimizer: Part | None = None,
    rate: float = 1e-3,
    warmup: int = 0,
) -> tuple[Callable[[], float], TrainingSettings]:
    """Return training steps as `step` does, each on its own batch; the rate rises over `warmup` steps."""
    keep_freed_memory()  # as a run does before its first step
    schedule = Part("constant", {"warmup": warmup})
    wished = TrainingSettings(
        steps=1,
        dtype=dtype,
        threads=threads,
        learning_rate=rate,
        optimizer=optimizer or Part("adamw"),
        schedule=schedule,
    )
    settings = settled(wished, kind, batch_at(0))
    assert settings.threads != "auto"
    count = settings.threads
    trainer = Trainer(kind, lambda index, _: batch_at(index), settings, 1, Path(), _never)

    def once() -> float:
        with using_threads(count):
            loss, tokens = trainer.gradients()
            trainer.update()
        trainer.counters.step += 1
        return loss / tokens

    return once, settings


def _never() -> Evaluation:
    raise AssertionError("a measure evaluates nothing")


def product(size: int, dtype: str) -> tuple[Callable[[], object], int]:
    """Return the product of two square matrices as a function, and its operations."""
    options: Mapping[str, Any] = {"dtype": getattr(torch, dtype), "device": device()}
    left, right, result = (torch.ones(size, size, **options) for _ in range(3))
    return partial(torch.mm, left, right, out=result), 2 * size**3


def best_size(sizes: tuple[int, ...], dtype: str, least: float) -> int:
    """Return the size of square matrices whose product has the most operations a second."""
    work = {size: product(size, dtype) for size in sizes}
    timing = in_turn({str(size): timed(call, least) for size, (call, _) in work.items()}, 3)
    return max(sizes, key=lambda size: timing.rate(str(size), work[size][1]).middle)


def limit(sizes: tuple[int, ...], dtype: str, least: float) -> tuple[Side, int]:
    """Return the machine's best product as a side, to be timed in turn with what is held against it; its operations."""
    call, operations = product(best_size(sizes, dtype, least), dtype)
    return timed(call, least), operations
