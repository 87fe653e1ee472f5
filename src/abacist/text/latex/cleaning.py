"""LaTeX as a language model is to read it: no comments, no preamble, no runs of blank lines."""

import re
from typing import Literal, get_args

from abacist.core.errors import SettingsError
from abacist.text.latex.lexing import Lexeme
from abacist.text.latex.macros import Macros
from abacist.text.latex.project import before_body, body

MacroChoice = Literal["keep", "expand"]

_BLANKS = re.compile(r"(?<![ \t])[ \t]+(?=\n)")
_NEWLINES = re.compile(r"\n{3,}")


def check_macros(choice: str) -> None:
    """Raises: SettingsError for what is no choice."""
    if choice not in get_args(MacroChoice):
        raise SettingsError(f"macros must be one of {', '.join(get_args(MacroChoice))}, got {choice!r}")


def cleaned(source: list[Lexeme], macros: MacroChoice = "keep", faults: list[str] | None = None) -> str:
    """Return the text of a document: what stands in its document environment, or all where there is none.

    Comments are gone already. Verbatim text is as it was. Elsewhere spaces at the ends of lines go, and of
    several blank lines one stays. Macros stay as they are written (those defined in the preamble lose their
    definitions with it), or are replaced by what they stand for; `faults` gets those that cannot be.
    """
    table = Macros()
    if macros == "expand":
        # Definitions in what is cut away count; what is wrong there does not.
        table.expand("".join(lexeme.text for lexeme in before_body(source) if lexeme.kind == "text"), [])
    written: list[str] = []
    pending: list[str] = []

    def write_pending() -> None:
        text = "".join(pending)
        pending.clear()
        if macros == "expand":
            text = table.expand(text, faults if faults is not None else [])
        written.append(_NEWLINES.sub("\n\n", _BLANKS.sub("", text)))

    for lexeme in body(source):
        if lexeme.kind == "kept":
            write_pending()
            written.append(lexeme.text)
        elif lexeme.kind == "text":
            pending.append(lexeme.text)
    write_pending()
    text = "".join(written).strip("\n")
    return f"{text}\n" if text else ""
