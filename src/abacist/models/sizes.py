"""How large a model is, part by part, told from modules alone: they may lie on the "meta" device, without a weight."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor, nn


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


def part_sizes(model: nn.Module) -> list[PartSize]:
    """Return the sizes of a model's parts, in their order; their parameters add up to what `count_parameters` says.

    Layers, which lie in a list, are told apart into their parts, and so is whatever holds a list of modules: experts.
    """
    known: set[int] = set()
    groups: dict[tuple[str, str, int, int, int, int], int] = {}
    for path, name, parameters, buffers in _pieces(model, ""):
        # Identity of the storage, not its address: models on the "meta" device have none.
        stored = {tensor.untyped_storage()._cdata: tensor.numel() for tensor in parameters}
        new = {storage: count for storage, count in stored.items() if storage not in known}
        known |= new.keys()
        shared = sum(stored.values()) - sum(new.values())
        counts = (sum(new.values()), shared, sum(b.numel() for b in buffers), sum(b.nbytes for b in buffers))
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
