"""Lessons of the exact unit, held against everything counted one by one."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import pytest
import torch

from abacist.core.arithmetic import BINARY, applied
from abacist.core.catalogue import build, own_names
from abacist.core.readings import DIGITS, READINGS
from abacist.models.exact_unit import SKIP, ExactUnit, UnitSettings
from abacist.models.lesson import LESSONS, Rows, choice_loss
from abacist.models.lessons.summed import enumerated
from abacist.models.lessons.supervised import spread

GO = READINGS.index("=")


def chances(tokens: int, seed: int = 1) -> torch.Tensor:
    torch.manual_seed(seed)
    return (2 * torch.randn(1, tokens, SKIP + 1)).log_softmax(-1)


def test_all_ways_to_spread_readings_over_tokens_are_summed():
    own, signs = chances(5), "1+2="
    total = 0.0
    for places in itertools.combinations(range(4), 3):
        log_p = own[0, 4, GO]
        for token in range(4):
            said = READINGS.index(signs[places.index(token)]) if token in places else SKIP
            log_p = log_p + own[0, token, said]
        total += math.exp(log_p)
    padded = torch.cat([own, chances(3, seed=2)], 1)  # what stands behind the question does not count
    found = spread(padded, torch.tensor([5]), [signs])
    assert float(found) == pytest.approx(math.log(total), rel=1e-5)


@pytest.mark.parametrize("order", ["plain", "reversed"])
def test_all_readings_that_come_to_the_answer_are_summed(order: str):
    settings = UnitSettings(order=order)  # type: ignore[arg-type]
    own = chances(5)
    tokens = 4

    def of_number(digits: str, start: int, end: int) -> float:
        total = 0.0
        for places in itertools.combinations(range(start, end), len(digits)):
            said = [DIGITS.index(digits[places.index(t)]) if t in places else SKIP for t in range(start, end)]
            total += math.exp(sum(float(own[0, t, s]) for t, s in zip(range(start, end), said, strict=True)))
        return total

    total = 0.0
    for left, sign, right in itertools.product(range(100), BINARY, range(100)):
        if settings.told(applied(sign, Fraction(left), Fraction(right))) != "6":
            continue
        texts = [str(each) if order == "plain" else str(each)[::-1] for each in (left, right)]
        for place in range(1, tokens - 1):
            here = math.exp(float(own[0, place, READINGS.index(sign)]))
            total += of_number(texts[0], 0, place) * here * of_number(texts[1], place + 1, tokens)
    total *= math.exp(float(own[0, tokens, GO]))
    found = enumerated(settings, own, torch.tensor([5]), ["6"])
    assert float(found) == pytest.approx(math.log(total), rel=1e-5)


def test_a_choice_is_as_likely_as_a_softmax_says():
    torch.manual_seed(2)
    unit = ExactUnit(UnitSettings(), 4)
    scores = unit.scores().detach()
    steps = Counter({((5, 6, 7), (1,)): 2.0, ((8,), (0,)): 3.0, ((5, 6), (0, 1)): 1.0})
    expected = 2 * float(scores[[5, 6, 7]].logsumexp(0) - scores[6])
    assert float(choice_loss(unit, steps).detach()) == pytest.approx(expected, rel=1e-4)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", own_names(LESSONS))
def test_a_lesson_gives_every_row_s_reading_a_finite_gradient(name: str):
    lesson, unit = build(LESSONS, name), ExactUnit(UnitSettings(), 4)
    logits = torch.randn(3, 8, SKIP + 1, requires_grad=True)
    taught = {
        "readings": torch.tensor([[1, 11, 2, GO], [3, 12, 4, GO], [-1, -1, -1, -1]]),
        "parents": torch.tensor([[0, 1, 2, 3], [0, 1, 2, 3], [-1, -1, -1, -1]]),
    }
    rows = Rows(logits, torch.tensor([5, 8, 6]), ["3", "-1", None], taught)
    torch.manual_seed(3)
    loss = lesson.loss(unit, rows)
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert not logits.grad[2].any()  # nothing is known of it
