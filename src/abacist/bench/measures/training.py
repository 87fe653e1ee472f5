"""Training steps, against the machine's limit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from abacist.bench.flops import training_flops
from abacist.bench.machine import using_threads
from abacist.bench.measure import Bench, Measure
from abacist.bench.results import Row
from abacist.bench.timing import Side, in_turn, timed
from abacist.bench.workload import limit, long, shape, short, step, tokens
from abacist.models.transformer import Transformer


@dataclass(frozen=True)
class Training(Measure):
    """Whole training steps: forward, backward, clipping, optimizer; batches are made beforehand.

    Tokens are those read, padding left out. The ratio is the share of the limit: the operations that a step
    *needs* (6 for each matrix weight and token that passes it, the last block and the head for the answer's
    tokens only, attention's products without the masked half) a second, over those of the best matrix
    product, timed in turn with it in the same precision on the same threads. Short rows are those of the
    recipe `demo`; long ones are random characters. Precision and threads are those a run would choose.
    """

    widths: tuple[int, ...] = (32, 64, 128, 256, 384, 512)
    layers: int = 4
    short_rows: int = 256
    long_rows: int = 16
    long_length: int = 256
    sizes: tuple[int, ...] = (512, 1024, 2048)
    rounds: int = 7
    least: float = 0.5

    def quick(self) -> "Training":
        """Return two small widths, two rounds."""
        return replace(self, widths=(32, 64), sizes=(256,), short_rows=64, long_rows=2, rounds=2, least=0.01)

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield a row for each width and kind of row."""
        limits: dict[tuple[str, int], tuple[Side, int]] = {}
        for name in ("short", "long"):
            for width in self.widths:
                bench.say(f"{name} rows, width {width}")
                yield self._row(name, width, limits)

    def _row(self, name: str, width: int, limits: dict[tuple[str, int], tuple[Side, int]]) -> Row:
        form = shape(width, self.layers)
        count = self.short_rows if name == "short" else self.long_rows
        kind, batch = short(form, count) if name == "short" else long(form, count, self.long_length)
        assert isinstance(kind.model, Transformer)
        flops = training_flops(kind.model, batch)
        call, chosen = step(kind, batch)
        dtype, threads = chosen.dtype, int(chosen.threads)
        with using_threads(threads):
            if (dtype, threads) not in limits:
                limits[dtype, threads] = limit(self.sizes, dtype, min(self.least, 0.1))
            best, operations = limits[dtype, threads]
            timing = in_turn({"step": timed(call, self.least), "limit": best}, self.rounds)
        length = batch.ids.shape[1] - 1
        settings = {**form, "rows": count, "row_length": length, "dtype": dtype, "threads": threads}
        share = timing.times("step", "limit").scaled(flops / operations)
        words = f"width {width}, {count} rows of {length} tokens"
        gflops = f"{flops / 1e9:.2f} GFLOP a step"
        return Row.of(
            words,
            "tokens/s",
            timing.rate("step", tokens(batch)),
            settings,
            share,
            f"the limit in {dtype}, threads: {threads}",
            gflops,
        )
