"""The seam for tokenizers: text to token ids and back."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

FOLDER = "text.tokenizers"

PAD, START, END = "<pad>", "<start>", "<end>"


class Tokenizer(ABC):
    """Text to ids and back. Ids 0, 1 and 2 are padding, start and end in every tokenizer of ours."""

    pad_id, start_id, end_id = 0, 1, 2

    @property
    @abstractmethod
    def vocabulary(self) -> list[str]:
        """The tokens by id."""

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without start and end.

        Raises: DataError that names what cannot be written in this vocabulary, and its place.
        """

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
