"""Timing sides against each other: in turn, round by round, so that what slows the machine slows them all.

A figure of one run is never held against a figure of another: machines swing by more than most changes do.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch

Side = Callable[[], float]
"""Does its work and returns the seconds that one piece of it took."""
Clock = Callable[[], float]


@dataclass(frozen=True)
class Spread:
    """The median of several rounds, and the two values between which the middle half of them lay."""

    middle: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Sum up the rounds' values, at least one."""
        rounds = list(values)
        low, _, high = statistics.quantiles(rounds, n=4, method="inclusive") if len(rounds) > 1 else rounds * 3
        return cls(statistics.median(rounds), low, high, len(rounds))

    def scaled(self, factor: float) -> "Spread":
        """Return the spread in another unit; the factor is above 0."""
        return Spread(self.middle * factor, self.low * factor, self.high * factor, self.rounds)


@dataclass(frozen=True)
class Timing:
    """The seconds of each side in each round."""

    seconds: Mapping[str, list[float]]

    def spread(self, side: str) -> Spread:
        """Return a side's seconds."""
        return Spread.of(self.seconds[side])

    def rate(self, side: str, amount: float) -> Spread:
        """Return what a side gets done in a second, if a piece of its work is that much."""
        return Spread.of(amount / seconds for seconds in self.seconds[side])

    def times(self, side: str, against: str) -> Spread:
        """Return how many times as fast as another a side is: the ratio within each round, then their median."""
        pairs = zip(self.seconds[against], self.seconds[side], strict=True)
        return Spread.of(other / mine for other, mine in pairs)


def in_turn(sides: Mapping[str, Side], rounds: int) -> Timing:
    """Time every side once a round, each other round in the opposite order, after one turn that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side()
    for number in range(rounds):
        for name in list(sides)[:: -1 if number % 2 else 1]:
            seconds[name].append(sides[name]())
    return Timing(seconds)


def timed(work: Callable[[], object], least: float = 0.0, clock: Clock = time.perf_counter) -> Side:
    """Return a side that does this work, as often in a turn as fills `least` seconds.

    How often is found at its first turn. Work on a GPU is waited for.
    """
    count = 0

    def turn(times: int) -> float:
        finish()
        began = clock()
        for _ in range(times):
            work()
        finish()
        return (clock() - began) / times

    def side() -> float:
        nonlocal count
        if count:
            return turn(count)
        seconds = turn(1)  # caches fill, kernels are chosen: what only the first call costs is no measure
        if least:
            seconds = turn(1)
        count = max(1, math.ceil(least / max(seconds, 1e-9))) if least else 1
        return seconds

    return side


def finish() -> None:
    """Wait until the GPU, if there is one, has done what it was told to."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
