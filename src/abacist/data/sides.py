"""Which text of a corpus is trained on, and which validates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from abacist.core.errors import SettingsError
from abacist.core.seeds import key_to_integer
from abacist.text.corpus import Document

TextSide = Literal["train", "validation"]
SIDES: tuple[TextSide, TextSide] = get_args(TextSide)

By = Literal["document", "block", "last"]


@dataclass(frozen=True, slots=True)
class Sided:
    """A stretch of text and its side."""

    side: TextSide
    name: str
    """Of the document."""
    text: str
    begins: bool
    """Nothing before it on its side belongs to it: a document begins, or goes on behind a stretch of the other side."""


@dataclass(frozen=True)
class TextSplit:
    """How the text of a corpus is divided."""

    by: By = "document"
    """By a hash of each document's name; by a hash of the name and the number of each block of a document, so that
    blocks of one document stand on both sides; or the last share of all characters in the corpus's order, as
    nanoGPT has it for its one file."""
    validation: float = 0.1
    """Share of the text that validates."""
    block: int = 10_000
    """Characters of a block."""

    def __post_init__(self) -> None:
        if self.by not in get_args(By):
            raise SettingsError(f"by must be one of {', '.join(get_args(By))}, got {self.by!r}")
        if not 0 <= self.validation < 1:
            raise SettingsError(f"validation must be at least 0 and below 1, got {self.validation}")
        if self.block < 1:
            raise SettingsError(f"block must be at least 1, got {self.block}")

    def side(self, *keys: int | str) -> TextSide:
        """Return the side that the hash of a name falls to: the same in every corpus and for every seed."""
        return "validation" if key_to_integer("validation", *keys) < self.validation * 2**64 else "train"

    def sided(self, documents: Iterable[Document], characters: int) -> Iterator[Sided]:
        """Cut documents to stretches of one side each, in their order.

        `characters` is how many the corpus has; only `last` needs it.
        """
        # As nanoGPT reckons it: int(n * 0.9) characters to train on.
        border = int(characters * (1 - self.validation))
        total = inside = 0
        before: TextSide | None = None
        for document in documents:
            if document.part == 0:
                inside, before = 0, None
            start, length = 0, len(document.text)
            while start < length:
                here, end = self._stretch(document.name, inside, total, length - start, border)
                # Blocks side by side on one side are one stretch.
                while start + end < length and self.by == "block":
                    side, more = self._stretch(document.name, inside + end, total + end, length - start - end, border)
                    if side != here:
                        break
                    end += more
                yield Sided(here, document.name, document.text[start : start + end], here != before)
                start, total, inside, before = start + end, total + end, inside + end, here

    def _stretch(self, name: str, inside: int, total: int, left: int, border: int) -> tuple[TextSide, int]:
        """Return the side at a place of a document, and for how many of the characters left it holds."""
        if self.by == "last":
            return ("train", min(left, border - total)) if total < border else ("validation", left)
        if self.by == "block":
            return self.side(name, inside // self.block), min(left, self.block - inside % self.block)
        return self.side(name), left
