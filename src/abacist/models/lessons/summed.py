"""Taught by answers alone: the likelihood of the answer, summed over what could have been read."""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from abacist.core.arithmetic import BINARY, applied
from abacist.core.errors import SettingsError
from abacist.core.readings import CLOSE, DIGITS, GO, OPEN, READINGS
from abacist.models.exact_unit import SKIP, ExactUnit, UnitSettings
from abacist.models.lesson import Lesson, Rows
from abacist.models.sampling import likelier, sample

NUMBERS = 100
"""Numbers that are tried one by one: those of at most two digits."""
NEVER = -138.0
"""The logarithm of a probability that is as good as none, 1e-60."""
_SINGLE = re.compile(rf"(0|[1-9][0-9]?)[{re.escape(''.join(BINARY))}](0|[1-9][0-9]?)")


@dataclass(frozen=True)
class Summed(Lesson):
    """Nothing but the answer is told: the loss is -log p(answer), p summed over what could have been read.

    Every reading "number, sign, number" with numbers below 100 that comes to the answer is counted exactly, for
    questions of at most `enumerated` tokens; this needs no luck to begin with. All other readings, and the choices
    among several applications, are drawn `samples` times, and those that came to the answer stand for the rest of p.

    Source: likelihood over latent programs, estimated with the model itself as proposal, is the importance-weighted
    objective of Burda et al. 2016, arXiv:1509.00519.
    """

    enumerated: int = 7
    samples: int = 16
    prior: float = 0.02
    """What it costs, of each token, to be sure that it is no mark; else parentheses are soon read as nothing."""

    def __post_init__(self) -> None:
        if self.enumerated < 4 or self.samples < 1:
            raise SettingsError("enumerated must be at least 4, samples at least 1")

    def loss(self, unit: ExactUnit, rows: Rows) -> Tensor:
        """Return the mean over all rows; those of which no reading came to the answer add nothing."""
        known = [row for row, answer in enumerate(rows.answers) if answer is not None]
        if not known:
            return 0 * rows.logits.sum() + 0 * unit.scores().sum()
        chances, prompts = rows.logits[known].float().log_softmax(-1), rows.prompts[known]
        answers = [rows.answers[row] for row in known]
        short = prompts <= self.enumerated
        counted = chances.new_full((len(known),), NEVER)
        if short.any():
            own = [answers[row] for row in short.nonzero()[:, 0].tolist()]
            counted = counted.index_put((short,), enumerated(unit.settings, chances[short], prompts[short], own))
        drawn = sample(unit, chances, prompts, answers, self.samples)
        is_short = short.tolist()
        hits = [
            [float(each.right and not (is_short[row] and _SINGLE.fullmatch(each.signs))) for each in tries]
            for row, tries in enumerate(drawn)
        ]
        # Each way to the answer is made likelier by its share of p; none changes the shares themselves.
        of_samples = torch.tensor(hits, device=chances.device) / self.samples
        whole = (counted.detach().exp() + of_samples.sum(1)).clamp(min=1e-37)
        shares = of_samples / whole[:, None]
        likelihood = ((counted.detach().exp() / whole) * counted).sum()
        inner = torch.arange(chances.shape[1], device=chances.device) < prompts[:, None] - 1
        marks = chances[..., [READINGS.index(OPEN), READINGS.index(CLOSE)]]
        stands = (marks.logsumexp(-1) * inner).sum()
        drawn_loss = likelier(unit, chances, prompts, drawn, shares)
        return (drawn_loss - likelihood - self.prior * stands) / len(rows.answers)


