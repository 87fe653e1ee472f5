"""A question as a row of lexemes: numbers, words and single signs, exactly as typed.

Reading a question knows no arithmetic: `("2", "+", "3", "*", "4")` has no precedence yet.
`expression.py` gives it a meaning, for the truth; the model never sees that.
"""

import re

from abacist.core.errors import QuestionError

Question = tuple[str, ...]

_LEXEME = re.compile(r"[0-9]+(?:\.[0-9]+)?|[A-Za-z]+|\S")
_SAME_SIGN = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-"})
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def read_question(text: str) -> Question:
    """Split a typed question into lexemes; a closing `=` or `?` is left away.

    Raises: QuestionError if nothing is asked.
    """
    lexemes = _LEXEME.findall(text.translate(_SAME_SIGN))
    while lexemes and lexemes[-1] in ("=", "?"):
        lexemes.pop()
    if not lexemes:
        raise QuestionError("nothing is asked; type a problem such as 12+34")
    return tuple(lexemes)


def is_number(lexeme: str) -> bool:
    """Tell a number (without sign) from the other lexemes."""
    return _NUMBER.fullmatch(lexeme) is not None


def is_whole(lexeme: str) -> bool:
    """Tell a whole number (without sign) from the other lexemes."""
    return lexeme.isascii() and lexeme.isdigit()


def is_sign(question: Question, index: int) -> bool:
    """Tell whether the lexeme at `index` is the minus of a negative number, not of a subtraction."""
    if question[index] != "-":
        return False
    return index == 0 or not (question[index - 1] == ")" or is_number(question[index - 1]))


def write_number(scaled: int, places: int = 0) -> Question:
    """Write `scaled / 10**places` as lexemes, the sign apart: `write_number(-125, 2)` is `("-", "1.25")`."""
    digits = str(abs(scaled))
    if places:
        digits = digits.rjust(places + 1, "0")
        digits = f"{digits[:-places]}.{digits[-places:]}"
    return ("-", digits) if scaled < 0 else (digits,)


def text_of(question: Question) -> str:
    """Write a question compactly, with no spaces but between two words or numbers."""
    pieces: list[str] = []
    for lexeme in question:
        if pieces and pieces[-1][-1].isalnum() and lexeme[0].isalnum():
            pieces.append(" ")
        pieces.append(lexeme)
    return "".join(pieces)
