"""Which precision trains a model faster on this machine: found by trying both."""

import time
from typing import Literal

import torch

from abacist.kind import Kind
from abacist.text.batch import Batch

TRIES = 3


def faster_dtype(kind: Kind, batch: Batch) -> Literal["float32", "bfloat16"]:
    """Return the precision of matrix products in which a step on this batch takes less time.

    Both are tried in turn, forward and backward, where the processor multiplies bfloat16 by itself; the
    fastest of a few tries counts. Without such a processor it is float32, on a GPU with it bfloat16.
    The model's weights stay as they are, its gradients are emptied.
    """
    if not multiplies_bfloat16():
        return "float32"
    if torch.cuda.is_available():
        return "bfloat16"
    tries = [(_seconds(kind, batch, low=True), _seconds(kind, batch, low=False)) for _ in range(TRIES)]
    rough, exact = map(min, zip(*tries, strict=True))
    return "bfloat16" if rough < exact else "float32"


def multiplies_bfloat16() -> bool:
    """Tell whether what trains here, GPU or processor, multiplies bfloat16 by itself."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    capable = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return capable and not torch.backends.mps.is_available()


def _seconds(kind: Kind, batch: Batch, low: bool) -> float:
    kind.zero_grad()
    began = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=low):
        loss = kind.loss(batch)
    loss.backward()
    seconds = time.perf_counter() - began
    kind.zero_grad()
    return seconds
