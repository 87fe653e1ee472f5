"""Which precision and how many threads train a model fastest on this machine: found by trying."""

import dataclasses
import itertools
import time

import torch

from abacist.kind import Kind
from abacist.text.batch import Batch
from abacist.training.settings import Dtype, TrainingSettings

TRIES = 3


def settled(settings: TrainingSettings, kind: Kind, batch: Batch) -> TrainingSettings:
    """Return the settings with what is "auto" in them settled by the fastest of a few steps on this batch.

    All combinations are tried in turn, forward and backward, and the best try of each counts. bfloat16 is
    tried where the processor multiplies it by itself, and threads up to those PyTorch would take. On a GPU
    nothing is tried: bfloat16 where it has it.
    The model's weights stay as they are, its gradients are emptied.
    """
    before = torch.get_num_threads()
    dtypes = fit_dtypes() if settings.dtype == "auto" else [settings.dtype]
    threads = [1, before] if settings.threads == "auto" else [settings.threads]
    if torch.cuda.is_available() and settings.threads == "auto":
        threads = [before]
    best: dict[tuple[Dtype, int], float] = {}
    choices = list(dict.fromkeys(itertools.product(dtypes, threads)))
    if len(choices) > 1:
        for choice in choices * TRIES:
            best[choice] = min(best.get(choice, float("inf")), _seconds(kind, batch, *choice))
        torch.set_num_threads(before)
    dtype, count = min(best, key=best.__getitem__) if best else choices[0]
    return dataclasses.replace(settings, dtype=dtype, threads=count)


def fit_dtypes() -> list[Dtype]:
    """Return the precisions worth trying here: bfloat16 needs a processor that multiplies it by itself."""
    if torch.cuda.is_available():
        return ["bfloat16"] if torch.cuda.is_bf16_supported() else ["float32"]
    capable = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return ["bfloat16", "float32"] if capable and not torch.backends.mps.is_available() else ["float32"]


def _seconds(kind: Kind, batch: Batch, dtype: Dtype, threads: int) -> float:
    torch.set_num_threads(threads)
    kind.zero_grad()
    began = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
        loss = kind.loss(batch)
    loss.backward()
    seconds = time.perf_counter() - began
    kind.zero_grad()
    return seconds
