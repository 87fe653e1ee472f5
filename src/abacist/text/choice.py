"""Which token comes next: a choice among those that a model holds possible."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import SettingsError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """How the next token is drawn from a model's logits.

    Source: top-k, Fan et al. 2018, arXiv:1805.04833; top-p, Holtzman et al. 2019, arXiv:1904.09751.
    """

    temperature: float = 1.0
    """Logits are divided by it: below 1 likely tokens become likelier, and at 0 the likeliest is always taken."""
    top_k: int | None = None
    """Draw among the k likeliest alone."""
    top_p: float | None = None
    """Draw among the fewest likeliest that together have at least this probability."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise SettingsError(f"temperature must be at least 0, got {self.temperature}")
        if self.top_k is not None and self.top_k < 1:
            raise SettingsError(f"top_k must be at least 1, got {self.top_k}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise SettingsError(f"top_p must be above 0 and at most 1, got {self.top_p}")

    def probabilities(self, logits: Floats) -> Floats:
        """Return the probability with which each token is drawn. Shapes: logits and result (vocab_size,)."""
        if self.temperature == 0:
            chances = np.zeros_like(logits)
            chances[logits.argmax()] = 1.0
            return chances
        with np.errstate(over="ignore"):  # by a temperature near 0: to minus infinity, whose power is 0
            chances = np.exp((logits - logits.max()) / self.temperature)
        if self.top_k is not None or self.top_p is not None:
            order = np.argsort(-chances, kind="stable")
            kept = len(order) if self.top_k is None else min(self.top_k, len(order))
            if self.top_p is not None:
                reached = chances[order[:kept]].cumsum()
                kept = int(np.searchsorted(reached, self.top_p * reached[-1])) + 1
            chances[order[kept:]] = 0.0
        return chances / chances.sum()

    def pick(self, logits: Floats, rng: np.random.Generator) -> int:
        """Draw a token."""
        reached = self.probabilities(logits).cumsum()
        return int(np.searchsorted(reached, rng.random() * reached[-1], side="right"))
