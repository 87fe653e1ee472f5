"""One token for a group of up to so many digits, and one for every other character."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from abacist.core.errors import DataError, SettingsError
from abacist.text.tokenizer import END, PAD, START, Tokenizer, isolated, read_tokens, write_word_level

LARGEST = 5
"""Digits in a group at most: there are 111,110 groups of up to so many."""

_PATTERN = re.compile(r"(\[1-9\])?\[0-9\]\{[01],(\d+)\}(\(\?=.*\))?(?:\|\[0-9\])?\|\[\^0-9\]")
_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True)
class DigitGroup(Tokenizer):
    """Runs of digits are cut into groups, as thousands are; every group is a token, with zeros in front or without.

    1234567 is 1 234 567 from its last digit and 123 456 7 from its first; 1000007 is 1 000 007. Of numbers in
    reading order, the same group then is the same number of units, thousands or millions only when counted
    from the last digit; where digits are reversed, only when counted from the first. Groups of one digit
    are single characters.

    Without `zeros` a token is a number and a number a token: 0 to 99 have one each with a size of 2, larger ones
    are cut as ever, and a zero in front of a group is a token by itself. 1005 is 10 0 5, and 0.05 is 0 . 0 5, which
    is not 0 . 5; text comes back exactly, whatever zeros it has.

    Source: Singh and Strouse 2024, arXiv:2402.14903, on both directions.
    """

    size: int = 3
    """Most digits of a group, 1 to 5; all groups of so many and fewer are in the vocabulary."""
    from_end: bool = True
    """Groups are counted from a run's last digit, so that its first group may be shorter; or from its first."""
    zeros: bool = True
    """Groups of several digits may have zeros in front; or every zero in front of a group is a token of its own."""
    characters: str = "0123456789+-*/()=. "

    def __post_init__(self) -> None:
        if not 1 <= self.size <= LARGEST:
            raise SettingsError(f"size must be 1 to {LARGEST}, got {self.size}")
        twice = {character for character in self.characters if self.characters.count(character) > 1}
        if not self.zeros and not self.from_end:
            raise SettingsError("zeros may be false only with from_end: from the first digit they are not in front")
        if not self.characters:
            raise SettingsError("characters must hold at least one character")
        if twice:
            raise SettingsError(f"characters must differ from each other, {''.join(sorted(twice))!r} stands twice")

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens by id: single characters, then groups of two digits and more, in the order of their values."""
        digits = "".join(sorted(_DIGIT.findall(self.characters)))
        longer = ("".join(group) for size in range(2, self.size + 1) for group in product(digits, repeat=size))
        known = (group for group in longer if self.zeros or not group.startswith("0"))
        return [PAD, START, END, *self.characters, *known]

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: index for index, token in enumerate(self.vocabulary)}

    @cached_property
    def _pattern(self) -> str:
        """A regular expression that finds token after token, here and in the saved form."""
        # From the end: as many digits as leave whole groups up to the end of the run.
        ahead = rf"(?=(?:[0-9]{{{self.size}}})*(?![0-9]))" if self.from_end else ""
        group = rf"[0-9]{{1,{self.size}}}" if self.zeros else rf"[1-9][0-9]{{0,{self.size - 1}}}"
        return rf"{group}{ahead}{'' if self.zeros else '|[0-9]'}|[^0-9]"

    def encode(self, text: str) -> list[int]:
        """Return one id a group or other character. Raises: DataError for a character outside the vocabulary."""
        try:
            return [self._ids[token] for token in re.findall(self._pattern, text)]
        except KeyError:
            place, unknown = next((i, c) for i, c in enumerate(text) if c not in self.characters)
            raise DataError(
                f"the character {unknown!r} at place {place + 1} of {text[max(0, place - 20) : place + 20]!r} "
                f"is unknown to this model; it knows {self.characters!r}"
            ) from None

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids."""
        return "".join(self.vocabulary[index] for index in ids if index > self.end_id)

    def save(self, path: Path) -> None:
        """Write a word-level model over groups and single characters in the `tokenizers` JSON form."""
        write_word_level(path, self.vocabulary, isolated(self._pattern))

    @classmethod
    def load(cls, path: Path) -> "DigitGroup":
        """Read what `save` wrote. Raises: DataError if the file is something else."""
        try:
            form = json.loads(path.read_text(encoding="utf-8"))
            tokens = read_tokens(form)
            found = _PATTERN.fullmatch(form["pre_tokenizer"]["pattern"]["Regex"])
            if found is None:
                raise ValueError("its pattern is another one")
        except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise DataError(f"{path} is not a tokenizer of digit groups: {error!r}") from None
        characters = "".join(token for token in tokens if len(token) == 1)
        zeros = found[1] is None
        return cls(int(found[2]) + (not zeros), found[3] is not None, zeros, characters)
