"""Everything a training needs to go on exactly where it stood, in one safetensors file.

Batches and dropout noise are functions of the seed and the step, so no generator is stored. One file
holds weights, optimizer and counters, so a crash can never leave some of them newer than others.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from abacist.core.errors import RunError

NOTHING_ASKED = -1.0
"""In place of an accuracy: looks at text ask nothing, and the loss alone decides."""


@dataclass
class Counters:
    """Where a training stands."""

    step: int = 0
    """Steps done."""
    steps: int | None = None
    """The step at which it ends, once decided."""
    lap: int = 0
    """How often it was extended after an end."""
    begun: int = 0
    """The step at which this lap began."""
    seconds: float = 0.0
    best_accuracy: float = NOTHING_ASKED
    best_loss: float = float("inf")
    best_step: int = 0
    finished: bool = False
    given_up: bool = False
    """Whether it ended because it was hopeless."""
    looks: list[list[float]] = field(default_factory=list)
    """Of each look that a curriculum goes by, the accuracy of each entry of the mixture."""


def save_state(path: Path, model: nn.Module, optimizers: list[Optimizer], counters: Counters) -> None:
    """Write the state so that a crash leaves the old file or the new one, never half of one."""
    tensors = {f"model.{name}": parameter.detach() for name, parameter in model.named_parameters()}
    tensors |= _optimizer_tensors(optimizers)
    contiguous = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    temporary = path.with_suffix(".new")
    save_file(contiguous, temporary, metadata={"counters": json.dumps(asdict(counters))})
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def load_state(path: Path, model: nn.Module, optimizers: list[Optimizer]) -> Counters:
    """Put weights and optimizers back in place. Raises: RunError if the file is missing or broken."""
    try:
        with safe_open(path, framework="pt") as file:
            counters = Counters(**json.loads(file.metadata()["counters"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise RunError(f"{path} holds no training to go on with: {error}") from None
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors[f"model.{name}"])
    for number, optimizer in enumerate(optimizers):
        state = optimizer.state_dict()
        prefix = f"optimizer.{number}."
        entries: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith(prefix):
                index, _, key = name[len(prefix) :].partition(".")
                entries.setdefault(int(index), {})[key] = tensor
        optimizer.load_state_dict({**state, "state": entries})
    return counters


def read_counters(path: Path) -> Counters | None:
    """Return where a saved training stands; None if nothing was saved."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            return Counters(**json.loads(file.metadata()["counters"]))
    except (OSError, SafetensorError, KeyError, TypeError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None


def _optimizer_tensors(optimizers: list[Optimizer]) -> dict[str, Tensor]:
    return {
        f"optimizer.{number}.{index}.{key}": value
        for number, optimizer in enumerate(optimizers)
        for index, entry in optimizer.state_dict()["state"].items()
        for key, value in entry.items()
    }
