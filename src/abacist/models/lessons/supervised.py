"""Taught operands, signs and the order of applications."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from abacist.core.readings import GO, READINGS
from abacist.models.exact_unit import SKIP, ExactUnit, turned
from abacist.models.lesson import Lesson, Rows, Step, choice_loss
from abacist.models.reduction import reduced

IMPOSSIBLE = -1e30


@dataclass(frozen=True)
class Supervised(Lesson):
    """The question is told as a row of readings, but not which token says which of them.

    The loss is -log of the summed probability of all ways to spread the readings over the question's tokens in their
    order, the last token ending it, all others saying nothing; and, while the readings are worked out, -log of the
    probability of an application whose own numbers are worked out already.

    Source: readings without alignment are connectionist temporal classification, Graves et al. 2006, without its
    merging of repeats.
    """

    targets = ("readings", "parents")

    def loss(self, unit: ExactUnit, rows: Rows) -> Tensor:
        """Return the mean over the rows whose question has readings."""
        readings, parents = rows.taught["readings"], rows.taught["parents"]
        told = (readings >= 0).any(1)
        if not told.any():
            return 0 * rows.logits.sum()
        known, count = readings[told].cpu().tolist(), int(told.sum())
        signs = ["".join(READINGS[reading] for reading in row if reading >= 0) for row in known]
        as_they_stand = [turned(row) for row in signs] if unit.settings.order == "reversed" else signs
        likelihood = spread(rows.logits[told].float().log_softmax(-1), rows.prompts[told], as_they_stand)
        steps: Counter[Step] = Counter()
        scores = unit.scores().detach().tolist()
        for row, takes in zip(signs, parents[told].cpu().tolist(), strict=True):
            steps.update(_steps(row[:-1], takes, scores))
        return (choice_loss(unit, steps) - likelihood.sum()) / count


def spread(chances: Tensor, prompts: Tensor, signs: Sequence[str]) -> Tensor:
    """Return the log of the summed probability of all ways to read each row's signs from its tokens.

    Shapes: chances (rows, seq, len(READINGS) + 1), logarithms; prompts (rows,); result (rows,). Signs end in GO,
    which the last token of the prompt says.
    """
    longest = max(len(row) for row in signs) - 1
    target = torch.zeros(len(signs), longest, dtype=torch.long)
    for index, row in enumerate(signs):
        target[index, : len(row) - 1] = torch.tensor([READINGS.index(sign) for sign in row[:-1]], dtype=torch.long)
    target = target.to(chances.device)
    before = chances.new_full((len(signs), longest + 1), IMPOSSIBLE)
    before[:, 0] = 0
    for place in range(int(prompts.max()) - 1):
        here = chances[:, place]
        stayed = before + here[:, SKIP, None]
        moved = before[:, :-1] + here.gather(1, target)
        after = torch.cat([stayed[:, :1], torch.logaddexp(stayed[:, 1:], moved)], 1)
        before = torch.where((place < prompts - 1)[:, None], after, before)
    ends = torch.tensor([len(row) - 1 for row in signs], device=chances.device)
    last = chances[torch.arange(len(signs)), prompts - 1, READINGS.index(GO)]
    return before.gather(1, ends[:, None])[:, 0] + last


def _steps(signs: str, takes: Sequence[int], scores: Sequence[float]) -> list[Step]:
    """Work signs out, each application behind those whose results it takes; return what there was to choose from."""
    waiting = Counter(parent for place, parent in enumerate(takes) if parent not in (-1, place))
    steps: list[Step] = []
    done: set[int] = set()  # a number taken out of marks keeps its place, and counts once

    def choose(windows: Sequence[int], places: Sequence[int]) -> int:
        good = tuple(index for index, place in enumerate(places) if not waiting[place])
        steps.append((tuple(windows), good))
        chosen = max(good, key=lambda index: scores[windows[index]])
        if (place := places[chosen]) not in done:
            done.add(place)
            waiting[takes[place]] -= takes[place] != place
        return chosen

    reduced(signs, choose)
    return steps