def enumerated(settings: UnitSettings, chances: Tensor, prompts: Tensor, answers: Sequence[str | None]) -> Tensor:
    """Return log p(the readings "number, sign, number" that come to the answer), (rows,).

    Shapes: chances (rows, seq, len(READINGS) + 1), logarithms; prompts (rows,).
    """
    p = chances.double().exp()
    rows, seq = len(p), int(prompts.max())
    digit, skip = p[..., : len(DIGITS)], p[..., SKIP]
    inner = torch.arange(seq, device=p.device) < prompts[:, None] - 1
    two = _two_digits(settings).to(p.device)
    # What the tokens before each place, and those from it on up to the last, are read as: nothing, or a number.
    left = _numbers_before(digit, skip, seq, two)
    right = _numbers_behind(digit, skip, inner, seq, two)
    signs = p[:, :seq, [READINGS.index(sign) for sign in BINARY]] * inner[..., None]
    row, a, sign, b = (torch.from_numpy(each).to(p.device) for each in _meanings(settings, answers))
    place_sums = p.new_zeros(len(row))
    for place in range(1, seq - 1):
        place_sums = place_sums + left[place][row, a] * signs[row, place, sign] * right[place + 1][row, b]
    total = p.new_zeros(rows).index_add(0, row, place_sums)
    ends = p[torch.arange(rows, device=p.device), prompts - 1, READINGS.index(GO)]
    return (total * ends + math.exp(NEVER)).log().float()


def _numbers_before(digit: Tensor, skip: Tensor, seq: int, two: Tensor) -> list[Tensor]:
    """Return, for each place, p(the tokens before it are read as each number), (rows, NUMBERS)."""
    none = skip.new_ones(len(skip))
    one, both = digit.new_zeros(len(digit), 10), digit.new_zeros(len(digit), 100)
    found = []
    for place in range(seq):
        found.append(_joined(one, both, two))
        here, passed = digit[:, place], skip[:, place, None]
        both = both * passed + (one[:, :, None] * here[:, None]).flatten(1)
        one = one * passed + none[:, None] * here
        none = none * skip[:, place]
    return found


def _numbers_behind(digit: Tensor, skip: Tensor, inner: Tensor, seq: int, two: Tensor) -> list[Tensor]:
    """Return, for each place, p(the tokens from it up to the question's last are read as each number)."""
    none = skip.new_ones(len(skip))
    one, both = digit.new_zeros(len(digit), 10), digit.new_zeros(len(digit), 100)
    found = [_joined(one, both, two)]
    for place in reversed(range(seq)):
        here, passed, is_in = digit[:, place], skip[:, place, None], inner[:, place, None]
        both = torch.where(is_in, both * passed + (here[:, :, None] * one[:, None]).flatten(1), both)
        one = torch.where(is_in, one * passed + none[:, None] * here, one)
        none = torch.where(is_in[:, 0], none * skip[:, place], none)
        found.append(_joined(one, both, two))
    return found[::-1]


def _joined(one: Tensor, both: Tensor, two: Tensor) -> Tensor:
    """Return p(each number) from p(a single digit) and p(two digits as they stand); none begins with a zero."""
    values = both.index_select(1, two)
    return torch.cat([one, values[:, 10:]], 1)


def _two_digits(settings: UnitSettings) -> Tensor:
    """Return where each number's two digits stand among pairs of digits as they stand in a row."""
    numbers = torch.arange(NUMBERS)
    return numbers if settings.order == "plain" else numbers % 10 * 10 + numbers // 10


def _meanings(settings: UnitSettings, answers: Sequence[str | None]) -> tuple[NDArray[np.int64], ...]:
    """Return all row, left number, sign and right number that come to the rows' answers."""
    table = _table(settings)
    found = [table.get(answer or "", np.zeros((3, 0), dtype=np.int64)) for answer in answers]
    row = np.repeat(np.arange(len(found)), [each.shape[1] for each in found])
    left, sign, right = np.concatenate(found, axis=1)
    return row, left, sign, right


@lru_cache(maxsize=4)
def _table(settings: UnitSettings) -> dict[str, NDArray[np.int64]]:
    """Return for every answer what comes to it: left numbers, signs, right numbers."""
    found: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for index, sign in enumerate(BINARY):
        for left in range(NUMBERS):
            for right in range(NUMBERS):
                answer = settings.told(applied(sign, Fraction(left), Fraction(right)))
                if answer is not None:
                    found[answer].append((left, index, right))
    return {answer: np.array(each, dtype=np.int64).T for answer, each in found.items()}
