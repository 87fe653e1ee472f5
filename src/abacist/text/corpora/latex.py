"""LaTeX: main files with all that they read, and folders of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from abacist.core.errors import SettingsError
from abacist.text.corpora.files import named_files
from abacist.text.corpus import Corpus, Document, Fault, in_pieces, nothing_read
from abacist.text.decoding import found
from abacist.text.latex.cleaning import MacroChoice, check_macros, cleaned
from abacist.text.latex.project import Project, documents_among


@dataclass(frozen=True)
class Latex(Corpus):
    """Each .tex file that no other one reads is a document, with the files that it reads in their places.

    Comments and the preamble are taken out (`text/latex/cleaning.py`). A path may be a main file or a folder, of
    which all .tex files count, those below it too. What is wrong in the source is told and stops nothing.
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
            main = found(path)
            if main.is_file():
                root, heads, prefix = main.parent, [main], ""
            else:
                files = [file for file, _ in named_files([path], [".tex"])]
                root, prefix = main, f"{main.resolve().name}/" if len(self.paths) > 1 else ""
                heads = documents_among(Project(root), files)
            for head in heads:
                for document in self._document(root, head, prefix, faults):
                    empty = False
                    yield document
        if empty:
            raise nothing_read(", ".join(self.paths), faults[seen:])

    def _document(self, root: Path, head: Path, prefix: str, faults: list[Fault]) -> Iterator[Document]:
        project, macro_faults = Project(root, faults), list[str]()
        name = prefix + head.resolve().relative_to(root.resolve()).as_posix()
        before = len(faults)
        text = cleaned(project.joined(head), self.macros, macro_faults)
        faults += [Fault(name, what) for what in macro_faults]
        if not text and len(faults) == before:
            faults.append(Fault(name, "holds no text beside comments and preamble"))
        for part, piece in enumerate(in_pieces([text])):
            yield Document(name, piece, part)
