"""A corpus as token ids on disk, encoded once and then mapped into memory.

A folder of tokens holds for each side `NAME.bin`, the ids one behind the other as little-endian uint16 or uint32,
and `NAME.documents.bin`, the places in it where documents begin, as little-endian int64; and `tokens.json`, which
says what they are. The ids have no start and end: whoever takes them puts these in.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import DataError
from abacist.core.seeds import generator
from abacist.data.overlap import Spool, overlap
from abacist.data.sides import SIDES, Sided, TextSide, TextSplit
from abacist.text.corpus import Corpus, Survey, survey
from abacist.text.tokenizer import Tokenizer, fingerprint

HEADER = "tokens.json"
FORM = 2
"""Of the folder; another one is encoded anew."""

Ids = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Tokens:
    """One side of a corpus.

    Shapes: ids (tokens,), mapped from the file; documents (documents,), where each begins, 0 first.
    """

    ids: Ids
    documents: NDArray[np.int64]
    characters: int | None = None
    """Of the text that the ids are of, so that a loss can be told per character; None where nobody knows."""
    utf8_bytes: int | None = None
    """Of that text."""
    unknown: int = 0
    """Tokens that stand for text which the vocabulary lacks: what they were is lost."""
    shift: int = 0
    """Added to every id when it is taken: 3 where a file's ids begin at 0 and those of the model with padding."""

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, start: int, stop: int) -> NDArray[np.int64]:
        """Return the ids from one place to another. Shape: (stop - start,)."""
        return self.ids[start:stop].astype(np.int64) + self.shift


@dataclass(frozen=True)
class TokenFolder:
    """A corpus on disk, both its sides."""

    path: Path
    train: Tokens
    validation: Tokens
    header: dict[str, Any] = field(default_factory=dict)
    """What `tokens.json` says."""

    @property
    def digest(self) -> str:
        """Of the corpus, in hex."""
        digest: str = self.header["corpus"]
        return digest

    def facts(self) -> dict[str, int | None]:
        """Return how much there is on both sides together, where a corpus is nothing but these tokens."""
        sides = self.header["sides"].values()
        names = ("documents", "characters", "utf8_bytes")
        sums = {name: [side[name] for side in sides] for name in names}
        return {**{name: None if None in each else sum(each) for name, each in sums.items()}, "faults": 0}

    def side(self, side: TextSide) -> Tokens:
        """Return one side."""
        return self.train if side == "train" else self.validation


def encoded(
    folder: Path,
    corpus: Corpus,
    tokenizer: Tokenizer,
    split: TextSplit,
    surveyed: Survey | None = None,
    tick: Callable[[int, int], None] = lambda *_: None,
) -> TokenFolder:
    """Return a corpus as tokens, encoded into a folder of its own below `folder`, or found there.

    The folder's name is a digest of the text, the tokenizer and the split, so that what has not changed is not
    encoded again, and it appears when it is complete; one of which a file is gone is made anew. Memory holds a piece
    of the text at a time. `surveyed` spares reading the corpus once more; `tick` is told of how many characters out of
    how many are encoded. How much of the validation text stands in the training text, too, is looked for at once and
    kept in the header (`data/overlap.py`).
    Raises: DataError where there is no text, or where the tokenizer cannot write it, with the document's name.
    """
    surveyed = surveyed or survey(corpus)
    known = fingerprint(tokenizer)
    keys = (FORM, surveyed.digest, known, split.by, repr(split.validation), split.block if split.by == "block" else 0)
    path = folder / hashlib.sha256("\x1f".join(map(str, keys)).encode()).hexdigest()[:16]
    if (found := _whole(path)) is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{path.name}.{uuid.uuid4().hex[:8]}.part"
    unfinished.mkdir()
    try:
        # To read a corpus may take long (an address, LaTeX), to read it back takes none.
        spool = Spool(unfinished / "text.part")
        stretches = spool.kept(split.sided(corpus.documents([]), surveyed.characters))
        whole = 3 * surveyed.characters  # read once to be encoded, and twice to be compared
        header = {
            "form": FORM,
            "corpus": surveyed.digest,
            "tokenizer": known,
            "split": dataclasses.asdict(split),
            **_write(unfinished, stretches, tokenizer, lambda done: tick(done, whole)),
        }
        shared = overlap(spool.read, tick=lambda done: tick(surveyed.characters + done, whole))
        header["overlap"] = dataclasses.asdict(shared)
        spool.path.unlink()
        (unfinished / HEADER).write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")
        try:
            if _whole(path) is None:
                shutil.rmtree(path, ignore_errors=True)
            unfinished.replace(path)
        except OSError:
            if _whole(path) is None:  # else another process has been quicker
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return open_tokens(path)


