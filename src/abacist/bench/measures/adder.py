"""How long it takes until ten digits are added."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from abacist.bench.measure import Bench, Measure
from abacist.bench.processes import abacist
from abacist.bench.results import Row
from abacist.evaluation.grading import percent
from abacist.runs.folder import GRADES, read_json

COMMAND = ("train", "addition")


@dataclass(frozen=True)
class Adder(Measure):
    """Time until sums of two numbers of up to ten digits are right at least 99.9 % of the time.

    The wall time of the whole command, from before the process is made: imports, training from random
    weights, grading of 10,000 held-out pairs, the report. It is run for several seeds; one below 99.9 % has
    failed, and counts as one that takes forever for the median.
    """

    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    aim: float = 0.999
    arguments: tuple[str, ...] = ()

    def quick(self) -> "Adder":
        """Return one seed and a few steps, which fail."""
        return replace(self, seeds=(1,), arguments=("--steps", "5", "--set", "grading.sets.0.count=50"))

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield a row for each seed, then their median."""
        times = []
        for seed in self.seeds:
            bench.say(f"seed {seed}")
            seconds, accuracy = train(bench, [*COMMAND, *self.arguments], seed)
            failed = accuracy < self.aim
            note = f"{percent(accuracy)} % right" + (f": failed, below {percent(self.aim)} %" if failed else "")
            times.append(math.inf if failed else seconds)
            yield Row(f"seed {seed}", seconds, "s", settings={"seed": seed, "accuracy": accuracy}, note=note)
        yield median(times, self.aim)


def median(times: list[float], aim: float) -> Row:
    """Return the row of several seeds; infinite times are those of failed ones."""
    failed = sum(map(math.isinf, times))
    middle = statistics.median_low(times)
    words = f"median of {len(times)} seeds to {percent(aim)} %"
    note = f"{failed} of {len(times)} failed" if failed else "all reached it"
    if math.isinf(middle):
        return Row.missing(words, note)
    return Row(words, middle, "s", (min(times), max(times)) if not failed else None, rounds=len(times), note=note)


def train(bench: Bench, arguments: list[str], seed: int) -> tuple[float, float]:
    """Run a training command; return its seconds and the share that is right of its first grade set."""
    with TemporaryDirectory(prefix="abacist-bench-") as folder:
        command = [*abacist(), *arguments, "--seed", str(seed), "--runs", folder, "--name", "run"]
        ended = bench.execute(command)
        return ended.seconds, read_json(Path(folder) / "run" / GRADES)[0]["accuracy"]
