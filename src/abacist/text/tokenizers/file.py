"""Any tokenizer that the Hugging Face `tokenizers` library reads, as it is."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import DataError, SettingsError
from abacist.text.characters import Characters, texts_of
from abacist.text.tokenizer import Tokenizer
from abacist.text.tokenizers.bpe import read_form, tokens_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer as HuggingFace

BESIDE = "tokenizer_config.json"
"""The file beside a `tokenizer.json` that names its special tokens, as the transformers library writes it."""

KEYS = {"pad": "pad_token", "start": "bos_token", "end": "eos_token"}
"""What that file calls them."""

USUAL = {
    "end": ("<end>", "</s>", "<eos>", "<|endoftext|>", "<|end_of_text|>", "<|im_end|>", "[SEP]"),
    "start": ("<start>", "<s>", "<bos>", "<|startoftext|>", "<|begin_of_text|>", "[CLS]"),
    "pad": ("<pad>", "[PAD]", "<|pad|>", "<|padding|>"),
}
"""What they are often called, where nothing names them."""


@dataclass(frozen=True)
class FileSettings:
    """Which file, and what its special tokens are called."""

    path: str = ""
    """A `tokenizer.json`, or a folder with one; empty for that of the weights one begins with."""
    pad: str | None = None
    start: str | None = None
    end: str | None = None


class File(Tokenizer):
    """A `tokenizer.json` from elsewhere. Its ids are its own: padding, start and end are not 0, 1, 2.

    Which tokens they are is found in this order: the settings, `tokenizer_config.json` beside the file
    (`pad_token`, `bos_token`, `eos_token`), the usual names among the tokens it holds. A vocabulary without an end
    is refused. One without a start begins texts with the end token, as GPT-2 does, and one without padding pads
    with the end token: nothing is learnt from padding. Special tokens written in a text are text.
    Whether texts come back exactly is up to the file; many normalise them. Where it has an unknown token, how often
    that stands in a text is counted.
    """

    Settings = FileSettings

    def __init__(self, settings: FileSettings):
        """Read the file. Raises: DataError if it is no tokenizer, or has no end token; SettingsError without a path."""
        if not settings.path:
            raise SettingsError("path: name a tokenizer.json, or begin with weights that have one (start.weights)")
        path = Path(settings.path)
        path = path / "tokenizer.json" if path.is_dir() else path
        try:
            self.form = path.read_text(encoding="utf-8")
            self._library: HuggingFace = read_form(self.form)
            named = _named_beside(path.with_name(BESIDE))
        except (OSError, ValueError, AttributeError) as error:
            raise DataError(f"{path} is not a tokenizer: {error}") from None
        ids = self._library.get_vocab(with_added_tokens=True)
        self.special: dict[str, str] = {}
        for role, usual in USUAL.items():
            chosen = getattr(settings, role)
            if chosen is not None and chosen not in ids:
                raise DataError(f"{path} has no token {chosen!r} for {role}")
            token = next((each for each in (chosen, named.get(role), *usual) if each in ids), self.special.get("end"))
            if token is None:
                raise DataError(
                    f"{path} is not a tokenizer with an end token that is known; say which it is: end=TOKEN"
                )
            self.special[role] = token
        self.settings = settings
        unknown = json.loads(self.form)["model"].get("unk_token")
        self.unknown_id = ids.get(unknown) if unknown else None
        self.pad_id, self.start_id, self.end_id = (ids[self.special[role]] for role in ("pad", "start", "end"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, File) and (self.form, self.special) == (other.form, other.special)

    def __hash__(self) -> int:
        return hash(self.form)

    @classmethod
    def learn(cls, texts: Iterable[str], **settings: Any) -> Self:
        """Learn nothing."""
        return cls(FileSettings(**settings))

    @cached_property
    def vocabulary(self) -> list[str]:
        """The tokens by id, as the file names them."""
        return tokens_of(self._library)

    @property
    def unwritten(self) -> frozenset[int]:
        """Ids of the file's special tokens; one with a role that is no such token, as a line's end, is text."""
        added = self._library.get_added_tokens_decoder()
        return frozenset(index for index, token in added.items() if token.special)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without any that the file would add around it."""
        return self._library.encode(text, add_special_tokens=False).ids

    def encode_batch(self, texts: Characters) -> NDArray[np.int32]:
        """Return the ids of many texts. Raises: DataError for the token of id 0, which stands for none in rows."""
        rows = self._library.encode_batch(texts_of(texts), add_special_tokens=False)
        ids = np.zeros((len(rows), max((len(row.ids) for row in rows), default=0)), dtype=np.int32)
        for place, row in enumerate(rows):
            if 0 in row.ids:
                raise DataError(
                    f"{self.vocabulary[0]!r} has the id 0 in {self.settings.path}, which stands for no token in rows "
                    f"of problems: it cannot be in {texts_of(texts)[place]!r}"
                )
            ids[place, : len(row.ids)] = row.ids
        return ids

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids."""
        special = {self.pad_id, self.start_id, self.end_id}
        return self._library.decode([index for index in ids if index not in special], skip_special_tokens=False)

    def save(self, path: Path) -> None:
        """Write the file as it was read, and beside it the one that names the special tokens."""
        path.write_text(self.form, encoding="utf-8")
        named = {key: self.special[role] for role, key in KEYS.items()}
        path.with_name(BESIDE).write_text(json.dumps(named, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote. Raises: DataError if the file is something else."""
        return cls(FileSettings(str(path)))


def _named_beside(path: Path) -> dict[str, str]:
    """Return the special tokens that a file names. Raises: ValueError if it is no JSON object."""
    if not path.is_file():
        return {}
    values = json.loads(path.read_text(encoding="utf-8"))
    found = {role: values.get(key) for role, key in KEYS.items()}
    # Older files hold whole objects in place of names.
    names = {role: each.get("content") if isinstance(each, dict) else each for role, each in found.items()}
    return {role: name for role, name in names.items() if isinstance(name, str)}
