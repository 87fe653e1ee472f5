"""A question as a row of lexemes: numbers, words and single signs, exactly as typed.

Reading a question knows no arithmetic: `("2", "+", "3", "*", "4")` has no precedence yet, and
`("What", "is", "twelve", "plus", "7")` no meaning. `wording.py` turns words into signs and
`expression.py` gives these a meaning, for the truth; the model never sees that.
"""

import re

from abacist.core.errors import QuestionError
from abacist.problems.number_words import NUMBER_WORDS

Question = tuple[str, ...]

_LEXEME = re.compile(r"[0-9]+(?:\.[0-9]+)?|(?<![0-9A-Za-z])\.[0-9]+|[A-Za-z]+|\S")
_SAME_SIGN = str.maketrans({"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "[": "(", "]": ")"})
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_HYPHEN = re.compile(r"(?<=[A-Za-z])-(?=[A-Za-z])")

_GROUPED = (
    r"(?i)(?<![0-9.,])[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9,])"
    r"|thousand\s*,(?=\s*(?:one|two|three|four|five|six|seven|eight|nine)\s+hundred)"
)

CLOSING = ("=", "?", ".", ":")
"""Marks at the end of a question that ask nothing."""

_WORDS = (
    "what is how much calculate compute evaluate find solve work out state give only final the value result sum "
    "product total difference distance quotient following arithmetic problem expression multiplication addition "
    "subtraction division answer your as of to in on between and by from than plus minus negative times over take "
    "away less add together put multiply multiplied divide divided subtract equals percent rounded decimal decimals "
    "place places nearest whole number integer words digits"
)
APART = NUMBER_WORDS.union(_WORDS.split())
"""Words of the language, which stand apart from signs; other words, such as `gcd`, are names of functions."""


def read_question(text: str) -> Question:
    """Split a typed question into lexemes.

    Left away: a closing `=`, `?`, `.` or `:`, the hyphen of `eighty-four`, the commas of `1,234` and of
    `one thousand, six hundred`. Brackets are read as parentheses, `.5` as `0.5`. A comma between the
    arguments of a function stays: `gcd(1,234)` has two.

    Raises: QuestionError if nothing is asked.
    """
    text = _HYPHEN.sub(" ", text.translate(_SAME_SIGN))
    if "," in text:
        text = _without_grouping(text)
    lexemes = _LEXEME.findall(text)
    while lexemes and lexemes[-1] in CLOSING:
        lexemes.pop()
    if not lexemes:
        raise QuestionError("nothing is asked; type a problem such as 12+34")
    if "." in text:
        lexemes = [f"0{lexeme}" if lexeme[0] == "." and len(lexeme) > 1 else lexeme for lexeme in lexemes]
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
    return index == 0 or not (question[index - 1] in (")", "%") or is_number(question[index - 1]))


def write_number(scaled: int, places: int = 0) -> Question:
    """Write `scaled / 10**places` as lexemes, the sign apart: `write_number(-125, 2)` is `("-", "1.25")`."""
    digits = str(abs(scaled))
    if places:
        digits = digits.rjust(places + 1, "0")
        digits = f"{digits[:-places]}.{digits[-places:]}"
    return ("-", digits) if scaled < 0 else (digits,)


def text_of(question: Question) -> str:
    """Write a question compactly, with no spaces but around words and between two numbers."""
    pieces: list[str] = []
    before, alone = "", False
    for lexeme in question:
        word = lexeme[0].isalpha() and lexeme.lower() in APART
        if before and (
            (before[-1].isalnum() and lexeme[0].isalnum())
            or (alone and lexeme[0] not in "),.:?=%")
            or (word and before != "(")
            or before in ":."
            or (lexeme == "-" and before[-1].isalpha())  # no hyphen
        ):
            pieces.append(" ")
        pieces.append(lexeme)
        before, alone = lexeme, word
    return "".join(pieces)


def brief(text: str, width: int = 120) -> str:
    """Shorten a text for a line of print: long numbers to their ends and their count of digits, and the rest."""
    text = re.sub(r"[0-9]{31,}", lambda found: f"{found[0][:6]}…{found[0][-6:]} ({len(found[0]):,} digits)", text)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _without_grouping(text: str) -> str:
    """Leave away the commas within numbers, in digits and in words, but none between the arguments of a function."""
    within = {
        place
        for found in re.finditer(_GROUPED, text)
        for place in range(found.start(), found.end())
        if text[place] == ","
    }
    if not within:
        return text
    calls: list[bool] = []  # for every open parenthesis, whether it or one around it is a function's
    kept: list[str] = []
    word = ""
    for place, sign in enumerate(text):
        if sign == "(":
            calls.append(bool(word and word.lower() not in APART) or calls[-1:] == [True])
        elif sign == ")":
            calls[-1:] = []
        if not sign.isspace():
            joined = sign.isalpha() and place > 0 and text[place - 1].isalpha()
            word = (word + sign if joined else sign) if sign.isalpha() else ""
        if place not in within or calls[-1:] == [True]:
            kept.append(sign)
    return "".join(kept)
