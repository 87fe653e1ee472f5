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
    fits. Hidden files are left out, and as faults what is no text or no file, what cannot be read, and links to
    folders.
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
        for path, name in named_files(self.paths, self.endings, faults):
            for part, text in enumerate(in_pieces(read_text(path, name, faults))):
                empty = False
                yield Document(name, text, part)
        if empty:
            raise nothing_read(", ".join(self.paths), faults[seen:])


def named_files(paths: list[str], endings: list[str], faults: list[Fault]) -> Iterator[tuple[Path, str]]:
    """Yield the files of paths with their names: inside a folder that is named alone, else with the folder's name.

    What is no file (a pipe, a link to nothing) and folders that cannot be read or are links become faults.
    Raises: DataError for a path that is not there, and for a folder with no such file.
    """
    for path in map(found, paths):
        if path.is_file():
            yield path, path.name
            continue
        if not path.is_dir():
            raise DataError(f"{path} is neither a file nor a folder")
        prefix = "" if len(paths) == 1 else f"{path.resolve().name}/"
        seen = len(faults)
        files = list(_below(path, tuple(endings), prefix, faults))
        if not files:
            what = f"file that ends in {', '.join(endings)}" if endings else "file"
            reason = f" ({faults[seen]})" if len(faults) > seen else ""
            raise DataError(f"{path} holds no text: there is no {what} in this folder{reason}")
        for inner in files:
            if _is_regular(path / inner):
                yield path / inner, _readable(prefix + inner)
            else:
                faults.append(Fault(_readable(prefix + inner), "is no file that can be read; left out"))


def _below(folder: Path, endings: tuple[str, ...], prefix: str, faults: list[Fault]) -> Iterator[str]:
    """Yield the paths of a folder's files, those below it too, in alphabetical order; none that is hidden."""

    def name_of(path: str | Path) -> str:
        return _readable(prefix + Path(path).relative_to(folder).as_posix())

    def tell(error: OSError) -> None:
        faults.append(Fault(name_of(error.filename), f"cannot be read: {error.strerror}; left out with all in it"))

    result = []
    for parent, folders, files in os.walk(folder, onerror=tell):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [Path(parent) / name for name in folders if (Path(parent) / name).is_symlink()]
        faults += [Fault(name_of(link), "is a link to a folder; left out") for link in links]
        inside = Path(parent).relative_to(folder)
        for name in files:
            if not name.startswith(".") and (not endings or name.endswith(endings)):
                result.append((inside / name).as_posix())
    return iter(sorted(result))


def _is_regular(path: Path) -> bool:
    """Tell a file, or a link to one, from what would be waited for, as a pipe is."""
    try:
        return path.is_file()
    except OSError:
        return False


def _readable(name: str) -> str:
    """Return a name in which bytes that are no characters are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
