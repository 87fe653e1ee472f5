"""The seam for curricula: which share each entry of a task's mixture has in the batches to come."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from abacist.core.errors import SettingsError
from abacist.problems.task import Weighted

CURRICULA = "data.curricula"

Look = Sequence[float]
"""The share of watched problems that was answered exactly, of each entry of the mixture on its own."""

Shares = tuple[float, ...]
"""How much of a batch comes from each entry of the mixture; they add up to 1."""


class Curriculum(ABC):
    """A rule from looks to shares. A subclass is a frozen dataclass; its fields are its settings.

    It keeps nothing: what it says follows from the mixture and all looks so far, so that a training that
    was interrupted goes on with the same shares once its looks are read back.
    """

    follows: ClassVar[bool] = True
    """Whether it goes by looks at all; one that does not is never asked, and costs none."""

    judges: ClassVar[bool] = True
    """Whether it goes by what looks say, or only by how many there were; then entries are not looked at."""

    @abstractmethod
    def factors(self, mixture: Sequence[Weighted], looks: Sequence[Look]) -> list[float]:
        """Return a factor on the weight of each entry after these looks, oldest first; 0 keeps an entry back.

        Raises: SettingsError for a mixture that it has no use for.
        """

    def shares(self, mixture: Sequence[Weighted], looks: Sequence[Look]) -> Shares:
        """Return the share of each entry after these looks. Raises: SettingsError if there is none above 0."""
        factors = [float(factor) for factor in self.factors(mixture, looks)]
        if len(factors) != len(mixture):
            raise SettingsError(f"data.curriculum: one factor for each of {len(mixture)} entries, got {factors}")
        weights = [item.weight * factor for item, factor in zip(mixture, factors, strict=True)]
        if not (min(weights) >= 0 and 0 < sum(weights) < float("inf")):
            raise SettingsError(f"data.curriculum: factors must be at least 0 and not all 0, got {factors}")
        return tuple(weight / sum(weights) for weight in weights)
