"""LaTeX source cut at what has to be treated as a whole: comments, verbatim text, files to be joined."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "kept", "join", "begin", "end"]

VERBATIM = "verbatim|Verbatim|BVerbatim|LVerbatim|lstlisting|minted|alltt"
"""Environments whose text is no LaTeX."""

_LEXEME = re.compile(
    rf"""
      (?P<line>^[ \t]*%[^\n]*\n?)                                        # nothing but a comment on a line
    # A run of blanks is looked at from its beginning alone, which may be behind the blank of a command.
    | (?P<comment>(?:(?:(?<![ \t])|(?<=\\[ \t]))[ \t]+)?%[^\n]*)
    | \\begin\{{(?P<verbatim>(?:{VERBATIM}|comment)\*?)\}}
    | (?P<inline>\\(?:verb\*?|lstinline(?:\[[^\]\n]*\])?)(?P<mark>[^A-Za-z\s*\[{{])[^\n]*?(?P=mark))
    | (?P<address>\\(?:url|nolinkurl|path|href)\s*\{{[^{{}}\n]*\}})      # a % in an address is no comment
    | \\(?P<join>input|include|subfile|subfileinclude)(?![A-Za-z@])\s*
      (?:\{{(?P<braced>[^{{}}\n]*)\}}|(?P<bare>[^\s{{}}\\%\#]+))
    | \\(?P<document>begin|end)\s*\{{document\}}
    | (?P<stop>\\endinput(?![A-Za-z@]))
    | \\(?:[A-Za-z@]+|[\s\S]|$)
    """,
    re.VERBOSE | re.MULTILINE,
)
_COMMAND_AT_END = re.compile(r"\\[A-Za-z@]+\Z")
_NEXT_LINE = re.compile(r"\n[ \t]*(?=[^\s%])")


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A stretch of source."""

    kind: Kind
    """Text without comments; what is kept as it is; a command that joins a file; the bounds of the document."""
    text: str
    start: int
    """Characters before it in the source."""
    name: str = ""
    """Of the file that is joined."""
    finished: bool = True
    """False for a verbatim environment that has no end."""

    @property
    def command(self) -> str:
        """The command that joins a file."""
        found = re.match(r"\\([a-z]+)", self.text)
        return found[1] if found else ""


def lexemes(source: str) -> Iterator[Lexeme]:
    """Cut source; joined, the texts are the source without its comments.

    A comment goes with the end of its line as in TeX, but a blank line behind it stays, and so does a line end
    where a word stands in front of it. The environment `comment` is one. Nothing follows an `\\endinput`.
    """
    start = position = 0
    while found := _LEXEME.search(source, position):
        position = found.end()
        if found["line"] is not None or found["comment"] is not None:
            yield from _text(source, start, found.start())
            if found["comment"] is not None and not found["comment"].startswith((" ", "\t")):
                position = _after_comment(source, found.start(), position)
            start = position
        elif found["verbatim"] is not None:
            yield from _text(source, start, found.start())
            ending = f"\\end{{{found['verbatim']}}}"
            end = source.find(ending, position)
            position = end + len(ending) if end >= 0 else len(source)
            if not found["verbatim"].startswith("comment"):
                yield Lexeme("kept", source[found.start() : position], found.start(), finished=end >= 0)
            elif end < 0:
                yield Lexeme("kept", "", found.start(), finished=False)
            start = position
        elif found["inline"] is not None:
            yield from _text(source, start, found.start())
            yield Lexeme("kept", found[0], found.start())
            start = position
        elif found["join"] is not None:
            name = found["braced"] if found["braced"] is not None else found["bare"]
            if found["join"] == "input" or found["braced"] is not None:
                yield from _text(source, start, found.start())
                yield Lexeme("join", found[0], found.start(), name.strip().strip('"'))
                start = position
        elif found["document"] is not None:
            yield from _text(source, start, found.start())
            yield Lexeme("begin" if found["document"] == "begin" else "end", found[0], found.start())
            start = position
        elif found["stop"] is not None:
            yield from _text(source, start, found.start())
            return
    yield from _text(source, start, len(source))


def _text(source: str, start: int, end: int) -> Iterator[Lexeme]:
    if end > start:
        yield Lexeme("text", source[start:end], start)


def _after_comment(source: str, start: int, end: int) -> int:
    """Return where text goes on behind a comment that stands right behind a sign."""
    following = _NEXT_LINE.match(source, end)
    if following is None:
        return end
    word = _COMMAND_AT_END.search(source, max(0, start - 40), start)
    glued = word is not None and source[following.end()].isalpha()
    return end if glued else following.end()


def line_of(source: str, place: int) -> int:
    """Return the number of the line of a place, from 1."""
    return source.count("\n", 0, place) + 1
