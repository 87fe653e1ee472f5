"""LaTeX: main files with all that they read, and folders of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from abacist.core.errors import DataError, SettingsError
from abacist.text.corpora.files import named_files
from abacist.text.corpus import LISTED, TEXTS, Corpus, Document, Fault, in_pieces, nothing_read
from abacist.text.decoding import found
from abacist.text.latex.cleaning import MacroChoice, check_macros, cleaned
from abacist.text.latex.project import Project, documents_among, real


@dataclass(frozen=True)
class Latex(Corpus):
    """Each .tex file that no other one reads is a document, with the files that it reads in their places.

    Comments and the preamble are taken out (`text/latex/cleaning.py`). A path may be a main file or a folder, of
    which all .tex files count, those below it too, and no others. What is wrong in the source is told and stops
    nothing.
    """

    paths: list[str]
    macros: MacroChoice = "keep"
    """Keep them as they are written, or expand them to what they stand for."""

    def __post_init__(self) -> None:
        if not self.paths:
            raise SettingsError("paths must name at least one .tex file or folder")
        check_macros(self.macros)

    def documents(self, faults: list[Fault]) -> Iterator[Document]:
        """Yield document after document. Raises: DataError for a path that is not there, and where there is no text.

        Memory grows with the longest document.
        """
        seen = len(faults)
        empty = True
        for path in self.paths:
            main = real(found(path))
            if main.is_file():
                root, heads, prefix = main.parent, [main], ""
            else:
                root, prefix = main, f"{main.name}/" if len(self.paths) > 1 else ""
                heads = documents_among(Project(root), list(self._files(path, prefix, faults)))
            for head in heads:
                for document in self._document(root, head, prefix, faults):
                    empty = False
                    yield document
        if empty:
            raise nothing_read(", ".join(self.paths), faults[seen:])

    def _files(self, folder: str, prefix: str, faults: list[Fault]) -> Iterator[Path]:
        """Yield the .tex files of a folder; what leads out of it and other texts are left out, and told."""
        root, seen = real(Path(folder)), len(faults)
        for file, name in named_files([folder], [".tex"], faults):
            if real(file).is_relative_to(root):
                yield file
            else:
                faults.append(Fault(name, "is a link that leads out of this folder; left out"))
        try:
            others = [name for _, name in named_files([folder], list(TEXTS), [])]
        except DataError:
            others = []
        faults += [Fault(name, "is no .tex file; left out (the reader files takes it)") for name in others[:LISTED]]
        if len(others) > LISTED:
            faults.append(Fault(others[LISTED], f"and {len(others) - LISTED - 1:,} more are no .tex files; left out"))
        faults[seen:] = [Fault(prefix + each.source, each.what) for each in faults[seen:]]

    def _document(self, root: Path, head: Path, prefix: str, faults: list[Fault]) -> Iterator[Document]:
        project, macro_faults = Project(root, faults), list[str]()
        name = prefix + head.relative_to(root).as_posix()
        before = len(faults)
        text = cleaned(project.joined(head), self.macros, macro_faults)
        faults += [Fault(name, what) for what in macro_faults]
        if not text and len(faults) == before:
            faults.append(Fault(name, "holds no text beside comments and preamble"))
        for part, piece in enumerate(in_pieces([text])):
            yield Document(name, piece, part)
