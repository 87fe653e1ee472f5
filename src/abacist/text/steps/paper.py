"""Worked steps as one would write them on paper: digits in reading order, columns aligned.

What was written is found, reordered and stripped; nothing is reckoned, so that wrong work shows as wrong:

    lines          the question, then `= ` and each line it was reduced to
    a product      below it a row for each digit of the multiplier: the digit, and the sum of the rows so far
    a quotient     below it the dividend, then a row for each digit of the quotient, and what is left after it;
                   a point stands in front of the first decimal, and a digit below zero reads `-3`
    a difference   below it where it fell below zero: its digits less the power of ten that was borrowed

What is below zero is written as its digits less a power of ten, here as in the scratch work: `80-100` is -20.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from abacist.problems.number_words import NUMBER_WORDS
from abacist.text.steps.alphabet import (
    ABOVE,
    AGAIN,
    BELOW,
    CARRIES,
    DIGITS,
    DROP,
    ENDS,
    EQUALS,
    FACTORS,
    NEGATIVE,
    NEGATIVE_QUOTIENTS,
    NEGATIVE_SCALES,
    NOTHING,
    OPEN,
    OPERATORS,
    PERCENT,
    QUOTIENTS,
    RESULTS,
    SCALES,
    SCRATCH,
    WANTED,
    WANTED_IN_WORDS,
)

MARGIN = " " * 4
"""In front of scratch work."""

_HEADS = QUOTIENTS + NEGATIVE_QUOTIENTS[1:]
_CELL = f"[{SCRATCH}][{CARRIES}]"
_PRODUCT_ROW = re.compile(f"([{FACTORS}])((?:{_CELL})+[{SCRATCH}])")
_QUOTIENT_ROW = re.compile(f"([{_HEADS}])((?:{_CELL})+)([{ABOVE}{BELOW}{NOTHING}])")
_ENDINGS = WANTED + WANTED_IN_WORDS
_PART = re.compile(
    f"(?P<product>[{SCALES}]?(?:{_PRODUCT_ROW.pattern})+(?:{AGAIN}[{SCRATCH}]+)?)"
    f"|(?P<quotient>[{SCALES}{NEGATIVE_SCALES}]?[{SCRATCH}]+(?:{_QUOTIENT_ROW.pattern})+)"
    f"|(?P<difference>[{SCALES}]?[{SCRATCH}]+[{ABOVE}{BELOW}](?:{AGAIN}[{SCRATCH}]+{ABOVE})?[{DROP}]*)"
    f"|(?P<number>{NEGATIVE}?[{SCALES}]?[{DIGITS}]+)"
    rf"|(?P<around>[{re.escape(RESULTS + ENDS)}])"
    rf"|(?P<words>{NEGATIVE}? ?[a-z]+(?: [a-z]+)*)"
    rf"|(?P<sign>[{re.escape(OPERATORS)}(){PERCENT}{NEGATIVE}])"
    "|(?P<space> )"
)


@dataclass
class _Line:
    """One line, with the scratch work that led to it."""

    items: list[str] = field(default_factory=list)
    """Numbers in reading order, words, and signs."""
    scratch: list[tuple[int, str, str]] = field(default_factory=list)
    """How many items stand in front of the scratch work, what it is of, and its signs."""
    rest: str = ""
    """From where it cannot be read."""


def on_paper(written: str) -> list[str]:
    """Return prompt and completion, joined, as lines of text; what cannot be read comes last, as it stands."""
    shown: list[str] = []
    before = _Line()
    lines = written.split(EQUALS)
    for index, text in enumerate(lines):
        line = _read(text[1:] if index and text[:1] in {*_ENDINGS} else text)
        for place, kind, scratch in line.scratch:
            shown += [
                MARGIN + row for row in _worked(kind, scratch, _operands(before.items, place), line.items[place:])
            ]
        if line.items:
            shown.append(("= " if index else "  ") + _joined(line.items))
        if line.rest:
            left = EQUALS.join([line.rest, *lines[index + 1 :]])
            return [*shown, f"? {left}"]
        before = line
    return shown


def _read(text: str) -> _Line:
    line, at = _Line(), 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            line.rest = text[at:]
            break
        kind, part = found.lastgroup, found[0]
        if kind == "number":
            line.items.append(_number(part))
        elif kind == "words":
            line.items.append(_words(part))
        elif kind == "sign":
            line.items.append("-" if part == NEGATIVE else part)
        elif kind in ("product", "quotient", "difference"):
            line.scratch.append((len(line.items), kind, part))
        at = found.end()
    return line


def _number(written: str) -> str:
    """Turn a number round: `~A521` reads -12.5."""
    sign = "-" if written.startswith(NEGATIVE) else ""
    written = written.removeprefix(NEGATIVE)
    return sign + _pointed(written.lstrip(SCALES)[::-1], _scale(written))


def _pointed(digits: str, scale: int) -> str:
    """Set a point in front of the last `scale` digits."""
    if scale <= 0:
        return digits
    digits = digits.rjust(scale + 1, "0")
    return f"{digits[:-scale]}.{digits[-scale:]}"


def _scale(written: str) -> int:
    """Return the decimals that the sign in front of a number says; below zero the zeros it lacks."""
    sign = written[:1]
    return SCALES.find(sign) + 1 if sign in {*SCALES} else -(NEGATIVE_SCALES.find(sign) + 1)


def _words(written: str) -> str:
    """Turn the words of each number round; other words stay where they are."""
    sign = "minus " if written.startswith(NEGATIVE) else ""
    words: list[str] = []
    number: list[str] = []
    for word in [*written.lstrip(f"{NEGATIVE} ").split(), ""]:
        if word in NUMBER_WORDS:
            number.append(word)
        else:
            words += [*reversed(number), word]
            number = []
    return sign + " ".join(words).strip()


def _joined(items: Iterable[str]) -> str:
    """Write a line; a space keeps words from what stands beside them."""
    text = ""
    for item in items:
        if text and (item[-1].isalpha() or text[-1].isalpha()):
            text += " "
        text += item
    return text


def _operands(items: list[str], place: int) -> tuple[str, str]:
    """Return both operands, without signs, of what stood in the line before where scratch work stands now."""
    for sign in ("-", OPEN):
        place += items[place : place + 1] == [sign]
    pair = items[place : place + 3]
    if len(pair) == 3 and pair[1] in {*OPERATORS}:
        return pair[0].lstrip("-"), pair[2].lstrip("-")
    return "", ""


def _digits(signs: str) -> str:
    """Return the scratch digits among signs, in reading order; carries and others are left away."""
    return "".join(str(SCRATCH.index(sign)) for sign in reversed(signs) if sign in SCRATCH)


def _stripped(number: str) -> str:
    """Leave away zeros in front of a number."""
    bare = number.lstrip("0")
    return bare if bare[:1].isdigit() else f"0{bare}"


def _left(digits: str, mark: str) -> str:
    """Write what is left: its digits, and where it is below zero the power of ten that they lack."""
    if mark != BELOW:
        return _stripped(digits)
    return f"{digits}-1{'0' * len(digits.partition('.')[0])}"


def _worked(kind: str, scratch: str, operands: tuple[str, str], result: list[str]) -> list[str]:
    """Return the rows of scratch work."""
    if kind == "product":
        return _product(scratch, operands)
    if kind == "quotient":
        return _quotient(scratch, operands)
    return _difference(scratch, operands, result)


def _product(scratch: str, operands: tuple[str, str]) -> list[str]:
    """Write a row for each digit of the multiplier; a row's last digit stands in all rows below it."""
    rows, done = [], ""
    for head, signs in _PRODUCT_ROW.findall(scratch):
        digits = _digits(signs)
        rows.append((FACTORS.index(head), _stripped(digits + done)))
        done = digits[-1:] + done
    title = "*".join(filter(None, operands))
    width = max(len(title) - 3, *(len(total) for _, total in rows))
    shown = [f"{digit}  {total:>{width}}" for digit, total in rows]
    return [f"{title:>{width + 3}}", *shown] if title else shown


