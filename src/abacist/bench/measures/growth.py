"""How throughput grows with size."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from abacist.bench.measure import Bench, Measure, cores
from abacist.bench.measures.answers import sums_for
from abacist.bench.results import Row
from abacist.bench.timing import Side, in_turn, timed
from abacist.bench.workload import Threads, long, shape, short, step, tokens
from abacist.core.seeds import generator
from abacist.kind import Kind
from abacist.runs.problems import ProblemRun
from abacist.runtime.calculator import SHIPPED
from abacist.text.batch import Batch

Made = tuple[Callable[[], float], Batch]
"""Training steps and their batch."""


@dataclass(frozen=True)
class Growth(Measure):
    """Throughput against one size at a time: tokens a second of training steps, answers a second of decoding.

    The points of one curve are timed in turn; the ratio is that to the curve's first point. Training steps
    are whole, on batches made beforehand, in the precision and on the threads a run would choose; where not
    varied, a model has 4 layers of width 128, and a step 256 rows of the recipe `demo`. Rows of a given
    length are random characters, about 8,000 a step. Answers are those of the shipped model, from ids to
    ids, so many rows decoded together.
    """

    widths: tuple[int, ...] = (32, 64, 128, 256, 512)
    layers: tuple[int, ...] = (1, 2, 4, 8)
    batches: tuple[int, ...] = (16, 64, 256, 1024)
    lengths: tuple[int, ...] = (16, 64, 256, 1024)
    threads: tuple[int, ...] = tuple(range(1, cores() + 1))
    together: tuple[int, ...] = (1, 8, 64, 512, 2048)
    width: int = 128
    depth: int = 4
    batch: int = 256
    tokens_a_step: int = 8192
    answers: int = 2048
    rounds: int = 5
    least: float = 0.3

    def quick(self) -> "Growth":
        """Return two or three points a curve, two rounds."""
        small = replace(self, widths=(16, 32), layers=(1, 2), batches=(16, 64), lengths=(16, 64), together=(1, 8))
        return replace(small, width=32, depth=2, batch=64, tokens_a_step=512, answers=8, rounds=2, least=0.01)

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield the points of each curve."""

        form = shape(self.width, self.depth)
        curves: dict[str, tuple[tuple[int, ...], Callable[[int], Made]]] = {
            "model width": (self.widths, lambda width: _made(short(shape(width, self.depth), self.batch))),
            "layers": (self.layers, lambda layers: _made(short(shape(self.width, layers), self.batch))),
            "rows a step": (self.batches, lambda rows: _made(short(form, rows))),
            "tokens a row": (
                self.lengths,
                lambda length: _made(long(form, max(1, self.tokens_a_step // length), length)),
            ),
        }
        if not torch.cuda.is_available():
            curves["threads, training"] = (self.threads, lambda count: _made(short(form, self.batch), count))
        for name, (points, make) in curves.items():
            bench.say(name)
            sides, amounts = {}, {}
            for point in points:
                call, batch = make(point)
                sides[point], amounts[point] = timed(call, self.least), float(tokens(batch))
            yield from self._curve(name, "tokens/s", sides, amounts)
        bench.say("rows decoded together")
        yield from self._answers()

    def _answers(self) -> Iterator[Row]:
        run = ProblemRun.open(SHIPPED)
        kind: Any = run.trained()
        problems = sums_for(run).distinct(generator(1, "bench", "growth"), "any", self.answers)
        # Prompts of one length are decoded together: sorted, so that the rows are as many as asked for.
        prompts = sorted((run.codec.prompt(problem.question) for problem in problems), key=len)
        sides, amounts = {}, {}
        for rows in self.together:
            some = [prompts[len(prompts) // 2]] * max(rows, min(self.answers, 8 * rows))
            sides[rows] = timed(partial(kind.answer, some, rows=rows), self.least)
            amounts[rows] = float(len(some))
        yield from self._curve("rows decoded together", "answers/s", sides, amounts)

    def _curve(self, name: str, unit: str, sides: dict[int, Side], amounts: dict[int, float]) -> Iterator[Row]:
        timing = in_turn({str(point): side for point, side in sides.items()}, self.rounds)
        first = next(iter(sides))
        for point, amount in amounts.items():
            rate = timing.rate(str(point), amount)
            ratio = timing.times(str(point), str(first)).scaled(amount / amounts[first])
            settings = {"curve": name, "x": point}
            against = "" if point == first else f"{name}: {first:,}"
            yield Row.of(f"{name}: {point:,}", unit, rate, settings, ratio if against else None, against)


def _made(both: tuple[Kind, Batch], threads: Threads = "auto") -> Made:
    kind, batch = both
    return step(kind, batch, threads)[0], batch
