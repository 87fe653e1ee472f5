"""The seam for tokenizers: text to token ids and back."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from abacist.core.catalogue import Part, load
from abacist.core.errors import SettingsError
from abacist.core.overrides import keep_in_step
from abacist.text.characters import Characters, texts_of

FOLDER = "text.tokenizers"

PAD, START, END, UNKNOWN = "<pad>", "<start>", "<end>", "<unk>"


class Tokenizer(ABC):
    """Text to ids and back. Ids 0, 1 and 2 are padding, start and end in every tokenizer of ours.

    One that learns its vocabulary has nested `Settings` and overrides `learn`; what it has learnt is in the file
    that `save` writes, not in the settings.
    """

    pad_id: int = 0
    start_id: int = 1
    end_id: int = 2
    unknown_id: int | None = None
    """Stands for text that the vocabulary lacks, and loses it; None where such text is an error or does not exist."""

    @property
    def unwritten(self) -> frozenset[int]:
        """Ids that no text is ever encoded to: padding, start and end."""
        return frozenset((self.pad_id, self.start_id, self.end_id))

    def __init_subclass__(cls) -> None:
        keep_in_step(cls, Tokenizer, {"encode": "encode_batch"})
        keep_in_step(cls, Tokenizer, {"encode": "encode_array"})

    @classmethod
    def learn(cls, texts: Iterable[str], **settings: Any) -> Self:
        """Return the tokenizer of these settings, with what it learns from texts; most learn nothing.

        Texts are read once, one after the other.
        """
        return cls(**settings)

    @property
    @abstractmethod
    def vocabulary(self) -> list[str]:
        """The tokens by id."""

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without start and end.

        Raises: DataError that names what cannot be written in this vocabulary, and its place.
        """

    def encode_batch(self, texts: Characters) -> NDArray[np.int32]:
        """Return the ids of many texts, one a row; 0 is no token, wherever in its row it stands.

        Raises: DataError as `encode` does.
        """
        rows = [self.encode(text) for text in texts_of(texts)]
        ids = np.zeros((len(rows), max(map(len, rows), default=0)), dtype=np.int32)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
        return ids

    def encode_array(self, text: str) -> NDArray[np.int32]:
        """Return the ids of a long text. Shape: (tokens,). Raises: DataError as `encode` does."""
        return np.array(self.encode(text), dtype=np.int32)

    @abstractmethod
    def decode(self, ids: list[int]) -> str:
        """Return the text of ids; padding, start and end are left away."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Write the JSON form that the Hugging Face `tokenizers` library reads."""

    @classmethod
    @abstractmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""


def learnt(part: Part | str | dict[str, Any], texts: Iterable[str]) -> Tokenizer:
    """Make the tokenizer that a setting chooses, and let it learn from texts what it has to."""
    part = Part.read(part)
    tokenizer: Tokenizer = load(FOLDER, part.name).learn(texts, **part.settings)
    return tokenizer


def not_learnt(name: str) -> SettingsError:
    """Return the error for a tokenizer that is asked for where there is no text to learn from."""
    return SettingsError(f"the tokenizer {name} learns its vocabulary from a corpus, and there is none to learn from")


def fingerprint(tokenizer: Tokenizer) -> str:
    """Return the SHA-256 of what `save` writes, in hex: tokenizers of the same one give the same ids."""
    import tempfile  # which a calculator would wait for

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        tokenizer.save(path)
        digest = hashlib.sha256()
        for file in sorted(Path(folder).iterdir()):
            digest.update(file.read_bytes())
        return digest.hexdigest()


def write_word_level(path: Path, vocabulary: list[str], pre_tokenizer: dict[str, Any]) -> None:
    """Write a vocabulary in the `tokenizers` JSON form: texts are cut by `pre_tokenizer`, each piece is one token."""
    special = [
        {"id": index, "content": token, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False, "special": True}
        for index, token in enumerate((PAD, START, END))
    ]
    form: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": None,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": {"type": "Fuse"},
        "model": {
            "type": "WordLevel",
            "vocab": {token: index for index, token in enumerate(vocabulary)},
            "unk_token": UNKNOWN,
        },
    }
    path.write_text(json.dumps(form, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def isolated(pattern: str) -> dict[str, Any]:
    """Return the `tokenizers` form of a cut at every match of a regular expression."""
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def read_tokens(form: dict[str, Any]) -> list[str]:
    """Return the tokens of what `write_word_level` wrote, without padding, start and end."""
    vocabulary = form["model"]["vocab"]
    return sorted(vocabulary, key=vocabulary.__getitem__)[3:]
