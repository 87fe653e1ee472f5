"""What is wrong in LaTeX source, as far as it can be told without TeX: braces, environments, mathematics."""

import re
from collections import Counter
from collections.abc import Iterator

from abacist.text.latex.lexing import lexemes

DEFINITIONS = {
    "newcommand": 2,
    "renewcommand": 2,
    "providecommand": 2,
    "DeclareRobustCommand": 2,
    "DeclareMathOperator": 2,
    "newenvironment": 3,
    "renewenvironment": 3,
    "def": 1,
    "edef": 1,
    "gdef": 1,
    "xdef": 1,
}
"""Commands that define others, and how many groups in braces follow each; the name counts if it is in braces."""

_SIGN = re.compile(
    rf"""
      \\(?P<edge>begin|end)\s*\{{(?P<environment>[^{{}}\n]*)\}}
    | \\(?P<defines>{"|".join(DEFINITIONS)})(?![A-Za-z@])\*?\s*(?P<bare>\\(?:[A-Za-z@]+|.))?
    | \\(?P<math>[\[\]()])
    | \\(?:[A-Za-z@]+|[\s\S]|$)
    | (?P<brace>[{{}}])
    | (?P<dollar>\$\$?)
    | (?P<paragraph>\n[ \t]*\n)
    """,
    re.VERBOSE,
)
_CLOSES = {"]": "[", ")": "("}


class _Reader:
    """What is open at a place of the source."""

    def __init__(self) -> None:
        self.braces: list[int] = []
        self.environments: list[tuple[str, int]] = []
        self.names: Counter[str] = Counter()  # of those environments
        self.math: tuple[str, int] | None = None
        self.definition = (0, 0)  # groups still to come, and the braces that are open around it

    def read(self, text: str, start: int) -> Iterator[tuple[int, str]]:
        """Yield what is wrong in a stretch of text, with its place in the source."""
        for found in _SIGN.finditer(text):
            place = start + found.start()
            if found["brace"] is not None:
                yield from self._brace(found["brace"], place)
            elif self.definition[0]:
                continue
            elif found["defines"] is not None:
                named = found["bare"] is not None and found["defines"][-3:] != "def"
                self.definition = (DEFINITIONS[found["defines"]] - named, len(self.braces))
            elif found["environment"] is not None:
                yield from self._environment(found["edge"], found["environment"], place)
            elif found["dollar"] is not None:
                yield from self._toggled(found["dollar"], place)
            elif found["math"] is not None:
                yield from self._math(found["math"], place)
            elif found["paragraph"] is not None and self.math is not None:
                yield self.math[1], f"{self.math[0]} is not closed before the paragraph ends"
                self.math = None

    def _brace(self, brace: str, place: int) -> Iterator[tuple[int, str]]:
        if brace == "{":
            self.braces.append(place)
        elif not self.braces:
            yield place, "} closes nothing"
        else:
            self.braces.pop()
            left, depth = self.definition
            if left and len(self.braces) == depth:
                self.definition = (left - 1, depth)
            elif left and len(self.braces) < depth:
                self.definition = (0, 0)

    def _environment(self, edge: str, name: str, place: int) -> Iterator[tuple[int, str]]:
        if edge == "begin":
            self.environments.append((name, place))
            self.names[name] += 1
        elif not self.names[name]:
            yield place, f"\\end{{{name}}} ends nothing"
        else:
            while (last := self.environments.pop())[0] != name:
                self.names[last[0]] -= 1
                yield last[1], f"\\begin{{{last[0]}}} is not ended before \\end{{{name}}}"
            self.names[name] -= 1

    def _toggled(self, sign: str, place: int) -> Iterator[tuple[int, str]]:
        if self.math is None:
            self.math = (sign, place)
        elif self.math[0] == sign or (self.math[0] == "$" and sign == "$$"):
            # Two formulas may touch: $a$$b$.
            self.math = None if self.math[0] == sign else ("$", place)
        elif self.math[0] == "$$":
            yield place, "$ within $$"
        # Within \( and \[ a $ belongs to text inside, as in \mbox{$x$}.

    def _math(self, sign: str, place: int) -> Iterator[tuple[int, str]]:
        if sign not in _CLOSES:
            if self.math is None:
                self.math = (f"\\{sign}", place)
        elif self.math is None:
            yield place, f"\\{sign} closes nothing"
        elif self.math[0] == f"\\{_CLOSES[sign]}":
            self.math = None

    def left(self) -> Iterator[tuple[int, str]]:
        """Yield what is never closed."""
        yield from ((place, "{ is never closed") for place in self.braces)
        yield from ((place, f"\\begin{{{name}}} is never ended") for name, place in self.environments)
        if self.math is not None:
            yield self.math[1], f"{self.math[0]} is never closed"


def syntax_faults(source: str) -> list[tuple[int, str]]:
    """Return what is wrong in the source of one file, with line numbers from 1, in their order.

    Nothing before a `\\begin{document}` counts, nor environments and mathematics inside of definitions: there
    they need not be whole.
    """
    reader, faults = _Reader(), list[tuple[int, str]]()
    for lexeme in lexemes(source):
        if lexeme.kind == "begin":
            reader, faults = _Reader(), []
        elif lexeme.kind == "text":
            faults += reader.read(lexeme.text, lexeme.start)
        elif not lexeme.finished:
            faults.append((lexeme.start, "verbatim text or a comment that is never ended"))
    faults += reader.left()
    faults.sort()
    lines, line, counted = list[int](), 1, 0
    for place, _ in faults:
        line, counted = line + source.count("\n", counted, place), place
        lines.append(line)
    return [(line, what) for line, (_, what) in zip(lines, faults, strict=True)]
