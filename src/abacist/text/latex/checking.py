"""How much of LaTeX that a model wrote is whole: it stops anywhere, and so may be open at its end."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from abacist.text.latex.lexing import line_of
from abacist.text.latex.syntax import syntax_faults

_BLANK = re.compile(r"\n[ \t]*\n\s*")
_OPEN = re.compile(r"\\begin\{.*\} is never ended")


@dataclass(frozen=True)
class LatexCheck:
    """Paragraphs of a text, and those in which nothing is wrong."""

    paragraphs: int
    whole: int
    faults: tuple[str, ...] = ()
    """What is wrong, each with its line, from 1."""

    @property
    def share(self) -> float:
        """Of paragraphs in which nothing is wrong; not a number where there is no paragraph."""
        return self.whole / self.paragraphs if self.paragraphs else math.nan

    def __str__(self) -> str:
        if not self.paragraphs:
            return "No paragraph came to its end: there is nothing to check; write more (--tokens)."
        return f"{self.whole:,} of {self.paragraphs:,} paragraphs parse ({100 * self.share:.1f} %)."


def checked(text: str) -> LatexCheck:
    """Check the paragraphs of a text but the last, which may have been cut off.

    A paragraph is whole if nothing that `syntax_faults` sees begins in it: braces, formulas and environments close
    in the right order, formulas before the paragraph ends. An environment may be open where the text stops.
    """
    begins = [1, *(line_of(text, found.end()) for found in _BLANK.finditer(text))]
    finished = begins[:-1]
    faults = [(line, what) for line, what in syntax_faults(text) if line < begins[-1] and not _OPEN.fullmatch(what)]
    broken = {max(place for place, begin in enumerate(finished) if begin <= line) for line, _ in faults}
    return LatexCheck(
        len(finished), len(finished) - len(broken), tuple(f"line {line}: {what}" for line, what in faults)
    )


def joined(checks: Iterable[LatexCheck]) -> LatexCheck:
    """Return one check of several texts."""
    every = list(checks)
    faults = tuple(fault for check in every for fault in check.faults)
    return LatexCheck(sum(each.paragraphs for each in every), sum(each.whole for each in every), faults)
