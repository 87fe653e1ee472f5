"""Macros of a document replaced by what they stand for, by rules far simpler than TeX's."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

COMMANDS = ("newcommand", "renewcommand", "providecommand", "DeclareRobustCommand")
OPERATOR = "DeclareMathOperator"
PRIMITIVES = ("def", "gdef")

MOST = 10_000
"""Expansions between two tokens of the text; a macro that goes on longer never ends."""

LONGEST = 2**22
"""Characters that macros may stand for between two tokens of the text; beyond that they grow without end."""

IN_VAIN = 1_000_000
"""Tokens that may be read for arguments that are not all there; then none are looked for any more."""

_TOKEN = re.compile(r"\\(?:[A-Za-z@]+|[\s\S]|$)|[{}\[\]*]|#+[0-9]?|\s+|[^\\{}\[\]*#\s]+")
_PARAMETER = re.compile(r"##|#([0-9]?)")
_NAME = re.compile(r"\\(?:[A-Za-z@]+|[^A-Za-z@\s])")
_WORD = re.compile(r"\\[A-Za-z@]+")

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Macro:
    """A definition."""

    parameters: int
    default: str | None
    """Of the first parameter, which then stands in brackets or is left away."""
    body: str


class Macros:
    """The macros known so far. Groups do not limit a definition."""

    def __init__(self) -> None:
        self.known: dict[str, Macro] = {}

    def expand(self, text: str, faults: list[str]) -> str:
        """Take the definitions out of a text, and write what each macro stands for in its place.

        `\\newcommand` and its kin, `\\def` with parameters #1#2... alone, and `\\DeclareMathOperator` are
        understood. Other definitions, and macros whose arguments are not all there, stay as they are; the latter
        are added to `faults`, as is a macro that never ends.
        """
        tokens = _Tokens(text)
        written: list[str] = []
        while (token := tokens.next_or_none()) is not None:
            if token in self.known:
                if self._expanded(token, tokens, faults):
                    continue
            elif token.startswith("\\") and token[1:] in (*COMMANDS, OPERATOR, *PRIMITIVES):
                command = token[1:]
                defined = tokens.attempt(lambda: self._define(command, tokens))  # noqa: B023, called at once
                if defined:
                    if not written or written[-1].endswith("\n"):
                        tokens.drop_line_end()
                    continue
            elif token[0].isalpha() and token[0].isascii() and written and _WORD.fullmatch(written[-1]):
                written.append(" ")  # a letter that came from elsewhere would join the command's name
            written.append(token)
        return "".join(written)

    def _expanded(self, token: str, tokens: "_Tokens", faults: list[str]) -> bool:
        """Put what a macro stands for in front of what comes next; False if it is to stay."""
        macro = self.known[token]
        if tokens.expansions >= MOST:
            faults.append(f"{token} stands for itself without end; left as it is from here on")
            del self.known[token]
            return False
        if macro.parameters and tokens.in_vain >= IN_VAIN:
            return False
        arguments = tokens.attempt(lambda: _arguments(macro, tokens))
        if arguments is None:
            faults.append(f"{token} lacks an argument; left as it is")
            if tokens.in_vain >= IN_VAIN:
                faults.append(
                    "too many arguments are not all there; from here on macros that have some stay as they are"
                )
            return False
        given = (int(number) for number in _PARAMETER.findall(macro.body) if number)
        length = len(macro.body) + sum(len(arguments[n - 1]) for n in given if 1 <= n <= len(arguments))
        if tokens.written + length > LONGEST:
            faults.append(f"{token} stands for more than {LONGEST:,} characters; left as it is from here on")
            del self.known[token]
            tokens.give_back()
            return False
        tokens.expansions += 1
        tokens.written += length
        result: list[str] = []
        for piece in _TOKEN.findall(macro.body):
            if piece.startswith("##"):
                result.append(piece[1:])
            elif len(piece) == 2 and piece[0] == "#" and int(piece[1]) in range(1, len(arguments) + 1):
                result += _TOKEN.findall(arguments[int(piece[1]) - 1])
            else:
                result.append(piece)
        tokens.push(result)
        return True

    def _define(self, command: str, tokens: "_Tokens") -> bool:
        """Read a definition behind its command."""
        if command in PRIMITIVES:
            name, parameters = _name(tokens.solid()), 0
            while (token := tokens.next()) != "{":
                parameters += 1
                if token != f"#{parameters}":
                    raise _Unreadable
            self.known[name] = Macro(parameters, None, tokens.group())
            return True
        token = tokens.solid()
        star = token == "*"
        if star:
            token = tokens.solid()
        name = _name(tokens.group().strip() if token == "{" else token)
        parameters, default = 0, None
        token = tokens.solid()
        if command != OPERATOR and token == "[":
            number = tokens.bracketed().strip()
            if not (number.isascii() and number.isdigit()):
                raise _Unreadable
            parameters, token = int(number), tokens.solid()
            if token == "[":
                default, token = tokens.bracketed(), tokens.solid()
        if token != "{":
            raise _Unreadable
        body = tokens.group()
        if command == OPERATOR:
            body = f"\\operatorname{'*' * star}{{{body}}}"
        if command != "providecommand" or name not in self.known:
            self.known[name] = Macro(parameters, default, body)
        return True


class _Unreadable(Exception):
    """The text ends, or goes on otherwise than a definition or an argument does."""


class _Tokens:
    """The tokens of a text, with others put in front of what is left."""

    def __init__(self, text: str):
        self._rest = _TOKEN.finditer(text)
        self._pushed: list[str] = []
        self._taken: list[str] = []
        self.expansions = 0
        """Since the last token of the text itself."""
        self.written = 0
        """Characters that these put in front of what is left."""
        self.in_vain = 0
        """Tokens read for what was not all there."""

    def next_or_none(self) -> str | None:
        if self._pushed:
            token = self._pushed.pop()
        elif (found := next(self._rest, None)) is not None:
            token, self.expansions, self.written = found[0], 0, 0
        else:
            return None
        self._taken.append(token)
        return token

    def next(self) -> str:
        if (token := self.next_or_none()) is None:
            raise _Unreadable
        return token

    def solid(self) -> str:
        """Return the next token that is no space."""
        while (token := self.next()).isspace():
            pass
        return token

    def push(self, tokens: list[str]) -> None:
        self._pushed += reversed(tokens)

    def back(self) -> str:
        """Take back what was read last."""
        self._pushed.append(self._taken.pop())
        return self._pushed[-1]

    def attempt(self, read: Callable[[], Read]) -> Read | None:
        """Return what is read; or None, with nothing taken away, if it cannot be."""
        self._taken.clear()
        try:
            return read()
        except _Unreadable:
            self.in_vain += len(self._taken)
            self.give_back()
            return None

    def give_back(self) -> None:
        """Put all that the last attempt took in front of what is left again."""
        self.push(self._taken)
        self._taken.clear()

    def group(self) -> str:
        """Return what stands before the brace that closes an open one."""
        return self._until("}")

    def bracketed(self) -> str:
        """Return what stands before the bracket that closes an open one."""
        return self._until("]")

    def _until(self, end: str) -> str:
        inside: list[str] = []
        depth = 0
        while (token := self.next()) != end or depth:
            depth += (token == "{") - (token == "}")
            if depth < 0:
                raise _Unreadable
            inside.append(token)
        return "".join(inside)

    def drop_line_end(self) -> None:
        """Take the rest of a line away if nothing but spaces stands in it."""
        token = self.next_or_none()
        if token is None:
            return
        before, newline, after = token.partition("\n")
        self.back()
        if newline and not before.strip():
            self._pushed[-1:] = [after] if after else []


def _name(token: str) -> str:
    if not _NAME.fullmatch(token):
        raise _Unreadable
    return token


def _arguments(macro: Macro, tokens: _Tokens) -> list[str]:
    """Read the arguments of a macro: groups, or single signs."""
    arguments: list[str] = []
    if macro.default is not None:
        token = tokens.next_or_none() or ""
        spaces = token.isspace()
        if spaces:
            token = tokens.next_or_none() or ""
        if token == "[":
            arguments.append(tokens.bracketed())
        else:
            for _ in range(bool(token) + spaces):
                tokens.back()
            arguments.append(macro.default)
    while len(arguments) < macro.parameters:
        token = tokens.solid()
        if token == "}":
            raise _Unreadable
        if token != "{" and len(token) > 1 and token[0] not in "\\#":
            tokens.back()
            tokens._pushed[-1:] = [token[1:], token[0]]
            token = tokens.next()
        arguments.append(tokens.group() if token == "{" else token)
    return arguments
