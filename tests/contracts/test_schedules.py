"""The contract of schedules: factors from 0 to 1, and a length that never changes the steps before its decision."""

import math

import pytest

from abacist.core.catalogue import build, own_names, settings_class
from abacist.core.errors import SettingsError
from abacist.core.settings import check, dump
from abacist.training.schedule import Schedule
from abacist.training.schedules.cosine import Cosine
from abacist.training.schedules.trapezoid import Trapezoid
from abacist.training.settings import SCHEDULES

over_every_schedule = pytest.mark.parametrize("name", own_names(SCHEDULES))


@over_every_schedule
@pytest.mark.parametrize("steps", [1, 2, 3, 10, 101, 150, 1000])
def test_factors_are_above_0_and_at_most_1(name: str, steps: int):
    schedule: Schedule = build(SCHEDULES, name)
    factors = [schedule.factor(step, steps) for step in range(steps)]
    assert all(0 < factor <= 1 for factor in factors)


@over_every_schedule
def test_it_warms_up_one_step_after_the_other(name: str):
    schedule: Schedule = build(SCHEDULES, {"name": name, "warmup": 10})
    factors = [schedule.factor(step, 1000) for step in range(11)]
    assert factors == [pytest.approx((step + 1) / 11) for step in range(11)]


@over_every_schedule
def test_after_warming_up_it_never_rises(name: str):
    schedule: Schedule = build(SCHEDULES, {"name": name, "warmup": 10})
    factors = [schedule.factor(step, 1000) for step in range(10, 1000)]
    assert factors == sorted(factors, reverse=True)


@over_every_schedule
def test_no_warming_up_starts_at_full_rate(name: str):
    assert build(SCHEDULES, {"name": name, "warmup": 0}).factor(0, 100) == 1


@over_every_schedule
def test_before_its_decision_the_length_does_not_matter(name: str):
    schedule: Schedule = build(SCHEDULES, name)
    if schedule.decision is None:
        with pytest.raises(AssertionError):
            schedule.factor(0, None)
        return
    assert 0 < schedule.decision <= 1
    for decided_at in range(0, 600, 7):
        steps = schedule.steps_from(decided_at)
        assert steps >= decided_at
        for step in range(decided_at):
            assert schedule.factor(step, steps) == schedule.factor(step, None)


@over_every_schedule
def test_settings_survive_dump_and_check(name: str):
    cls = settings_class(SCHEDULES, name)
    assert check(cls, dump(cls())) == cls()


@pytest.mark.parametrize("decay", [0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.6, 0.75, 0.9])
def test_a_trapezoid_falls_no_earlier_than_it_was_decided(decay: float):
    schedule = Trapezoid(warmup=0, decay=decay)
    for decided_at in range(2001):
        # The loop gives a run at least the step it is about to do.
        steps = max(decided_at + 1, schedule.steps_from(decided_at))
        assert [schedule.factor(step, steps) for step in range(max(0, decided_at - 3), decided_at)] == [1.0] * min(
            3, decided_at
        )
        if decided_at > 20:
            falling = (step for step in range(decided_at - 3, steps) if schedule.factor(step, steps) < 1)
            start = next(falling, steps)
            assert decided_at <= start <= decided_at + 1 / (1 - decay) + 1


@pytest.mark.parametrize("steps", [10, 100, 1001])
def test_a_trapezoid_ends_one_small_step_above_zero(steps: int):
    schedule = Trapezoid(warmup=0, decay=0.5)
    assert schedule.factor(steps - 1, steps) == pytest.approx(1 / round(steps / 2))
    assert schedule.factor(steps, steps) == 0


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_a_cosine_ends_at_its_floor(floor: float):
    schedule = Cosine(warmup=10, floor=floor)
    assert schedule.factor(1000, 1000) == pytest.approx(floor)
    assert schedule.factor(505, 1000) == pytest.approx(floor + (1 - floor) / 2)
    assert schedule.factor(257, 1000) == pytest.approx(floor + (1 - floor) * (1 + math.cos(math.pi * 247 / 990)) / 2)


def test_a_constant_stays():
    assert {build(SCHEDULES, {"name": "constant", "warmup": 3}).factor(step, None) for step in range(3, 500)} == {1.0}


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("trapezoid", {"decay": 0}),
        ("trapezoid", {"decay": 0.95}),
        ("trapezoid", {"warmup": -1}),
        ("cosine", {"floor": 1}),
        ("cosine", {"warmup": -1}),
        ("constant", {"warmup": -1}),
    ],
)
def test_wrong_settings_are_refused(name: str, settings: dict[str, float]):
    with pytest.raises(SettingsError, match="warmup must be at least 0"):
        build(SCHEDULES, {"name": name, **settings})
