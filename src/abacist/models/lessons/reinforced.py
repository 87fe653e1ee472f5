"""Taught by answers alone: tries that came to the answer are made likelier, all others less likely."""

from dataclasses import dataclass

import torch
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.models.exact_unit import ExactUnit
from abacist.models.lesson import Lesson, Rows
from abacist.models.sampling import likelier, sample


@dataclass(frozen=True)
class Reinforced(Lesson):
    """Each question is read and worked out `samples` times at random; the reward is 1 for the answer and 0 otherwise.

    The gradient is that of the mean of (reward - mean reward of the row's other tries) log p(try).

    Source: REINFORCE, Williams 1992, with the other tries as baseline, Kool et al. 2019.
    """

    samples: int = 16

    def __post_init__(self) -> None:
        if self.samples < 2:
            raise SettingsError(f"samples must be at least 2, got {self.samples}")

    def loss(self, unit: ExactUnit, rows: Rows) -> Tensor:
        """Return what has that gradient, a mean over the rows."""
        known = [row for row, answer in enumerate(rows.answers) if answer is not None]
        if not known:
            return 0 * rows.logits.sum() + 0 * unit.scores().sum()
        chances, prompts = rows.logits[known].float().log_softmax(-1), rows.prompts[known]
        drawn = sample(unit, chances, prompts, [rows.answers[row] for row in known], self.samples)
        rewards = torch.tensor([[float(each.right) for each in tries] for tries in drawn])
        advantages = (rewards - rewards.mean(1, keepdim=True)) / (self.samples - 1)
        return likelier(unit, chances, prompts, drawn, advantages) / len(rows.answers)
