"""One token a character, and one a hint."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import DataError, SettingsError
from abacist.text.characters import Characters
from abacist.text.hints import HINTS
from abacist.text.tokenizer import END, PAD, START
from abacist.text.tokenizers.character import Character


@dataclass(frozen=True)
class Hints(Character):
    """Characters, then the first so many hints of the format `hinted`, in their order."""

    hints: int = 128
    """How many: the digits of the longest number that can be written."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.hints <= len(HINTS):
            raise SettingsError(f"hints must be 1 to {len(HINTS)}, got {self.hints}")
        if both := set(self.characters) & set(HINTS):
            raise SettingsError(f"characters must hold no hints, {''.join(sorted(both))!r} are some")

    @classmethod
    def learn(cls, texts: Iterable[str], **settings: Any) -> Self:
        """Learn nothing: hints stand in problems alone."""
        return cls(**settings)

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens by id."""
        return [PAD, START, END, *self.characters, *HINTS[: self.hints]]

    def encode(self, text: str) -> list[int]:
        """Return one id a character. Raises: DataError for a hint beyond those known, and any other character."""
        if not set(HINTS[self.hints :]).isdisjoint(text):
            raise DataError(
                f"a number has a digit beyond the {self.hints} places that this model has hints for; "
                "text.tokenizer.hints says how many a model has"
            )
        return super().encode(text)

    def encode_batch(self, texts: Characters) -> NDArray[np.int32]:
        """Look every character up at once. Raises: DataError as `encode` does."""
        return super().encode_batch(texts)

    @classmethod
    def load(cls, path: Path) -> "Hints":
        """Read what `save` wrote. Raises: DataError if the file is something else."""
        tokens = Character.load(path).characters
        characters = "".join(token for token in tokens if token not in HINTS)
        hints = tokens[len(characters) :]
        if not characters or not hints or not HINTS.startswith(hints):
            raise DataError(f"{path} is not a tokenizer of characters and hints")
        return cls(characters, len(hints))
