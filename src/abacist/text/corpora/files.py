"""Text files, and folders of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from abacist.core.errors import DataError, SettingsError
from abacist.text.corpus import Corpus, Document, Fault, in_pieces, nothing_read
from abacist.text.decoding import found, read_text


@dataclass(frozen=True)
class Files(Corpus):
    """Each file is a document; those of a folder come in alphabetical order of their paths, with all below it.

    Encodings are found out: UTF-8, UTF-16 and UTF-32 with mark, UTF-16 without, Windows-1252 where nothing else
    fits. Hidden files and what is no text are left out, the latter as a fault.
    """

    paths: list[str]
    endings: list[str] = field(default_factory=list)
    """Of a folder, files with these alone, such as [".txt", ".md"]; all if there are none."""

    def __post_init__(self) -> None:
        if not self.paths:
            raise SettingsError("paths must name at least one file or folder")

    def documents(self, faults: list[Fault]) -> Iterator[Document]:
        """Yield file after file. Raises: DataError for a path that is not there, and where nothing can be read."""
        seen = len(faults)
        empty = True
        for path, name in named_files(self.paths, self.endings):
            for part, text in enumerate(in_pieces(read_text(path, name, faults))):
                empty = False
                yield Document(name, text, part)
        if empty:
            raise nothing_read(", ".join(self.paths), faults[seen:])


def named_files(paths: list[str], endings: list[str]) -> Iterator[tuple[Path, str]]:
    """Yield the files of paths with their names: inside a folder that is named alone, else with the folder's name.

    Raises: DataError for a path that is not there, and for a folder with no such file.
    """
    for path in map(found, paths):
        if path.is_file():
            yield path, path.name
            continue
        files = list(_below(path, tuple(endings)))
        if not files:
            what = f"file that ends in {', '.join(endings)}" if endings else "file"
            raise DataError(f"{path} holds no text: there is no {what} in this folder")
        for inner in files:
            name = inner if len(paths) == 1 else f"{path.resolve().name}/{inner}"
            # A name may hold bytes that are no characters.
            yield path / inner, name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _below(folder: Path, endings: tuple[str, ...]) -> Iterator[str]:
    """Yield the paths of a folder's files, those below it too, in alphabetical order; none that is hidden."""
    result = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        inside = Path(parent).relative_to(folder)
        for name in files:
            if not name.startswith(".") and (not endings or name.endswith(endings)):
                result.append((inside / name).as_posix())
    return iter(sorted(result))
