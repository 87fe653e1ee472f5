"""Byte pairs: the most frequent pieces of words, down to single bytes."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import DataError, SettingsError
from abacist.text.tokenizer import END, PAD, START, Tokenizer, not_learnt

if TYPE_CHECKING:
    from tokenizers import Tokenizer as HuggingFace

CUT = 4000
"""Characters that are encoded at once; longer texts take longer a character."""

LONGEST = 1000
"""Characters of a word, or of a run of digits, signs or blanks: merging takes the square of a length."""

_LONG = re.compile(
    "|".join(rf"(?<!{kind}){kind}{{{LONGEST + 1},}}" for kind in (r"[^\W\d_]", r"\d", r"\s", r"[^\w\s]", "_"))
)
_BLANKS = re.compile(rf"\s{{{LONGEST + 1}}}")
_BETWEEN_LINES = re.compile(r"(?<=\S)\n(?=\S)")


@dataclass(frozen=True)
class BpeSettings:
    """How many tokens there are."""

    vocab_size: int = 4096
    """Tokens at most: padding, start, end, 256 bytes, and what is merged of them."""

    def __post_init__(self) -> None:
        if self.vocab_size < 259:
            raise SettingsError(f"vocab_size must be at least 259 (3 special tokens, 256 bytes), got {self.vocab_size}")


class Bpe(Tokenizer):
    """Byte-level byte-pair encoding, cut into words as GPT-2 does. Every text comes back exactly.

    Tokens are named as GPT-2 names them: bytes as printable characters, `Ġ` for a space.
    Source: Sennrich et al. 2016, arXiv:1508.07909; bytes: Radford et al. 2019. Learning and encoding are done by
    the Hugging Face `tokenizers` library.
    """

    Settings = BpeSettings

    def __init__(self, settings: BpeSettings, form: str | None = None):
        """`form` is the JSON form of the `tokenizers` library. Raises: SettingsError without it."""
        if form is None:
            raise not_learnt("bpe")
        self.settings, self.form = settings, form

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bpe) and self.form == other.form

    def __hash__(self) -> int:
        return hash(self.form)

    @classmethod
    def learn(cls, texts: Iterable[str], **settings: Any) -> Self:
        """Merge the most frequent pairs of tokens in texts, again and again. Memory grows with different words."""
        from tokenizers import Tokenizer as HuggingFace
        from tokenizers import decoders, models, pre_tokenizers, trainers

        chosen = BpeSettings(**settings)
        made = HuggingFace(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=chosen.vocab_size,
            special_tokens=[PAD, START, END],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        made.train_from_iterator((piece for text in texts for piece in cut(text)), trainer)
        return cls(chosen, made.to_str())

    @cached_property
    def _library(self) -> "HuggingFace":
        return read_form(self.form)

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens by id."""
        return tokens_of(self._library)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text; special tokens written in it are text like any other."""
        return [index for each in self._library.encode_batch_fast(cut(text)) for index in each.ids]

    def encode_array(self, text: str) -> NDArray[np.int32]:
        """Return the ids of a long text."""
        parts = [np.array(each.ids, dtype=np.int32) for each in self._library.encode_batch_fast(cut(text))]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids; bytes that are no character become the replacement character."""
        return self._library.decode([index for index in ids if index > self.end_id], skip_special_tokens=False)

    def save(self, path: Path) -> None:
        """Write the JSON form of the `tokenizers` library."""
        path.write_text(json.dumps(json.loads(self.form), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote. Raises: DataError if the file is something else."""
        try:
            form = path.read_text(encoding="utf-8")
            if json.loads(form)["model"]["type"] != "BPE":
                raise ValueError("its model is another one")
            made = read_form(form)
            if tokens_of(made)[:3] != [PAD, START, END]:
                raise ValueError("its first tokens are others")
        except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError(f"{path} is not a tokenizer of byte pairs: {error!r}") from None
        return cls(BpeSettings(made.get_vocab_size()), made.to_str())


def cut(text: str) -> list[str]:
    """Cut a long text between lines, where no word of GPT-2's is cut, whose ids are then the same as uncut.

    Words longer than any of a language are cut, too, to `LONGEST` characters from their beginning; whoever learns and
    whoever encodes cuts them alike.
    """
    pieces, start = [], 0
    for found in _BETWEEN_LINES.finditer(text):
        if found.end() - start >= CUT:
            pieces.append(text[start : found.end()])
            start = found.end()
    return [part for piece in (*pieces, text[start:]) for part in _without_long_words(piece)]


def _without_long_words(text: str) -> Iterator[str]:
    if max(map(len, text.split()), default=0) <= LONGEST and not _BLANKS.search(text):
        return iter([text] if text else [])  # as nearly always, and told quickly
    places = [place for found in _LONG.finditer(text) for place in range(found.start() + LONGEST, found.end(), LONGEST)]
    return (text[begin:end] for begin, end in itertools.pairwise((0, *places, len(text))) if begin < end)


def read_form(form: str) -> "HuggingFace":
    """Make the library's tokenizer, to which special tokens in a text are text. Raises: ValueError."""
    from tokenizers import Tokenizer as HuggingFace

    try:
        made = HuggingFace.from_str(form)
    except Exception as error:  # the library raises nothing more special
        raise ValueError(str(error)) from None
    made.encode_special_tokens = True
    return made


def tokens_of(made: "HuggingFace") -> list[str]:
    """Return the tokens by id; an id that none has is empty."""
    ids = made.get_vocab(with_added_tokens=True)
    tokens = [""] * (max(ids.values(), default=-1) + 1)
    for token, index in ids.items():
        tokens[index] = token
    return tokens
