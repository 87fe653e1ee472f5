"""How large a model is, part by part, told from modules alone: they may lie on the "meta" device, without a weight."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

Layout = tuple[Sequence[int], Sequence[int], int]
"""Shape, strides and first place of a tensor in its storage."""


@dataclass(frozen=True)
class PartSize:
    """Equal parts of a model together."""

    path: str
    """Where they are, `*` for the number of a layer or expert: `blocks.*.attention`."""
    name: str
    """Their class."""
    times: int
    parameters: int
    """Trained numbers of all of them by unique storage: what was counted in a part above is not counted again."""
    shared: int
    """Numbers that they use and that were counted in a part above, as a tied head does."""
    buffers: int
    """Numbers that are stored with the weights and not trained."""
    buffer_bytes: int

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


class Storages:
    """Which numbers in memory have been counted: tensors may be the same, parts of one another, or overlap."""

    def __init__(self) -> None:
        self._seen: dict[int, list[Layout]] = {}

    def add(self, tensor: Tensor) -> int:
        """Return how many numbers of a tensor had not been counted, and count them."""
        # Identity of the storage, not its address: models on the "meta" device have none.
        seen = self._seen.setdefault(tensor.untyped_storage()._cdata, [])
        layout = (tensor.shape, tensor.stride(), int(tensor.storage_offset()))
        if layout in seen or not tensor.numel():
            return 0
        seen.append(layout)
        if len(seen) == 1 and tensor.is_contiguous():
            return tensor.numel()
        return _covered(seen) - _covered(seen[:-1])


def _covered(layouts: Sequence[Layout]) -> int:
    """Return how many numbers of a storage tensors of these layouts hold together."""
    ends = [
        start + sum((n - 1) * step for n, step in zip(shape, strides, strict=True)) for shape, strides, start in layouts
    ]
    there = torch.zeros(max(ends, default=-1) + 1, dtype=torch.bool, device="cpu")
    for shape, strides, start in layouts:
        there.as_strided(shape, strides, start).fill_(True)
    return int(there.sum())


def part_sizes(model: nn.Module) -> list[PartSize]:
    """Return the sizes of a model's parts, in their order; their parameters add up to what `count_parameters` says.

    Layers, which lie in a list, are told apart into their parts, and so is whatever holds a list of modules: experts.
    """
    known = Storages()
    groups: dict[tuple[str, str, int, int, int, int], int] = {}
    for path, name, parameters, buffers in _pieces(model, ""):
        own = Storages()
        used, new = sum(map(own.add, parameters)), sum(map(known.add, parameters))
        counts = (new, used - new, sum(b.numel() for b in buffers), sum(b.nbytes for b in buffers))
        key = (re.sub(r"\.\d+(?=\.|$)", ".*", path), name, *counts)
        groups[key] = groups.get(key, 0) + 1
    return [
        PartSize(path, name, times, *(times * count for count in counts))
        for (path, name, *counts), times in groups.items()
        if any(counts)
    ]


def _pieces(
    module: nn.Module, path: str, in_layer: bool = False
) -> Iterator[tuple[str, str, list[Tensor], list[Tensor]]]:
    """Yield each part with its path, its class, its parameters and the buffers that are stored with them."""
    for name, child in module.named_children():
        below, is_layer = f"{path}{name}", isinstance(module, nn.ModuleList) and not in_layer
        if is_layer or any(isinstance(part, nn.ModuleList) for part in child.modules()):
            yield from _pieces(child, f"{below}.", in_layer or is_layer)
        else:
            trained = dict(child.named_parameters())
            buffers = [tensor for key, tensor in child.state_dict().items() if key not in trained]
            yield below, type(child).__name__, list(trained.values()), buffers
    for name, parameter in module.named_parameters(recurse=False):
        yield f"{path}{name}", "Parameter", [parameter], []
    for name, buffer in module.named_buffers(recurse=False):
        if name not in module._non_persistent_buffers_set:
            yield f"{path}{name}", "Buffer", [], [buffer]
