"""TinyMath's task, against the training that its own model had."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from abacist.bench import peers
from abacist.bench.measure import Bench, Measure
from abacist.bench.measures.adder import train
from abacist.bench.measures.peers import Lines, Peers
from abacist.bench.results import Row
from abacist.bench.timing import Side, Spread, timed
from abacist.evaluation.grading import percent

COMMAND = ("train", "tinymath")
STEPS = 5000
"""Steps of TinyMath's own training, at the size of `Peers`."""


@dataclass(frozen=True)
class Tinymath(Measure):
    """Time from a cold start until 95 % of random problems of TinyMath's table are right, by `abacist train tinymath`.

    The wall time of the whole command; the share is that of the recipe's first grade set. It is held against
    the 5,000 steps that TinyMath's own model was trained for with nanoGPT (6 layers, width 384, 64 rows of
    256 tokens, float32): steps are timed, half of them before our training and half after it, and
    multiplied. TinyMath reports 77 % after those steps.
    """

    seeds: tuple[int, ...] = (1,)
    aim: float = 0.95
    steps: int = 20
    size: Peers = Peers()
    arguments: tuple[str, ...] = ()

    def quick(self) -> "Tinymath":
        """Return a few steps of both."""
        few = ("--steps", "5", "--set", 'grading.sets=[{"title": "few", "side": "any", "count": 50}]')
        return replace(self, steps=2, size=self.size.quick(), arguments=few)

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield a row for nanoGPT, and one for each seed."""
        side = self._nanogpt(bench)
        before = [] if side is None else self._half(bench, side)
        ours = []
        for seed in self.seeds:
            bench.say(f"seed {seed}")
            ours.append((seed, *train(bench, [*COMMAND, *self.arguments], seed)))
        theirs = None if side is None else Spread.of([*before, *self._half(bench, side)]).scaled(STEPS)
        if theirs is None:
            yield Row.missing("nanoGPT, 5,000 steps", peers.NO_NANOGPT)
        else:
            form = {**self.size.form, "rows": self.size.batch, "threads": torch.get_num_threads()}
            note = f"{theirs.rounds} of {self.size.batch} rows timed"
            yield Row.of(f"nanoGPT, {STEPS:,} steps", "s", theirs, form, note=note)
        for seed, seconds, accuracy in ours:
            failed = accuracy < self.aim
            note = f"{percent(accuracy)} % right" + (f": failed, below {percent(self.aim)} %" if failed else "")
            ratio = None if theirs is None or failed else theirs.middle / seconds
            against = "" if ratio is None else f"nanoGPT, {STEPS:,} steps"
            settings = {"seed": seed, "accuracy": accuracy}
            words = f"abacist {' '.join(COMMAND)}, seed {seed}"
            yield Row(words, seconds, "s", ratio=ratio, against=against, settings=settings, note=note)

    def _nanogpt(self, bench: Bench) -> Side | None:
        if bench.nanogpt is None:
            return None
        lines = Lines(self.size.length)
        ids = lines.batch(0, self.size.batch)
        peer = peers.nanogpt(bench.nanogpt, self.size.form, len(lines.vocabulary), self.size.length)
        side = timed(peer.step(lambda _: ids, "float32"))
        bench.say("nanoGPT's first step")
        side()
        return side

    def _half(self, bench: Bench, side: Side) -> list[float]:
        bench.say("nanoGPT's steps")
        return [side() for _ in range(max(1, self.steps // 2))]
