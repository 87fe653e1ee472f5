"""The limit: matrix products alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from abacist.bench.machine import device_name, dtypes, using_threads
from abacist.bench.measure import Bench, Measure, cores
from abacist.bench.results import Row
from abacist.bench.timing import in_turn, timed
from abacist.bench.workload import best_size, product


@dataclass(frozen=True)
class Products(Measure):
    """Products of square matrices, the best of a few sizes: the limit that training is held against.

    GFLOP/s are thousand million multiplications and additions a second, by precision and number of threads.
    """

    sizes: tuple[int, ...] = (256, 512, 1024, 2048)
    rounds: int = 7
    least: float = 0.2

    def quick(self) -> "Products":
        """Return two small sizes, two rounds."""
        return replace(self, sizes=(128, 256), rounds=2, least=0.01)

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield one row for each precision and number of threads."""
        sizes = (*self.sizes, 4096, 8192) if torch.cuda.is_available() else self.sizes
        counts = [torch.get_num_threads()] if torch.cuda.is_available() else range(1, cores() + 1)
        for dtype in dtypes():
            for threads in counts:
                bench.say(f"{dtype}, {threads} threads")
                with using_threads(threads):
                    size = best_size(sizes, dtype, self.least)
                    work, operations = product(size, dtype)
                    timing = in_turn({"product": timed(work, self.least)}, self.rounds)
                where = f"{threads} thread{'s' if threads > 1 else ''}"
                words = f"{dtype}, {device_name() if torch.cuda.is_available() else where}"
                settings = {"dtype": dtype, "threads": threads, "size": size}
                yield Row.of(words, "GFLOP/s", timing.rate("product", operations / 1e9), settings)
