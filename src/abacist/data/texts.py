"""Batches of text: rows from one corpus or several, to train on and to validate with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from abacist.core.catalogue import Part, PartOf
from abacist.core.errors import DataError, SettingsError
from abacist.core.seeds import generator, key_to_integer
from abacist.data.documents import PackedDocuments
from abacist.data.packing import Packed
from abacist.data.sides import TextSplit
from abacist.data.tokens import Tokens, blocks
from abacist.text import corpus as corpora
from abacist.text.batch import Batch
from abacist.text.choice import Choice
from abacist.text.coordinates import Integers, coordinates
from abacist.text.tokenizer import Tokenizer

CYCLE = 1000
"""Rows in which every source has exactly its share, in an order of their own."""

TOKENS = 2**14
"""Tokens of a batch that validates."""

RowsOf = Literal["blocks", "documents"]


@dataclass(frozen=True)
class Source:
    """A corpus and its part in a mixture."""

    text: Annotated[Part, PartOf(corpora.FOLDER)]
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.weight < float("inf"):
            raise SettingsError(f"weight must be above 0, got {self.weight}")


@dataclass(frozen=True)
class SampleSettings(Choice):
    """What is written for show, at every look during training and in the report."""

    temperature: float = 0.8
    prompt: str = ""
    tokens: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokens < 1:
            raise SettingsError(f"tokens must be at least 1, got {self.tokens}")


@dataclass(frozen=True)
class CorpusSettings:
    """The text of a run, and how rows are made of it."""

    sources: list[Source]
    """Several are mixed by their weights, row by row."""
    split: TextSplit = field(default_factory=TextSplit)
    rows: RowsOf = "blocks"
    """Blocks that begin anywhere, or whole documents side by side with their starts and ends."""
    length: int | None = None
    """Tokens of a row; null for as many as the model reads."""
    sample: SampleSettings = field(default_factory=SampleSettings)

    def __post_init__(self) -> None:
        if self.rows not in get_args(RowsOf):
            raise SettingsError(f"rows must be one of {', '.join(get_args(RowsOf))}, got {self.rows!r}")
        if self.length is not None and self.length < 1:
            raise SettingsError(f"length must be at least 1, got {self.length}")

    @property
    def shares(self) -> list[float]:
        """The part of the rows that each source has; they sum to 1."""
        total = sum(source.weight for source in self.sources)
        return [source.weight / total for source in self.sources]


class TextStream:
    """Endless batches of text: batch i is a function of the seed and i alone."""

    def __init__(
        self,
        sides: Sequence[Tokens],
        shares: Sequence[float],
        tokenizer: Tokenizer,
        classes: Integers,
        seed: int,
        size: int,
        context: int,
        rows: RowsOf = "blocks",
    ):
        """`sides`: what is trained on of each source; `context`: tokens of a row before the one only predicted.

        Raises: DataError for a source that has too little, SettingsError for a share too small to be kept.
        """
        self.sides, self.classes, self.seed, self.size, self.context = sides, classes, seed, size, context
        self.counts = _apportioned(shares)
        self._order = lru_cache(maxsize=2)(self._order_of_cycle)
        self._documents: list[PackedDocuments] = []
        if rows == "documents":
            seeds = [self._seed(place) for place in range(len(sides))]
            self._documents = [
                PackedDocuments(side, tokenizer, own, context + 1) for side, own in zip(sides, seeds, strict=True)
            ]
        else:
            for side in sides:
                if len(side) <= context:
                    raise DataError(
                        f"{len(side):,} tokens are too few for a block of {context:,} and the one behind it"
                    )

    def _seed(self, place: int) -> int:
        # A single corpus has the run's own: the draws are those of `blocks`.
        return self.seed if len(self.sides) == 1 else key_to_integer(self.seed, "source", place) % 2**63

    def _order_of_cycle(self, number: int) -> Integers:
        order = np.repeat(np.arange(len(self.counts)), self.counts)
        return order if len(self.counts) == 1 else generator(self.seed, "sources", number).permutation(order)

    def sources(self, index: int) -> tuple[Integers, Integers]:
        """Return of each row of a batch the source, and how many rows of that source came before it."""
        rows = range(index * self.size, (index + 1) * self.size)
        of, before = np.empty(self.size, dtype=np.int64), np.empty(self.size, dtype=np.int64)
        for place, (cycle, within) in enumerate(divmod(row, CYCLE) for row in rows):
            order = self._order(cycle)
            of[place] = order[within]
            before[place] = cycle * self.counts[of[place]] + int((order[:within] == of[place]).sum())
        return of, before

    def batch(self, index: int) -> Batch:
        """Make batch `index`. Shapes: (rows, context + 1); in blocks all but the first token are predicted."""
        of, before = self.sources(index)
        ids = np.empty((self.size, self.context + 1), dtype=np.int64)
        loss_mask = np.ones(ids.shape, dtype=np.bool_)
        loss_mask[:, 0] = False
        for place, side in enumerate(self.sides):
            rows = np.flatnonzero(of == place)
            if self._documents:
                for row in rows.tolist():
                    ids[row], loss_mask[row] = self._documents[place].row(int(before[row]))
            elif len(rows):
                ids[rows] = blocks(side, self._seed(place), index, len(rows), self.context)
        return Batch(ids, coordinates(ids, self.classes), loss_mask)


def _apportioned(shares: Sequence[float]) -> list[int]:
    """Return how many rows of a cycle each source has: by the largest remainders.

    Raises: SettingsError if one has none.
    """
    counts = [int(share * CYCLE) for share in shares]
    by_rest = sorted(range(len(shares)), key=lambda place: counts[place] - shares[place] * CYCLE)
    for place in by_rest[: CYCLE - sum(counts)]:
        counts[place] += 1
    if 0 in counts:
        raise SettingsError(
            f"corpus.sources.{counts.index(0)}.weight: less than one row in {CYCLE:,}; make it larger, or leave it out"
        )
    return counts


class Validation:
    """Rows that cover the text of a side, each token predicted once; or of more than `most` an even sample.

    They follow from the text alone: every seed, and every model of the same tokenizer, is measured on the same.
    """

    def __init__(
        self,
        side: Tokens,
        tokenizer: Tokenizer,
        classes: Integers,
        context: int,
        most: int | None = None,
        rows: RowsOf = "blocks",
    ):
        """Raises: DataError where there is not one row."""
        self.side, self.classes, self.context = side, classes, context
        self._documents = PackedDocuments(side, tokenizer, 0, context + 1) if rows == "documents" else None
        # The last block is shorter, if there is one.
        count = -(-(len(side) - 1) // context) if self._documents is None else len(self._documents)
        if count < 1:
            raise DataError(f"{len(side):,} tokens are too few to validate with")
        taken = count if most is None else min(count, most)
        self.whole = taken == count
        self.rows: Integers = np.linspace(0, count - 1, taken).astype(np.int64)
        ends = 0 if self._documents is None else len(side.documents)
        self.predicted = len(side) - (self._documents is None) + ends
        """Tokens that the whole side asks to predict; the ends of documents count where rows have them."""

    @property
    def tokens_per_character(self) -> float | None:
        """Tokens to predict for every character of the text; None where nobody knows how many those are.

        Nobody does where tokens stand for text that is lost: to predict them is not to predict that text.
        """
        if not self.side.characters or self.side.unknown:
            return None
        return self.predicted / self.side.characters

    @property
    def unknown(self) -> float:
        """Share of the text's tokens that stand for what the vocabulary lacks."""
        return self.side.unknown / len(self.side)

    def batches(self) -> Iterator[Batch]:
        """Yield the rows, some at a time."""
        size = max(1, TOKENS // self.context)
        for start in range(0, len(self.rows), size):
            made = [self._row(int(row)) for row in self.rows[start : start + size]]
            packed = Packed(np.stack([ids for ids, _ in made]), np.stack([mask for _, mask in made]))
            yield Batch(packed.ids, coordinates(packed.ids, self.classes), packed.loss_mask)

    def _row(self, number: int) -> tuple[Integers, NDArray[np.bool_]]:
        if self._documents is not None:
            return self._documents.row(number)
        part = self.side.take(number * self.context, (number + 1) * self.context + 1)
        ids = np.zeros(self.context + 1, dtype=np.int64)
        ids[: len(part)] = part
        places = np.arange(len(ids))
        return ids, (places > 0) & (places < len(part))
