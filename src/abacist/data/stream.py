"""Batches made on the fly: batch i is a function of the seed and i alone."""

from collections.abc import Sequence
from functools import lru_cache

from abacist.core.errors import SettingsError
from abacist.core.seeds import generator
from abacist.problems.problem import Problem
from abacist.problems.targets import TARGETS
from abacist.problems.task import Drawn, SideChoice, Task
from abacist.text.batch import Batch, batch_of, pad_lists
from abacist.text.codec import Codec
from abacist.text.coordinates import Integers
from abacist.text.rows import Rows

BLOCK = 4096
"""Rows drawn at once, a few batches of them: what columns cost at all is then paid once for many rows."""


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
        self.batches = max(1, BLOCK // size)
        self._block = lru_cache(maxsize=2)(self._draw)

    def _draw(self, block: int) -> tuple[Drawn, Batch, Integers]:
        """Draw `batches` batches as one, with the lengths of rows: a block is a function of the seed and its number."""
        rng = generator(self.seed, self.side, block)
        drawn = self.task.sample_batch(rng, self.side, self.batches * self.size)
        rows = Rows.join([self.codec.rows(group, drawn.rounding) for group in drawn.groups])
        rows = rows.take(drawn.order)
        return drawn, batch_of(rows, self.codec.classes), rows.lengths

    def _place(self, index: int) -> tuple[Drawn, Batch, Integers, slice]:
        block, place = divmod(index, self.batches)
        return *self._block(block), slice(place * self.size, (place + 1) * self.size)

    def problems(self, index: int) -> list[Problem]:
        """Return the problems of batch `index`."""
        drawn, *_, part = self._place(index)
        return drawn.problems[part]

    def batch(self, index: int) -> Batch:
        """Make batch `index`."""
        _, whole, lengths, part = self._place(index)
        seq = int(lengths[part].max())
        questions = [problem.question for problem in self.problems(index)] if self.targets else []
        targets = {name: pad_lists([TARGETS[name](question) for question in questions]) for name in self.targets}
        return Batch(whole.ids[part, :seq], whole.coordinates[part, :seq], whole.loss_mask[part, :seq], targets)

    def longest(self, batches: int = 4) -> int:
        """Return the number of tokens of the longest row of the first batches."""
        return max(self.batch(index).ids.shape[1] for index in range(batches))
