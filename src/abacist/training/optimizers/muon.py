"""Muon for the matrices inside blocks, AdamW for everything else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from abacist.core.errors import SettingsError
from abacist.training.optimizer import NamedParameters, OptimizerChoice, is_hidden_matrix
from abacist.training.optimizers.adamw import AdamW


@dataclass(frozen=True)
class Muon(OptimizerChoice):
    """Momentum made orthogonal, so that every direction of a matrix learns at the same rate.

    `learning_rate` of the training settings is that of the matrices; embeddings, head, norms and
    biases are updated by AdamW at `rest_rate`.
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """

    momentum: float = 0.95
    weight_decay: float = 0.1
    rest_rate: float = 3e-3

    def __post_init__(self) -> None:
        if not 0 <= self.momentum < 1 or self.weight_decay < 0 or self.rest_rate <= 0:
            raise SettingsError("momentum must be in 0..1, weight_decay at least 0, rest_rate above 0")

    def make(self, parameters: NamedParameters, learning_rate: float) -> list[Optimizer]:
        """Return Muon over the hidden matrices and AdamW over the rest."""
        named = list(parameters)
        hidden = [p for name, p in named if is_hidden_matrix(name, p)]
        rest = [(name, p) for name, p in named if not is_hidden_matrix(name, p)]
        others = AdamW(weight_decay=self.weight_decay).make(rest, self.rest_rate)
        return [StackedMuon(hidden, learning_rate, self.momentum, self.weight_decay), *others] if hidden else others


class StackedMuon(Optimizer):
    """Muon over square blocks, all of them orthogonalised by one stack of matrix products.

    A matrix whose sides are multiples of the shorter one is cut into squares (queries, keys and values,
    for instance, are three); small models spend most of an ordinary Muon step on launching many small
    products, and this makes them one. Blocks of one size are stacked together.
    """

    def __init__(self, parameters: list[nn.Parameter], lr: float, momentum: float, weight_decay: float):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every matrix that has a gradient."""
        assert closure is None, "the loss is computed before the step"
        for group in self.param_groups:
            by_width: dict[int, list[tuple[nn.Parameter, Tensor]]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    update = self._momentum(parameter, group)
                    by_width.setdefault(min(parameter.shape), []).append((parameter, update))
            for width, entries in by_width.items():
                blocks = orthogonal(torch.cat([cut(update, width) for _, update in entries]))
                for parameter, _ in entries:
                    count = -(-parameter.shape[0] // width) * -(-parameter.shape[1] // width)
                    mine, blocks = blocks[:count], blocks[count:]
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(joined(mine, parameter.shape), alpha=-group["lr"])

    def _momentum(self, parameter: nn.Parameter, group: dict[str, Any]) -> Tensor:
        """Move the average of gradients, and look one step ahead (Nesterov)."""
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        assert parameter.grad is not None
        average = state["momentum"].mul_(group["momentum"]).add_(parameter.grad)
        return parameter.grad.add(average, alpha=group["momentum"])


def cut(matrix: Tensor, width: int) -> Tensor:
    """Cut a matrix (rows, columns) into blocks (n, width, width), padded with zeros where it does not divide."""
    rows, columns = matrix.shape
    padded = nn.functional.pad(matrix, (0, -columns % width, 0, -rows % width))
    grid = padded.view(padded.shape[0] // width, width, padded.shape[1] // width, width)
    return grid.transpose(1, 2).reshape(-1, width, width)


def joined(blocks: Tensor, shape: torch.Size) -> Tensor:
    """Put the blocks of `cut` together again to a matrix of the given shape."""
    rows, columns = shape
    width = blocks.shape[-1]
    grid = blocks.view(-(-rows // width), -(-columns // width), width, width)
    return grid.transpose(1, 2).reshape(grid.shape[0] * width, -1)[:rows, :columns]


def orthogonal(blocks: Tensor, steps: int = 5) -> Tensor:
    """Return matrices with the same singular directions and singular values near one.

    A Newton-Schulz iteration with the coefficients of the source; they trade exactness for speed, the
    singular values end between about 0.7 and 1.2.
    Shapes: (n, width, width), unchanged.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    low = torch.bfloat16 if blocks.is_cuda or torch.cpu._is_avx512_bf16_supported() else blocks.dtype
    x = (blocks / (blocks.norm(dim=(1, 2), keepdim=True) + 1e-7)).to(low)
    for _ in range(steps):
        square = x @ x.transpose(1, 2)
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.to(blocks.dtype)