def _whole(path: Path) -> TokenFolder | None:
    """Return the tokens of a folder; None if there is none, or something has been taken out of it."""
    try:
        return open_tokens(path)
    except DataError:
        return None


def _write(
    folder: Path, stretches: Iterable[Sided], tokenizer: Tokenizer, tick: Callable[[int], None]
) -> dict[str, Any]:
    """Write the ids of both sides; return what the header says of them."""
    dtype = "<u2" if len(tokenizer.vocabulary) <= 2**16 else "<u4"
    writers = {side: _Writer(folder, side, dtype, tokenizer) for side in SIDES}
    try:
        for stretch in stretches:
            writers[stretch.side].add(stretch)
            tick(sum(writer.counts["characters"] for writer in writers.values()))
    finally:
        for writer in writers.values():
            writer.close()
    vocabulary = {"dtype": dtype, "vocab_size": len(tokenizer.vocabulary)}
    return {**vocabulary, "sides": {side: writer.counts for side, writer in writers.items()}}


class _Writer:
    """The files of one side."""

    def __init__(self, folder: Path, side: TextSide, dtype: str, tokenizer: Tokenizer):
        self.ids: BinaryIO = (folder / f"{side}.bin").open("wb")
        self.places: BinaryIO = (folder / f"{side}.documents.bin").open("wb")
        self.dtype, self.tokenizer = dtype, tokenizer
        self.counts = dict.fromkeys(("tokens", "documents", "characters", "utf8_bytes", "unknown"), 0)

    def add(self, stretch: Sided) -> None:
        if stretch.begins:
            self.places.write(np.array([self.counts["tokens"]], dtype="<i8").tobytes())
            self.counts["documents"] += 1
        try:
            ids = self.tokenizer.encode_array(stretch.text)
        except DataError as error:
            raise DataError(f"{stretch.name}: {error}") from None
        self.ids.write(ids.astype(self.dtype).tobytes())
        self.counts["tokens"] += len(ids)
        self.counts["characters"] += len(stretch.text)
        self.counts["utf8_bytes"] += len(stretch.text.encode())
        if self.tokenizer.unknown_id is not None:
            self.counts["unknown"] += int((ids == self.tokenizer.unknown_id).sum())

    def close(self) -> None:
        for file in (self.ids, self.places):
            if not file.closed:
                file.flush()
                os.fsync(file.fileno())
                file.close()


def open_tokens(path: Path) -> TokenFolder:
    """Map the tokens of a folder that `encoded` wrote. Raises: DataError if it holds none, or not all of them."""
    try:
        header = json.loads((path / HEADER).read_text(encoding="utf-8"))
        if header["form"] != FORM:
            raise ValueError(f"it has form {header['form']}, this abacist reads form {FORM}")
        sides = {}
        for side in SIDES:
            counts = header["sides"][side]
            ids = mapped(path / f"{side}.bin", header["dtype"], counts["tokens"])
            places = mapped(path / f"{side}.documents.bin", "<i8", counts["documents"])
            sides[side] = Tokens(ids, places, counts["characters"], counts["utf8_bytes"], counts["unknown"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no folder of tokens: {error}") from None
    return TokenFolder(path, sides["train"], sides["validation"], header)


def mapped(path: Path, dtype: str, count: int) -> NDArray[Any]:
    """Map a file of so many numbers. Raises: ValueError if it has another length."""
    kind = np.dtype(dtype)
    size = path.stat().st_size
    if size != count * kind.itemsize:
        raise ValueError(f"{path.name} has {size:,} bytes, not {count * kind.itemsize:,}")
    # Nothing of no length can be mapped.
    # A plain array over the map: every slice of a memmap pays for its class.
    return np.asarray(np.memmap(path, dtype=kind, mode="r", shape=(count,))) if count else np.empty(0, dtype=kind)


def blocks(tokens: Tokens, seed: int, index: int, rows: int, context: int) -> NDArray[np.int64]:
    """Return batch `index` of blocks that begin anywhere, as nanoGPT draws them: a function of seed and index alone.

    Shapes: result (rows, context + 1), of which all but the last are inputs and all but the first targets.
    Raises: DataError if there are not so many tokens.
    """
    if len(tokens) <= context:
        raise DataError(f"{len(tokens):,} tokens are too few for a block of {context:,} and the one behind it")
    starts = generator(seed, "blocks", index).integers(0, len(tokens) - context, size=rows)
    return np.stack([tokens.take(start, start + context + 1) for start in starts.tolist()])
