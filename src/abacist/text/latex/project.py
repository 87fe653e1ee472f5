"""LaTeX files with the files that they read, joined to one document."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from abacist.text.corpus import LISTED, Fault
from abacist.text.decoding import whole_text
from abacist.text.latex.lexing import Lexeme, lexemes, line_of
from abacist.text.latex.syntax import syntax_faults

DEEPEST = 50
"""Files that read one another."""

LONGEST = 2**27
"""Characters of a document; files are joined to it up to here."""

JOINED = ("include", "subfile", "subfileinclude")
"""Commands that begin on a line of their own, unlike `input`."""


@dataclass
class Project:
    """A folder of LaTeX files. Nothing outside of it is read."""

    root: Path
    faults: list[Fault] = field(default_factory=list)

    def joined(self, main: Path) -> list[Lexeme]:
        """Return the lexemes of a file with those of all that it reads in their places.

        A file that is missing, outside of the folder, or being read already leaves the command in its place and a
        fault; so does what is wrong in the syntax of each file.
        """
        return self._read(real(main), [], [0])

    def reads(self, path: Path) -> set[Path]:
        """Return the files that a file reads itself."""
        source = whole_text(path, self._name(path), [])
        found = (self._find(lexeme.name, path.parent) for lexeme in lexemes(source) if lexeme.kind == "join")
        return {each for each in found if each is not None}

    def _read(self, path: Path, above: list[Path], length: list[int]) -> list[Lexeme]:
        name = self._name(path)
        source = whole_text(path, name, self.faults)
        length[0] += len(source)
        self._tell(name, syntax_faults(source))
        result: list[Lexeme] = []
        for lexeme in lexemes(source):
            inner = None
            if lexeme.kind == "join" and "#" not in lexeme.name:
                inner = self._inner(lexeme, path, source, [*above, path], length)
            if inner is not None:
                result += inner
            elif lexeme.kind == "join":
                result.append(Lexeme("text", lexeme.text, lexeme.start))
            else:
                result.append(lexeme)
        return result

    def _inner(
        self, lexeme: Lexeme, path: Path, source: str, above: list[Path], length: list[int]
    ) -> list[Lexeme] | None:
        """Return what a command joins, or None, with a fault, if it is to stay."""
        found = self._find(lexeme.name, path.parent)
        what = None
        if found is None:
            what = f"there is no file {lexeme.name} in this folder"
        elif found in above:
            what = f"{self._name(found)} is being read already"
        elif len(above) > DEEPEST:
            what = f"more than {DEEPEST} files read one another"
        elif length[0] > LONGEST:
            what = f"the document has more than {LONGEST:,} characters already"
        if found is None or what is not None:
            fault = f"{what}; {lexeme.text} stays as it is"
            self.faults.append(Fault(self._name(path), fault, line_of(source, lexeme.start)))
            return None
        inner = self._read(found, above, length)
        if lexeme.command not in JOINED:
            return inner
        newline = [Lexeme("text", "\n", lexeme.start)]
        return [*newline, *(body(inner) if lexeme.command.startswith("subfile") else inner), *newline]

    def _find(self, name: str, folder: Path) -> Path | None:
        """Return the file of a name: in the folder of the file that reads it, or one above, up to the root."""
        root, here = real(self.root), real(folder)
        if not name or "\0" in name:
            return None
        for place in [here, *here.parents]:
            for candidate in (place / f"{name}.tex", place / name):
                path = real(candidate)
                try:
                    if path.is_relative_to(root) and path.is_file():
                        return path
                except OSError:  # such as a name that is too long
                    continue
            if place == root:
                break
        return None

    def _name(self, path: Path) -> str:
        return real(path).relative_to(real(self.root)).as_posix()

    def _tell(self, name: str, found: list[tuple[int, str]]) -> None:
        self.faults += [Fault(name, what, line) for line, what in found[:LISTED]]
        if len(found) > LISTED:
            self.faults.append(Fault(name, f"{len(found) - LISTED:,} more faults of syntax"))


def real(path: Path) -> Path:
    """Return the path without links; one whose links go in a circle stays, where `Path.resolve` would raise."""
    return Path(os.path.realpath(path))


def body(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Return what stands in the document environment; everything where there is none."""
    kinds = [lexeme.kind for lexeme in lexemes]
    if "begin" not in kinds:
        return [lexeme for lexeme in lexemes if lexeme.kind != "end"]
    start = kinds.index("begin") + 1
    return lexemes[start : kinds.index("end", start) if "end" in kinds[start:] else len(lexemes)]


def before_body(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Return the preamble; nothing where there is no document environment."""
    kinds = [lexeme.kind for lexeme in lexemes]
    return lexemes[: kinds.index("begin")] if "begin" in kinds else []


def documents_among(project: Project, files: Iterable[Path]) -> list[Path]:
    """Return the files that no other one reads, and of files that read one another in a circle the first."""
    every = sorted({real(path) for path in files})
    reads = {path: project.reads(path) - {path} for path in every}
    read = set().union(*reads.values())
    heads = [path for path in every if path not in read]
    reached: set[Path] = set()

    def follow(path: Path) -> None:
        pending = [path]
        while pending:
            if (each := pending.pop()) not in reached:
                reached.add(each)
                pending += reads.get(each, ())

    for head in heads:
        follow(head)
    for path in every:
        if path not in reached:
            heads.append(path)
            follow(path)
    return sorted(heads)
