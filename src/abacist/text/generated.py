"""What a model wrote after a prompt."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Generated:
    """Generated ids, the end token included if it came, and the probability the model gave each of them."""

    ids: list[int]
    probabilities: list[float]

    @property
    def confidence(self) -> float:
        """The product of all probabilities: how likely the model holds its whole answer; 0 if it wrote nothing."""
        return math.prod(self.probabilities) if self.probabilities else 0.0
