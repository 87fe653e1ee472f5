"""A folder of tokens as nanoGPT's `prepare.py` writes it."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from abacist.core.catalogue import Part
from abacist.core.errors import DataError
from abacist.text.corpus import NANOGPT, TokenCorpus
from abacist.text.tokenizer import Tokenizer
from abacist.text.tokenizers.character import Character
from abacist.text.tokenizers.file import File, FileSettings

BESIDE = ("meta.json", "tokenizer.json")
"""What says what the ids stand for, where nothing else is named."""

PICKLE = "meta.pkl"


@dataclass(frozen=True)
class NanoGPT(TokenCorpus):
    """`train.bin` is trained on and `val.bin` validates.

    The ids stand for characters (`meta.json`) or for the tokens of a `tokenizer.json`. nanoGPT's own `meta.pkl` is
    a pickle, which runs code when it is read; so it is not read.
    """

    path: str
    vocabulary: str = ""
    """A JSON file of characters (a list, ids by character, or what `meta.pkl` holds) or a `tokenizer.json`; empty
    for `meta.json` or `tokenizer.json` in the folder."""

    def files(self) -> tuple[Path, Path]:
        """Return the two files. Raises: DataError if one is missing, or has an odd number of bytes."""
        train, validation = (Path(self.path) / name for name in NANOGPT)
        for path in (train, validation):
            if not path.is_file():
                raise DataError(f"there is no file {path}; nanoGPT's prepare.py writes {' and '.join(NANOGPT)}")
            size = path.stat().st_size
            if size % 2:
                raise DataError(f"{path} is no file of uint16 tokens: it has {size:,} bytes, an odd number")
        return train, validation

    def tokenizer(self) -> tuple[Part, Tokenizer] | None:
        """Return what the ids stand for; None if nothing says so. Raises: DataError if only a pickle would say it."""
        folder = Path(self.path)
        beside = [folder / name for name in BESIDE if (folder / name).is_file()]
        path = Path(self.vocabulary) if self.vocabulary else beside[0] if beside else None
        if path is None:
            if (folder / PICKLE).is_file():
                raise DataError(_how_to_tell(folder))
            return None
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{path} is no vocabulary of characters and no tokenizer: {error}") from None
        if isinstance(values, dict) and "model" in values:
            return Part("file", {"path": str(path)}), File(FileSettings(str(path)))
        return Part("character"), Character(read_characters(path))


def read_characters(path: Path) -> str:
    """Return the characters by id that a JSON file holds: a list, ids by character, or `stoi` or `itos` in an object.

    Raises: DataError if it is none of these, or the ids are not 0, 1, 2 and so on.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(values, dict) and "itos" in values:
            values = values["itos"]
            # JSON has texts for keys.
            ids = {
                each: int(index) for index, each in (values.items() if isinstance(values, dict) else enumerate(values))
            }
        else:
            values = values.get("stoi", values) if isinstance(values, dict) else values
            ids = values if isinstance(values, dict) else {each: index for index, each in enumerate(values)}
        characters = sorted(ids, key=ids.__getitem__)
        if [ids[each] for each in characters] != list(range(len(values))) or {len(each) for each in characters} != {1}:
            raise ValueError("it should have single characters, their ids counting from 0")
    except (OSError, TypeError, AttributeError, ValueError) as error:
        raise DataError(f"{path} is no vocabulary of characters: {error}") from None
    return "".join(characters)


def _how_to_tell(folder: Path) -> str:
    """Return what to say where only a pickle knows the characters."""
    dump = f"json.dump(pickle.load(open('{PICKLE}', 'rb')), open('{BESIDE[0]}', 'w'))"
    return (
        f"{folder / PICKLE} is a pickle, which can run any code and is not read; if you trust it, let it write its "
        f'characters down: (cd {shlex.quote(str(folder))} && python -c "import json, pickle; {dump}")'
    )
