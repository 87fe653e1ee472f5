"""Token files that others have written: mapped as they are, and looked through once.

What a look finds is kept under the file's path, size and time; so a start after the first reads none of it.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import DataError
from abacist.data.sides import SIDES
from abacist.data.tokens import FORM, TokenFolder, Tokens, mapped
from abacist.text.corpus import TokenCorpus
from abacist.text.tokenizer import Tokenizer
from abacist.text.tokenizers.character import Character

DTYPE = "<u2"
CHUNK = 2**22
"""Ids looked at at once."""


@dataclass(frozen=True)
class Looked:
    """What a file of ids holds."""

    digest: str
    """Of its bytes, in hex."""
    counts: NDArray[np.int64]
    """How often each id stands in it; the last one is above 0. Shape: (ids,)."""


def looked_through(path: Path, kept: Path, tick: Callable[[int, int], None] = lambda *_: None) -> Looked:
    """Read a file of ids, or what a look before has left in the folder `kept`.

    `tick` is told of how many ids out of how many.
    """
    stat = path.stat()
    key = f"{FORM}\0{path.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}"
    note = kept / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    if note.is_file():
        values = json.loads(note.read_text(encoding="utf-8"))
        return Looked(values["digest"], np.array(values["counts"], dtype=np.int64))
    ids, counts, digest = _ids(path), np.zeros(2**16, dtype=np.int64), hashlib.sha256()
    for start in range(0, len(ids), CHUNK):
        part = np.asarray(ids[start : start + CHUNK])
        counts += np.bincount(part, minlength=len(counts))
        digest.update(part.data)
        tick(min(start + CHUNK, len(ids)), len(ids))
    found = Looked(digest.hexdigest(), np.trim_zeros(counts, "b"))
    kept.mkdir(parents=True, exist_ok=True)
    unfinished = note.with_suffix(f".{os.getpid()}.part")
    unfinished.write_text(json.dumps({"digest": found.digest, "counts": found.counts.tolist()}), encoding="utf-8")
    unfinished.replace(note)
    return found


def opened(
    corpus: TokenCorpus,
    tokenizer: Tokenizer,
    first: int,
    kept: Path,
    tick: Callable[[int, int], None] = lambda *_: None,
) -> TokenFolder:
    """Map the files of a corpus that brings its tokens; each is one document.

    `first` is the id that the tokenizer has for 0 in the files. Characters are counted if tokens are characters.
    Raises: DataError for an id beyond the vocabulary, with file and place.
    """
    sides, known = {}, tokenizer.vocabulary[first:]
    digest = hashlib.sha256()
    for side, path in zip(SIDES, corpus.files(), strict=True):
        looked = looked_through(path, kept, tick)
        if len(looked.counts) > len(known):
            place, wrong = _beyond(_ids(path), len(known))
            raise DataError(
                f"{path} has the id {wrong:,} at place {place:,} (byte {2 * place:,}); the vocabulary ends at "
                f"{len(known) - 1:,}"
            )
        characters = utf8_bytes = None
        if isinstance(tokenizer, Character):
            widths = np.array([len(each.encode()) for each in known[: len(looked.counts)]], dtype=np.int64)
            characters, utf8_bytes = int(looked.counts.sum()), int((looked.counts * widths).sum())
        ids = _ids(path)
        sides[side] = Tokens(ids, np.zeros(min(1, len(ids)), dtype=np.int64), characters, utf8_bytes, shift=first)
        digest.update(looked.digest.encode())
    header: dict[str, Any] = {
        "corpus": digest.hexdigest(),
        "vocab_size": len(tokenizer.vocabulary),
        "sides": {side: _counts(tokens) for side, tokens in sides.items()},
    }
    return TokenFolder(corpus.files()[0].parent, sides["train"], sides["validation"], header)


def ids_there(corpus: TokenCorpus, kept: Path) -> int:
    """Return how many ids a vocabulary must have for the files of a corpus."""
    return max(len(looked_through(path, kept).counts) for path in corpus.files())


def _ids(path: Path) -> NDArray[Any]:
    return mapped(path, DTYPE, path.stat().st_size // 2)


def _beyond(ids: NDArray[Any], size: int) -> tuple[int, int]:
    """Return the first place of an id that is not below `size`, from 0, and that id."""
    for start in range(0, len(ids), CHUNK):
        wrong = np.flatnonzero(ids[start : start + CHUNK] >= size)
        if len(wrong):
            return start + int(wrong[0]), int(ids[start + wrong[0]])
    raise AssertionError("there is one")


def _counts(tokens: Tokens) -> dict[str, int | None]:
    counts = {"characters": tokens.characters, "utf8_bytes": tokens.utf8_bytes, "unknown": tokens.unknown}
    return {"tokens": len(tokens), "documents": len(tokens.documents), **counts}
