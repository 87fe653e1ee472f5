"""The seam for measures: a cost that `abacist bench` measures by name."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from abacist.bench.processes import Ended, execute
from abacist.bench.results import Row

FOLDER = "bench.measures"


@dataclass(frozen=True)
class Bench:
    """What every measure is given."""

    quick: bool = False
    nanogpt: Path | None = None
    """A checkout of nanoGPT to compare with."""
    transformers: bool = True
    """Compare with the transformers library, where it is installed."""
    loss: int = 0
    """Steps after which the losses of ours and of the peers are shown side by side; 0: not at all."""
    whole_grid: bool = False
    """Write the whole grid of 100,000,000 rows too."""
    say: Callable[[str], None] = lambda _: None
    """Is told what is being measured."""
    execute: Callable[[Sequence[str]], Ended] = execute
    """Runs a command in a process of its own."""


class Measure(ABC):
    """A cost. A subclass is a frozen dataclass: its fields are sizes, its docstring defines what is measured."""

    @abstractmethod
    def rows(self, bench: Bench) -> Iterator[Row]:
        """Measure, and yield each figure as soon as it is known."""

    @abstractmethod
    def quick(self) -> "Measure":
        """Return the measure at sizes that take seconds: enough to see that it works, too little to quote."""


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
