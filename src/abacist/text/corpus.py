"""The seam for corpora: where text comes from that is no problem and no answer."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from abacist.core.catalogue import Part
from abacist.core.errors import DataError

if TYPE_CHECKING:
    from abacist.text.tokenizer import Tokenizer

FOLDER = "text.corpora"

NANOGPT = ("train.bin", "val.bin")
"""What nanoGPT calls its files; a folder with either is read as one of tokens."""

PIECE = 2**20
"""Characters of a document that are held at once; a longer one comes in parts."""

TEXTS = (".txt", ".text", ".md", ".markdown", ".rst", ".org", ".htm", ".html")
"""Endings of texts that are no LaTeX."""

LISTED = 20
"""Faults of one kind that are listed of one file; of more there is a count."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text, or one part of a long text."""

    name: str
    """Where it is in its corpus, wherever the corpus is: the path inside the folder that was named."""
    text: str
    part: int = 0
    """0 begins a document; its further parts follow at once, in order, and joined they are the whole."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a source and did not stop anything."""

    source: str
    what: str
    line: int | None = None
    """From 1."""
    offset: int | None = None
    """Bytes before it in the file."""

    def __str__(self) -> str:
        where = f", line {self.line}" if self.line is not None else ""
        where += f", byte {self.offset}" if self.offset is not None else ""
        return f"{self.source}{where}: {self.what}"


class Corpus(ABC):
    """Documents, each time the same and in the same order."""

    @abstractmethod
    def documents(self, faults: list[Fault]) -> Iterator[Document]:
        """Yield the documents one by one, and add to `faults` what is wrong in them and was mended or left out.

        Not one character of a document is NUL, and lines end in a newline alone. Memory does not grow with the
        corpus.
        Raises: DataError where there is no text at all.
        """


class TokenCorpus(ABC):
    """A source that brings its tokens, and what validates apart from what is trained on, in place of documents."""

    @abstractmethod
    def files(self) -> tuple[Path, Path]:
        """Return the file to train on and the one that validates: ids as little-endian uint16, nothing between them.

        Raises: DataError if one is missing, or is none.
        """

    @abstractmethod
    def tokenizer(self) -> "tuple[Part, Tokenizer] | None":
        """Return what the ids stand for, and the setting that names it; None if nothing says so.

        The ids count from 0; where a tokenizer begins with padding, start and end they stand for those behind.
        Raises: DataError if what says so cannot be read.
        """


def in_pieces(chunks: Iterable[str], size: int = PIECE) -> Iterator[str]:
    """Join and cut a text to about `size` characters a piece: at line ends, or anywhere in a line longer than that."""
    held: list[str] = []
    length = 0
    for chunk in chunks:
        held.append(chunk)
        length += len(chunk)
        if length < size:
            continue
        text = "".join(held)
        while len(text) >= size:
            end = text.rfind("\n", 0, size) + 1 or size
            yield text[:end]
            text = text[end:]
        held, length = [text], len(text)
    if length:
        yield "".join(held)


@dataclass(frozen=True)
class Survey:
    """What a corpus holds."""

    documents: int
    characters: int
    utf8_bytes: int
    """Bytes of the text as it was read, in UTF-8, whatever the files are in."""
    digest: str
    """Of every document's name and text, in hex: two corpora of the same digest are the same."""
    faults: list[Fault]

    def facts(self) -> dict[str, int | None]:
        """Return how much there is."""
        counts = {"documents": self.documents, "characters": self.characters, "utf8_bytes": self.utf8_bytes}
        return {**counts, "faults": len(self.faults)}


def survey(corpus: Corpus, tick: Callable[[int], None] = lambda _: None) -> Survey:
    """Read a corpus once, a piece at a time; `tick` is told of how many characters it has read.

    Raises: DataError where there is no text at all.
    """
    faults: list[Fault] = []
    documents = characters = utf8_bytes = 0
    digest = hashlib.sha256()
    for document in corpus.documents(faults):
        if document.part == 0:
            documents += 1
            # A length before each name and none within a document: however it is cut, the digest is the same.
            name = document.name.encode()
            digest.update(b"\0%d\0%b\0" % (len(name), name))
        raw = document.text.encode()
        digest.update(raw)
        characters += len(document.text)
        utf8_bytes += len(raw)
        tick(characters)
    return Survey(documents, characters, utf8_bytes, digest.hexdigest(), faults)


def texts(corpus: Corpus) -> Iterator[str]:
    """Yield the text of a corpus piece by piece, as tokenizers learn from it; what is wrong in it is not told."""
    for document in corpus.documents([]):
        yield document.text


def nothing_read(named: str, faults: list[Fault]) -> DataError:
    """Return the error for a source of which nothing could be read; it tells the first reason."""
    others = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return DataError(f"{named} holds no text: {faults[0]}{others}" if faults else f"{named} holds no text")


def corpus_at(paths: list[str], name: str | None = None) -> Part:
    """Return the corpus of paths, the one that is named, or else the one they look like.

    That is an address, the tokens of nanoGPT, LaTeX if each is a .tex file or a folder of mainly these, else text
    files.
    """
    if name is None and len(paths) == 1 and any((Path(paths[0]) / file).is_file() for file in NANOGPT):
        name = "nanogpt"
    if name is not None:
        single = {"url": "url", "nanogpt": "path"}
        return Part(name, {single[name]: paths[0]} if name in single else {"paths": paths})
    if len(paths) == 1 and paths[0].startswith(("http://", "https://")):
        return Part("url", {"url": paths[0]})
    is_latex = bool(paths) and all(map(_looks_like_latex, paths))
    return Part("latex" if is_latex else "files", {"paths": paths})


def _looks_like_latex(path: str) -> bool:
    """Tell a .tex file, and a folder that has more of them than of other texts."""
    if path.endswith(".tex"):
        return True
    tex = others = 0
    for _, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        shown = [name for name in files if not name.startswith(".")]
        tex += sum(name.endswith(".tex") for name in shown)
        others += sum(name.endswith(TEXTS) for name in shown)
    return tex > others
