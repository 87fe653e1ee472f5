"""The seam for lessons: what teaches an exact unit to read, and to choose what comes first."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from abacist.models.exact_unit import ExactUnit

LESSONS = "models.lessons"

Step = tuple[tuple[int, ...], tuple[int, ...]]
"""The windows of all applications there were, and the places among them of those that would do."""


@dataclass(frozen=True)
class Rows:
    """Questions with what is known of them. Shapes: logits (rows, seq, len(READINGS) + 1)."""

    logits: Tensor
    """Of the reading of each token."""
    prompts: Tensor
    """How many tokens the question of each row has; behind the last of them the answer begins."""
    answers: Sequence[str | None]
    """The answer to each as the unit would tell it; None where it could not."""
    taught: Mapping[str, Tensor] = field(default_factory=dict)
    """What else a lesson asked for, by name."""


class Lesson(ABC):
    """A way to learn. A part is a frozen dataclass; its fields are its settings."""

    targets: ClassVar[tuple[str, ...]] = ()
    """Names of the further targets that a batch must hold for it."""

    @abstractmethod
    def loss(self, unit: ExactUnit, rows: Rows) -> Tensor:
        """Return what training is to make smaller, a mean over the rows; random numbers come from torch's stream."""


def choice_loss(unit: ExactUnit, steps: "Counter[Step]") -> Tensor:
    """Return the sum, over steps by their counts, of -log p(one that would do), p a softmax over all applications."""
    listed = [(windows, good, count) for (windows, good), count in steps.items() if len(windows) > 1]
    scores = unit.scores()
    if not listed:
        return 0 * scores.sum()
    most = max(len(windows) for windows, _, _ in listed)
    index = torch.zeros(len(listed), most, dtype=torch.long)
    there, does = (torch.zeros(len(listed), most, dtype=torch.bool) for _ in range(2))
    for row, (windows, good, _) in enumerate(listed):
        index[row, : len(windows)] = torch.tensor(windows)
        there[row, : len(windows)] = True
        does[row, list(good)] = True
    found = scores[index.to(scores.device)]
    every = found.masked_fill(~there.to(found.device), -torch.inf).logsumexp(1)
    done = found.masked_fill(~does.to(found.device), -torch.inf).logsumexp(1)
    counts = torch.tensor([count for *_, count in listed], dtype=found.dtype, device=found.device)
    return ((every - done) * counts).sum()
