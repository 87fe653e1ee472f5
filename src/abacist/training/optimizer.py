"""The seam for optimizers: parameters to torch optimizers."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from torch import nn
from torch.optim import Optimizer

from abacist.core.errors import SettingsError

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


def few_parameters(parameters: NamedParameters, most: int, name: str) -> list[nn.Parameter]:
    """Return parameters that an optimizer looks at as one vector.

    Memory grows with the square of how many numbers they hold, an eigendecomposition with the cube. Raises:
    SettingsError where they hold more than `most`.
    """
    learning = [parameter for _, parameter in parameters]
    if (count := sum(parameter.numel() for parameter in learning)) > most:
        raise SettingsError(
            f"training.optimizer: {name} is for models of up to {most:,} parameters, and this one learns {count:,}; "
            "choose adamw or muon"
        )
    return learning
