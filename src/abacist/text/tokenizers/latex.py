"""One token a LaTeX command, and one for every other character."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from abacist.core.errors import DataError, SettingsError
from abacist.text.tokenizer import END, PAD, START, Tokenizer, isolated, not_learnt, read_tokens, write_word_level

_COMMAND = re.compile(r"\\(?:(?:begin|end)\{[A-Za-z]+\*?\}|[A-Za-z]+|[^A-Za-z\s])")
_TOKEN = re.compile(rf"{_COMMAND.pattern}|[\s\S]")

LEAST = 2
"""Times a command has to occur to become a token."""


@dataclass(frozen=True)
class LatexSettings:
    """How many commands are known."""

    vocab_size: int = 1024
    """Tokens at most; all characters are, then the most frequent commands while there is room."""

    def __post_init__(self) -> None:
        if self.vocab_size < 4:
            raise SettingsError(f"vocab_size must be at least 4, got {self.vocab_size}")


class Latex(Tokenizer):
    """Commands such as `\\mathbb`, `\\{` and `\\begin{theorem}` are tokens, all else goes character by character.

    A command outside the vocabulary is spelled: `\\foo` is `\\`, `f`, `o`, `o`. Every text of known characters
    comes back exactly.
    """

    Settings = LatexSettings

    def __init__(self, settings: LatexSettings, tokens: list[str] | None = None):
        """`tokens` are in the order of their ids: characters, then commands. Raises: SettingsError without them."""
        if tokens is None:
            raise not_learnt("latex")
        self.settings, self.tokens = settings, tokens

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Latex) and self.tokens == other.tokens

    def __hash__(self) -> int:
        return hash(tuple(self.tokens))

    @classmethod
    def learn(cls, texts: Iterable[str], **settings: Any) -> Self:
        """Take all characters of texts and their most frequent commands.

        Raises: SettingsError if the characters alone are more than `vocab_size`.
        """
        chosen = LatexSettings(**settings)
        characters: set[str] = set()
        counts: Counter[str] = Counter()
        for text in texts:
            characters.update(text)
            counts.update(_COMMAND.findall(text))
        most = chosen.vocab_size - 3 - len(characters)
        if most < 0:
            raise SettingsError(
                f"vocab_size must be at least {len(characters) + 3} for all characters of this corpus, "
                f"got {chosen.vocab_size}"
            )
        often = [command for command, count in counts.items() if count >= LEAST]
        ranked = sorted(often, key=lambda command: (-counts[command], command))
        return cls(chosen, [*sorted(characters), *ranked[:most]])

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens by id."""
        return [PAD, START, END, *self.tokens]

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: index for index, token in enumerate(self.vocabulary) if index > self.end_id}

    @cached_property
    def _pattern(self) -> str:
        """A regular expression that finds token after token; the saved form has no other way to know commands."""
        commands = [token for token in self.tokens if len(token) > 1]
        # Environments first, of which the command alone is the beginning; a command of letters ends with them.
        commands.sort(key=lambda command: (-len(command), command))
        ends = {True: "(?![A-Za-z])", False: ""}
        known = [re.escape(command[1:]) + ends[command[-1].isalpha()] for command in commands]
        return rf"\\(?:{'|'.join(known)})|[\s\S]" if known else r"[\s\S]"

    def encode(self, text: str) -> list[int]:
        """Return one id a command or other character. Raises: DataError for a character outside the vocabulary."""
        known, ids = self._ids, list[int]()
        for found in _TOKEN.finditer(text):
            index = known.get(found[0])
            if index is None:
                self._spell(found[0], text, found.start(), ids)
            else:
                ids.append(index)
        return ids

    def _spell(self, token: str, text: str, start: int, ids: list[int]) -> None:
        """Add the ids of a command that is no token: of its first part, if that is one, and of its characters."""
        head = token.partition("{")[0]
        if head != token and head in self._ids:
            ids.append(self._ids[head])
            token, start = token[len(head) :], start + len(head)
        for place, character in enumerate(token, start):
            if character not in self._ids:
                raise DataError(
                    f"the character {character!r} at place {place + 1} of "
                    f"{text[max(0, place - 20) : place + 20]!r} is unknown to this model"
                )
            ids.append(self._ids[character])

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids."""
        return "".join(self.vocabulary[index] for index in ids if index > self.end_id)

    def save(self, path: Path) -> None:
        """Write a word-level model over commands and single characters in the `tokenizers` JSON form."""
        write_word_level(path, self.vocabulary, isolated(self._pattern))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote. Raises: DataError if the file is something else."""
        try:
            form = json.loads(path.read_text(encoding="utf-8"))
            result = cls(LatexSettings(max(4, len(form["model"]["vocab"]))), read_tokens(form))
            if form["pre_tokenizer"]["pattern"]["Regex"] != result._pattern:
                raise ValueError("its pattern is another one")
        except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError(f"{path} is not a tokenizer of LaTeX: {error!r}") from None
        return result
