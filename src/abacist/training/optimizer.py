"""The seam for optimizers: parameters to torch optimizers."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from torch import nn
from torch.optim import Optimizer

NamedParameters = Iterable[tuple[str, nn.Parameter]]


class OptimizerChoice(ABC):
    """A way to update weights. A subclass is a frozen dataclass; its fields are its settings."""

    wants_loss: ClassVar[bool] = False
    """Whether it goes by losses alone: `step` of its optimizers is then handed a closure that returns the loss a token
    of the weights as they are, on the batch of the step, and no gradient is taken."""

    @abstractmethod
    def make(self, parameters: NamedParameters, learning_rate: float) -> list[Optimizer]:
        """Return one or more optimizers that share the parameters out; the schedule scales their rates."""


def is_hidden_matrix(name: str, parameter: nn.Parameter) -> bool:
    """Tell the matrices inside blocks from embeddings, heads, norms and biases."""
    return parameter.dim() == 2 and "blocks." in name
