"""Batches made on the fly: batch i is a function of the seed and i alone."""

from collections.abc import Iterator, Sequence

from abacist.core.errors import SettingsError
from abacist.core.seeds import stream
from abacist.problems.problem import Problem
from abacist.problems.targets import TARGETS
from abacist.problems.task import SideChoice, Task
from abacist.text.batch import Batch, collate, pad_lists
from abacist.text.codec import Codec


class ProblemStream:
    """Endless batches of problems drawn from a task."""

    def __init__(
        self, task: Task, codec: Codec, seed: int, size: int, side: SideChoice = "train", targets: Sequence[str] = ()
    ):
        unknown = [name for name in targets if name not in TARGETS]
        if unknown:
            raise SettingsError(f"data.targets: no target {unknown[0]!r}; there are {', '.join(TARGETS)}")
        self.task, self.codec, self.seed, self.size, self.side = task, codec, seed, size, side
        self.targets = tuple(targets)

    def problems(self, index: int) -> Iterator[Problem]:
        """Yield the problems of batch `index`."""
        rng = stream(self.seed, self.side, index)
        for _ in range(self.size):
            yield self.task.sample(rng, self.side)

    def batch(self, index: int) -> Batch:
        """Make batch `index`."""
        problems = list(self.problems(index))
        targets = {name: pad_lists([TARGETS[name](p.question) for p in problems]) for name in self.targets}
        rows = [self.codec.row(problem) for problem in problems]
        return collate(rows, self.codec.classes, self.codec.tokenizer.pad_id, targets)

    def longest(self, batches: int = 4) -> int:
        """Return the number of tokens of the longest row of the first batches."""
        return max(self.batch(index).ids.shape[1] for index in range(batches))
