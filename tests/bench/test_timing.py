import itertools
from collections.abc import Callable

import pytest

from abacist.bench.timing import Spread, Timing, in_turn, timed


class Clock:
    """Stands still but for what work adds to it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def work(self, seconds: float) -> Callable[[], None]:
        def do() -> None:
            self.now += seconds

        return do


def test_sides_run_in_turn_each_other_round_backwards_after_one_that_does_not_count():
    order: list[str] = []

    def side(name: str) -> Callable[[], float]:
        return lambda: order.append(name) or float(len(order))  # type: ignore[func-returns-value]

    timing = in_turn({"a": side("a"), "b": side("b")}, 3)
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"
    assert timing.seconds == {"a": [3.0, 6.0, 7.0], "b": [4.0, 5.0, 8.0]}


def test_a_ratio_is_the_median_of_those_within_the_rounds():
    # The machine is three times as slow in the second round: the rounds' ratios do not see it.
    timing = Timing({"mine": [1.0, 3.0, 1.0], "other": [2.0, 6.0, 4.0]})
    assert timing.times("mine", "other") == Spread(2.0, 2.0, 3.0, 3)
    assert timing.times("other", "mine").middle == 0.5
    assert timing.spread("other").middle == 4.0
    assert timing.rate("mine", 6.0) == Spread(6.0, 4.0, 6.0, 3)


def test_a_spread_is_the_middle_half():
    assert Spread.of([5.0, 1.0, 2.0, 4.0, 3.0]) == Spread(3.0, 2.0, 4.0, 5)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0, 1)
    assert Spread(3.0, 2.0, 4.0, 5).scaled(10) == Spread(30.0, 20.0, 40.0, 5)


@pytest.mark.parametrize(("each", "least", "calls"), [(0.1, 1.0, 10), (0.3, 1.0, 4), (2.0, 1.0, 1), (0.1, 0.0, 1)])
def test_short_work_is_repeated_until_a_turn_is_long_enough(each, least, calls):
    clock = Clock()
    side = timed(clock.work(each), least, clock)
    assert side() == pytest.approx(each)
    before = clock.now
    assert side() == pytest.approx(each)
    assert clock.now - before == pytest.approx(calls * each)


def test_what_the_first_call_costs_is_left_out():
    clock = Clock()
    costs = itertools.chain([100.0], itertools.repeat(1.0))

    def work() -> None:
        clock.now += next(costs)

    side = timed(work, 2.0, clock)
    assert side() == 1.0
    assert side() == 1.0