def _quotient(scratch: str, operands: tuple[str, str]) -> list[str]:
    """Write a row for each digit of the quotient; what is left ends below the dividend's digit that it took in."""
    start = next(index for index, sign in enumerate(scratch) if sign in _HEADS)
    dividend, rows = _digits(scratch[:start]), _QUOTIENT_ROW.findall(scratch)
    ones = len(dividend) - 1 - _scale(scratch)
    wide = max(len(signs) // 2 for _, signs, _ in rows)
    divisor = operands[1].replace(".", "").lstrip("0")
    shown = [" " * (6 + wide) + dividend + (f"/{divisor}" if divisor else "")]
    for index, (head, signs, mark) in enumerate(rows):
        digit = str(QUOTIENTS.index(head)) if head in QUOTIENTS else f"-{NEGATIVE_QUOTIENTS.index(head)}"
        left, below, lacking = _left(_digits(signs), mark).partition("-")
        point = "." if index == ones + 1 else " "
        shown.append(f"{point}{digit.rjust(2):<5}{left:>{wide + index + 1}}{below}{lacking}")
    return shown


def _difference(scratch: str, operands: tuple[str, str], result: list[str]) -> list[str]:
    """Write a difference that fell below zero, or that is not what the line goes on with."""
    mark = BELOW if BELOW in scratch else ABOVE
    left = _left(_pointed(_digits(scratch.partition(AGAIN)[0]), _scale(scratch)), mark)
    if mark == ABOVE and [left] == [item.lstrip("-") for item in result[:1]]:
        return []
    title = "-".join(filter(None, operands))
    return [f"{title}: {left}" if title else left]
