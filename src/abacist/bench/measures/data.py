"""What data cost: batches, formats, whole tables on disk."""

import itertools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from abacist import recipe as recipes
from abacist.bench.measure import Bench, Measure
from abacist.bench.processes import Ended, abacist
from abacist.bench.results import Row
from abacist.bench.timing import Spread, in_turn, timed
from abacist.bench.workload import step
from abacist.core.catalogue import load, own_names
from abacist.core.errors import RunError
from abacist.recipe import settings_of
from abacist.runs.problems import ProblemRun
from abacist.text.format import FOLDER as FORMATS

ANY_FORMAT = (("text.tokenizer.characters", "0123456789+-*/=. "), ("model.context_length", 64))
"""Characters and room for every format that shows no work."""

THEIRS = "pandas, csv.gz"

PANDAS = """
import itertools, sys
import numpy, pandas
high, path = int(sys.argv[1]), sys.argv[2]
grid = numpy.indices((high + 1,) * 4).reshape(4, -1)
table = pandas.DataFrame(dict(zip("abcd", grid)))
table["sum"] = grid.sum(0)
table.to_csv(path, index=False)
"""
"""The same table as `abacist data` writes, the way one would write it with pandas."""


@dataclass(frozen=True)
class Data(Measure):
    """Training batches from nothing (draw, solve, split, write, encode), and whole tables of sums on disk.

    Rows of each recipe, and those of `demo` in each format that shows no work, are made batch after batch by
    one process on one thread; the share of a step is the time of its data over that of data and training step
    together, both timed in turn, the step in the precision and on the threads a run would choose. Tables hold
    every sum of four numbers 0..56 (10,556,001 rows), with `--whole-grid` 0..99 (100,000,000 rows), written by
    the command line in a new process: wall time and peak memory of all of it, in turn with
    pandas.DataFrame.to_csv.
    """

    recipes: tuple[str, ...] = own_names(recipes.FOLDER)
    formats: tuple[str, ...] = tuple(name for name in own_names(FORMATS) if not load(FORMATS, name).shows_work)
    changes: tuple[tuple[str, object], ...] = ()
    rows_a_turn: int = 131_072
    """Streams draw blocks of a few thousand rows: a turn is many of them, so that one more or less is little."""
    high: int = 56
    rounds: int = 5
    grid_rounds: int = 1

    def quick(self) -> "Data":
        """Return few rows, two rounds, and sums of 0..9."""
        return replace(self, rows_a_turn=8192, high=9, rounds=2, grid_rounds=1)

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield recipes, formats, tables."""
        for name in self.recipes:
            bench.say(f"batches of {name}")
            yield from self._recipe(name)
        for name in self.formats:
            bench.say(f"format {name}")
            tokenizer = [("text.tokenizer", "hints")] if load(FORMATS, name).hints else []
            changes = [("text.format", name), *tokenizer, *ANY_FORMAT, *self.changes]
            run = ProblemRun(Path(), settings_of("demo", changes))
            work, amount = self._batches(run)
            timing = in_turn({"data": timed(work)}, self.rounds)
            yield Row.of(f"demo in format {name}, to token ids", "problems/s", timing.rate("data", amount), {})
        highs = (self.high, 99) if bench.whole_grid else (self.high,)
        for high in highs:
            yield from self._grid(bench, high)

    def _recipe(self, name: str) -> Iterator[Row]:
        run = ProblemRun(Path(), settings_of(name, list(self.changes)))
        training = run.settings.training
        work, amount = self._batches(run)
        call, chosen = step(run.kind, run.batch(0), training.threads, training.optimizer)
        timing = in_turn({"data": timed(work), "step": timed(call)}, self.rounds)
        settings = {"batch_size": training.batch_size, "dtype": chosen.dtype, "threads": chosen.threads}
        yield Row.of(f"{name}, rows from nothing to a batch", "rows/s", timing.rate("data", amount), settings)
        each = training.batch_size / amount  # batches of a turn
        pairs = zip(timing.seconds["data"], timing.seconds["step"], strict=True)
        share = Spread.of(100 * data * each / (data * each + step) for data, step in pairs)
        yield Row.of(f"{name}, share of a step that data take", "%", share, settings)

    def _batches(self, run: ProblemRun) -> tuple[Callable[[], None], int]:
        """Return the making of batches that were not made before, and how many rows a call makes."""
        size = run.settings.training.batch_size
        count = max(1, self.rows_a_turn // size)
        numbers = itertools.count()

        def work() -> None:
            for _ in range(count):
                run.batch(next(numbers))

        return work, count * size

    def _grid(self, bench: Bench, high: int) -> Iterator[Row]:
        """Write the table as Parquet, as csv.gz, and by pandas, in turn."""
        count = (high + 1) ** 4
        with TemporaryDirectory(prefix="abacist-bench-") as folder:
            table = [*abacist(), "data", "sums", "--set", "terms=4", "--set", "fewest=4", "--set", f"high={high}"]
            parquet, csv, theirs = (str(Path(folder) / name) for name in ("a.parquet", "a.csv.gz", "b.csv.gz"))
            commands = {
                "Parquet": [*table, "--all", "--out", parquet],
                "csv.gz": [*table, "--all", "--out", csv],
                THEIRS: [sys.executable, "-c", PANDAS, str(high), theirs],
            }
            ended: dict[str, list[Ended]] = {name: [] for name in commands}

            def side(name: str) -> Callable[[], float]:
                def run() -> float:
                    bench.say(f"{count:,} sums of four, {name}")
                    ended[name].append(bench.execute(commands[name]))
                    return ended[name][-1].seconds

                return run

            missing = None
            try:
                bench.execute([sys.executable, "-c", "import pandas"])
            except RunError:
                missing = Row.missing(f"{count:,} sums of four, {THEIRS}", "pandas is not installed")
                del commands[THEIRS]
            # A table of the whole grid is written once: nothing of it needs warming up.
            whole = high == 99
            timing = in_turn({name: side(name) for name in commands}, 1 if whole else self.grid_rounds)
        for name in commands:
            peak = max(each.peak for each in ended[name]) / 2**20
            ratio = timing.times(name, THEIRS) if THEIRS in commands and name != THEIRS else None
            settings = {"rows": count, "peak_mib": round(peak)}
            words = f"{count:,} sums of four, {name}"
            against = THEIRS if ratio else ""
            yield Row.of(
                words, "rows/s", timing.rate(name, count), settings, ratio, against, f"at most {peak:,.0f} MiB"
            )
        if missing is not None:
            yield missing
