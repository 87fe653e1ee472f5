"""One token a character."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import DataError, SettingsError
from abacist.text.characters import Characters, texts_of
from abacist.text.tokenizer import END, PAD, START, Tokenizer, isolated, read_tokens, write_word_level


@dataclass(frozen=True)
class Character(Tokenizer):
    """Every character is a token, after padding, start and end."""

    characters: str = "0123456789+-*/()=. "

    def __post_init__(self) -> None:
        twice = {character for character, count in Counter(self.characters).items() if count > 1}
        if not self.characters:
            raise SettingsError("characters must hold at least one character")
        if twice:
            raise SettingsError(f"characters must differ from each other, {''.join(sorted(twice))!r} stands twice")

    @classmethod
    def learn(cls, texts: Iterable[str], **settings: Any) -> Self:
        """Take all characters of texts, in the order of their codes; `characters` other than the default stay."""
        default = next(field.default for field in fields(cls) if field.name == "characters")
        if settings.get("characters", default) != default:
            return cls(**settings)
        known: set[str] = set()
        for text in texts:
            known.update(text)
        return cls(**{**settings, "characters": "".join(sorted(known)) or default})

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens by id."""
        return [PAD, START, END, *self.characters]

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {character: index for index, character in enumerate(self.vocabulary)}

    def encode(self, text: str) -> list[int]:
        """Return one id a character. Raises: DataError for a character outside the vocabulary."""
        try:
            return [self._ids[character] for character in text]
        except KeyError:
            place, unknown = next((i, c) for i, c in enumerate(text) if c not in self._ids)
            raise DataError(
                f"the character {unknown!r} at place {place + 1} of {_excerpt(text, place)!r} "
                f"is unknown to this model; it knows {_named(self.characters)}"
            ) from None

    @cached_property
    def _id_of_code(self) -> NDArray[np.int32]:
        """The id of each character code, -1 for those that have none; the last stands for all beyond."""
        codes = [ord(character) for character in self.vocabulary[3:]]
        table = np.full(max(codes) + 2, -1, dtype=np.int32)
        table[codes] = range(3, len(self.vocabulary))
        table[0] = 0
        return table

    def encode_batch(self, texts: Characters) -> NDArray[np.int32]:
        """Look every character up at once. Raises: DataError for a character outside the vocabulary."""
        ids = self._id_of_code[np.minimum(texts, len(self._id_of_code) - 1)]
        unknown = (ids < 0).any(axis=1)
        if unknown.any():
            self.encode(texts_of(texts[unknown])[0])
        return ids

    def encode_array(self, text: str) -> NDArray[np.int32]:
        """Look every character up at once. Raises: DataError for a character outside the vocabulary."""
        codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
        ids = self._id_of_code[np.minimum(codes, len(self._id_of_code) - 1)]
        # A NUL that is in the vocabulary has no place in the table, where it stands for no character.
        return np.array(self.encode(text), dtype=np.int32) if (ids <= 0).any() else ids

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids."""
        return "".join(self.vocabulary[index] for index in ids if index > self.end_id)

    def save(self, path: Path) -> None:
        """Write a word-level model over single characters in the `tokenizers` JSON form."""
        write_word_level(path, self.vocabulary, isolated(r"[\s\S]"))

    @classmethod
    def load(cls, path: Path) -> "Character":
        """Read what `save` wrote. Raises: DataError if the file is something else."""
        try:
            tokens = read_tokens(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError(f"{path} is not a character tokenizer: {error!r}") from None
        return cls("".join(tokens))


def _named(characters: str, most: int = 100) -> str:
    more = f" and {len(characters) - most:,} more" if len(characters) > most else ""
    return f"{characters[:most]!r}{more}"


def _excerpt(text: str, place: int, width: int = 20) -> str:
    start = max(0, place - width)
    return text[start : place + width]
