"""One token a word, as far as the vocabulary knows it."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from abacist.core.errors import DataError, SettingsError
from abacist.text.tokenizer import (
    END,
    PAD,
    START,
    UNKNOWN,
    Tokenizer,
    isolated,
    not_learnt,
    read_tokens,
    write_word_level,
)


@dataclass(frozen=True)
class WordSettings:
    """How text is cut into words, and how many of them are known."""

    vocab_size: int = 8192
    """Tokens at most, padding, start, end and the unknown one among them; the most frequent words are taken."""
    pattern: str = r" ?[A-Za-z]+| ?[0-9]+|[^A-Za-z0-9]"
    """A regular expression that finds word after word. It may not know letters beyond ASCII by classes such as
    \\\\w, which differ between Python and the `tokenizers` library; what it does not find is lost."""

    def __post_init__(self) -> None:
        if self.vocab_size < 5:
            raise SettingsError(f"vocab_size must be at least 5, got {self.vocab_size}")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise SettingsError(f"pattern is no regular expression: {error}") from None


class Word(Tokenizer):
    """Words with the space before them, numbers, and every other character by itself.

    What is lost: a word outside the vocabulary becomes the unknown token, and decodes to `<unk>`. Where a text has
    such tokens no bits a character are told of it; how many there are is, wherever a corpus is encoded. All else
    comes back exactly.
    """

    unknown_id = 3
    Settings = WordSettings

    def __init__(self, settings: WordSettings, words: list[str] | None = None):
        """`words` are in the order of their ids. Raises: SettingsError without them."""
        if words is None:
            raise not_learnt("word")
        self.settings, self.words = settings, words

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Word) and (self._pattern, self.words) == (other._pattern, other.words)

    def __hash__(self) -> int:
        return hash((self._pattern, tuple(self.words)))

    @classmethod
    def learn(cls, texts: Iterable[str], **settings: Any) -> Self:
        """Take the most frequent words of texts; of equally frequent ones the first in the alphabet."""
        chosen = WordSettings(**settings)
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(_found(chosen.pattern, text))
        for special in (PAD, START, END, UNKNOWN):
            counts.pop(special, None)
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(chosen, ranked[: chosen.vocab_size - 4])

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens by id."""
        return [PAD, START, END, UNKNOWN, *self.words]

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: index for index, token in enumerate(self.vocabulary) if index > self.end_id}

    @property
    def _pattern(self) -> str:
        return self.settings.pattern

    def encode(self, text: str) -> list[int]:
        """Return one id a word; that of the unknown token for a word outside the vocabulary."""
        return [self._ids.get(word, 3) for word in _found(self._pattern, text)]

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids, with `<unk>` for what was unknown."""
        return "".join(self.vocabulary[index] for index in ids if index > self.end_id)

    def save(self, path: Path) -> None:
        """Write a word-level model in the `tokenizers` JSON form."""
        write_word_level(path, self.vocabulary, isolated(self._pattern))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote. Raises: DataError if the file is something else."""
        try:
            form = json.loads(path.read_text(encoding="utf-8"))
            unknown, *words = read_tokens(form)
            if unknown != UNKNOWN:
                raise ValueError("it has no unknown token")
            settings = WordSettings(max(5, len(words) + 4), form["pre_tokenizer"]["pattern"]["Regex"])
        except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError(f"{path} is not a tokenizer of words: {error!r}") from None
        return cls(settings, words)


def _found(pattern: str, text: str) -> Iterator[str]:
    return (match[0] for match in re.finditer(pattern, text) if match[0])
