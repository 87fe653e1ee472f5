"""Questions read and worked out at random, for lessons that know the answer alone."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from abacist.core.readings import GO, READINGS
from abacist.models.exact_unit import ExactUnit
from abacist.models.lesson import Step, choice_loss
from abacist.models.reduction import reduced


@dataclass(frozen=True, slots=True)
class Sampled:
    """One try at a question."""

    readings: list[int]
    """Of each token but the last, which ends the question."""
    signs: str
    """What they say, in reading order."""
    steps: list[Step]
    right: bool


def sample(
    unit: ExactUnit, chances: Tensor, prompts: Tensor, answers: Sequence[str | None], count: int
) -> list[list[Sampled]]:
    """Read each question `count` times at random, its last token as its end, and work it out with random choices.

    Shapes: chances (rows, seq, len(READINGS) + 1), logarithms; prompts (rows,).
    """
    go, most = READINGS.index(GO), int(prompts.max()) - 1
    p = chances.detach()[:, :most].exp()
    p = torch.cat([p[..., :go], torch.zeros_like(p[..., :1]), p[..., go + 1 :]], -1) + 1e-12
    drawn = torch.multinomial(p.flatten(0, 1), count, replacement=True)
    table = drawn.view(len(p), most, count).transpose(1, 2).cpu().tolist()
    scores = unit.scores().detach().tolist()
    noise = _gumbel()
    results = []
    for row, length, answer in zip(table, prompts.tolist(), answers, strict=True):
        tries = []
        for readings in row:
            steps: list[Step] = []

            def choose(windows: Sequence[int], _places: Sequence[int], steps: list[Step] = steps) -> int:
                # With Gumbel's noise the largest is one drawn by the softmax of the scores.
                noisy = [scores[window] + next(noise) for window in windows]
                chosen = noisy.index(max(noisy))
                steps.append((tuple(windows), (chosen,)))
                return chosen

            own = readings[: length - 1]
            signs = unit.signs_of(own)
            tries.append(Sampled(own, signs, steps, unit.settings.told(reduced(signs, choose)) == answer))
        results.append(tries)
    return results


def logarithm_of(chances: Tensor, prompts: Tensor, drawn: Sequence[Sequence[Sampled]]) -> Tensor:
    """Return log p(the readings of each try), (rows, tries), the end of the question among them."""
    most = int(prompts.max()) - 1
    index = torch.zeros(len(drawn), len(drawn[0]), most, dtype=torch.long)
    for row, tries in enumerate(drawn):
        for place, each in enumerate(tries):
            index[row, place, : len(each.readings)] = torch.tensor(each.readings)
    index = index.to(chances.device)
    there = torch.arange(most, device=chances.device) < prompts[:, None] - 1
    here = chances[:, None, :most].expand(-1, index.shape[1], -1, -1)
    each_token = here.gather(3, index[..., None])[..., 0]
    last = chances[torch.arange(len(prompts), device=chances.device), prompts - 1, READINGS.index(GO)]
    return (each_token * there[:, None]).sum(2) + last[:, None]


def likelier(
    unit: ExactUnit, chances: Tensor, prompts: Tensor, drawn: Sequence[Sequence[Sampled]], weights: Tensor
) -> Tensor:
    """Return the sum over tries of -log p(readings and choices) by their weights, (rows, tries), which are no part of
    its gradient.
    """
    steps: Counter[Step] = Counter()
    for tries, own in zip(drawn, weights.tolist(), strict=True):
        for each, weight in zip(tries, own, strict=True):
            for step in each.steps if weight else ():
                steps[step] += weight
    return choice_loss(unit, steps) - (logarithm_of(chances, prompts, drawn) * weights.to(chances.device)).sum()


def _gumbel() -> Iterator[float]:
    while True:
        yield from (-(-torch.rand(4096).clamp(min=1e-12).log()).log()).tolist()
