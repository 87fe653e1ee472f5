"""The meaning of a question: its tree, its exact value, and its canonical form.

Only truth and splits are made from this. Prompts are not: they are made from the lexemes alone.
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from abacist.core.errors import QuestionError
from abacist.problems.columns import Columns
from abacist.problems.operation import Number, Operation, operator
from abacist.problems.question import Question, is_number, is_whole
from abacist.problems.wording import asked, short, unexpected

MAX_DEPTH = 200
NEGATIVE = "negative"
PERCENT = "percent"
INVERSE = {"+": "-", "*": "/"}
"""The sign that undoes another one; both make up one chain, in any order."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A number as typed, without sign."""

    text: str


@dataclass(frozen=True, slots=True)
class Node:
    """A symbol applied to operands; `NEGATIVE` is the sign in front of its one operand, `PERCENT` that behind it."""

    symbol: str
    operands: tuple["Tree", ...]
    place: int = field(default=-1, compare=False)
    """The index of its symbol in the question's signs."""


Tree = Leaf | Node


def parse(question: Question) -> Tree:
    """Return the tree of a question by the usual precedence, operations of equal rank from the left.

    Words are put into signs first, see `wording.py`.

    Raises: QuestionError that names what cannot be read.
    """
    reader = _Reader(asked(question).symbols)
    tree = reader.expression(0, 0)
    if reader.position < len(reader.question):
        raise reader.unexpected()
    return tree


def evaluate(question: Question) -> Number:
    """Return the exact value of a question.

    Raises: QuestionError if it cannot be read or has no value.
    """
    if len(question) == 3 and is_whole(question[0]) and is_whole(question[2]):
        known = Operation.by_symbol.get(question[1])
        if known is not None:
            return known.solve(_value(question[0]), _value(question[2]))
    return _evaluate(parse(question))


def canonical(question: Question) -> str:
    """Return one text for all ways to write the same problem: `7+12` and `12+7`, `07+12` share it."""
    if len(question) == 3 and is_whole(question[0]) and is_whole(question[2]):
        known = Operation.by_symbol.get(question[1])
        if known is not None:
            left, right = (text.lstrip("0") or "0" for text in (question[0], question[2]))
            if known.commutative and (len(left), left) > (len(right), right):
                left, right = right, left
            return f"({left}{question[1]}{right})"
    return _form(parse(question)).text()


def canonical_batch(columns: Columns) -> list[bytes]:
    """Return what `canonical` returns for each row, encoded."""
    numbers, symbols = columns.numbers, columns.symbols
    kinds = set(symbols)
    chain = len(symbols) == 1 or any(kinds <= {*pair} for pair in INVERSE.items())
    chain = chain or (len(kinds) == 1 and _known(symbols[0]).commutative)
    if numbers.min(initial=0) < 0 or not chain:
        return [canonical(question).encode() for question in columns.questions()]
    # First the numbers that may stand in any order: the first one, and those behind a commutative sign.
    over = np.array([True, *(_known(symbol).commutative for symbol in symbols)])
    joined = sorted(symbols, key=lambda symbol: not _known(symbol).commutative)
    form = "%d".join(["(", *(symbol.replace("%", "%%") for symbol in joined), ")"]).encode()
    ordered = np.concatenate([np.sort(numbers[:, over], axis=1), np.sort(numbers[:, ~over], axis=1)], axis=1)
    return [form % row for row in zip(*ordered.T.tolist(), strict=True)]


def _value(text: str) -> Number:
    try:
        return int(text) if "." not in text else Fraction(text)
    except ValueError:
        raise QuestionError(f"a number of {len(text):,} digits is too long to check") from None


def _left_spine(tree: Tree) -> tuple[Leaf, list[Node]]:
    """Return the leftmost number and the nodes above it, lowest first: long chains lean to the left without end."""
    spine: list[Node] = []
    while isinstance(tree, Node):
        spine.append(tree)
        tree = tree.operands[0]
    return tree, spine[::-1]


def _evaluate(tree: Tree) -> Number:
    leaf, spine = _left_spine(tree)
    value = _value(leaf.text)
    for node in spine:
        if node.symbol == NEGATIVE:
            value = -value
        elif node.symbol == PERCENT:
            value = Fraction(value) / 100
        else:
            value = _solve(node.symbol, value, *(_evaluate(operand) for operand in node.operands[1:]))
    return value


def _solve(symbol: str, *values: Number) -> Number:
    try:
        return _known(symbol).solve(*values)
    except (TypeError, ValueError):
        raise QuestionError(f"{symbol!r} cannot be applied to {len(values)} such numbers") from None


@dataclass(slots=True)
class _Form:
    """The canonical form of a tree while it is put together.

    symbol "": a single text. "+": what is added and what is taken away. "*": factors and divisors.
    Another commutative symbol: its operands. A minus sign in front is `negative`, save that of a sum,
    which stands with its terms.
    """

    symbol: str
    over: list[str]
    under: list[str] = field(default_factory=list)
    negative: bool = False

    def text(self) -> str:
        return f"(-{self.bare()})" if self.negative else self.bare()

    def bare(self) -> str:
        """Write the form without the minus sign in front."""
        if not self.symbol:
            return self.over[0]
        over, under = (sorted(texts, key=lambda text: (len(text), text)) for texts in (self.over, self.under))
        if self.symbol == "+" and not over and under[0] == "0":  # zero has no sign: it can always come first
            over, under = under[:1], under[1:]
        return f"({INVERSE.get(self.symbol, '').join([self.symbol.join(over), *under])})"

    def turned(self) -> "_Form":
        """Return the form with the opposite sign; zero has none."""
        if self.symbol == "+":
            return _Form("+", self.under, self.over)
        return self if self.is_zero() else _Form(self.symbol, self.over, self.under, not self.negative)

    def is_zero(self) -> bool:
        return not self.symbol and self.over == ["0"]

    def as_sum(self) -> "_Form":
        if self.symbol == "+":
            return self
        return _Form("+", [], [self.bare()]) if self.negative else _Form("+", [self.bare()])

    def as_product(self) -> "_Form":
        return self if self.symbol == "*" else _Form("*", [self.bare()], [], self.negative)

    def as_chain(self, symbol: str) -> "_Form":
        return self if self.symbol == symbol and not self.negative else _Form(symbol, [self.text()])


def _form(tree: Tree) -> _Form:
    """Put a tree into its form.

    What is added and taken away is one sum whatever its order and grouping, and what is multiplied and
    divided one product: `1-(2-3)` is `1+3-2`, and `2--3` is `2+3`.
    """
    leaf, spine = _left_spine(tree)
    whole, _, decimals = leaf.text.partition(".")
    whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0")
    form = _Form("", [f"{whole}.{decimals}" if decimals else whole])
    for node in spine:
        if node.symbol == NEGATIVE:
            form = form.turned()
        elif node.symbol == PERCENT:
            form = _Form("", [f"{form.bare()}%"], negative=form.negative)
        else:
            form = _joined(node.symbol, form, [_form(operand) for operand in node.operands[1:]])
    return form


def _joined(symbol: str, form: _Form, others: list[_Form]) -> _Form:
    if symbol in "+-" and len(others) == 1:
        form, other = form.as_sum(), (others[0] if symbol == "+" else _taken(others[0])).as_sum()
    elif symbol in "*/" and len(others) == 1:
        form, other = form.as_product(), others[0].as_product()
        form.negative ^= other.negative
        if symbol == "/":
            other = _Form("*", other.under, other.over)
    elif not _known(symbol).commutative:
        return _Form("", [f"({symbol.join(each.text() for each in (form, *others))})"])
    else:
        form = form.as_chain(symbol)
        other = _Form(symbol, [text for each in others for text in each.as_chain(symbol).over])
    form.over += other.over
    form.under += other.under
    return form


def _taken(form: _Form) -> _Form:
    """Return what is taken away; zero, too, keeps the minus of the subtraction."""
    return _Form("+", [], ["0"]) if form.is_zero() else form.turned()


def _known(symbol: str) -> type[Operation]:
    known = operator(symbol)
    assert known is not None, "the reader lets known symbols through only"
    return known


class _Reader:
    """Precedence climbing over the lexemes."""

    def __init__(self, question: Question):
        self.question = question
        self.position = 0

    def peek(self) -> str | None:
        return self.question[self.position] if self.position < len(self.question) else None

    def unexpected(self) -> QuestionError:
        found = self.peek()
        if found is None:
            return QuestionError(f"{short(self.question)!r} ends too early; a number is missing")
        return unexpected(self.question, self.position)

    def expect(self, lexeme: str) -> None:
        if self.peek() != lexeme:
            if self.peek() is None:
                raise QuestionError(f"{short(self.question)!r} ends too early; {lexeme!r} is missing")
            raise self.unexpected()
        self.position += 1

    def expression(self, lowest: int, depth: int) -> Tree:
        left = self.operand(depth)
        while (symbol := self.peek()) is not None:
            known = operator(symbol)
            if known is None or known.precedence < lowest:
                break
            place = self.position
            self.position += 1
            left = Node(symbol, (left, self.expression(known.precedence + 1, depth + 1)), place)
        return left

    def with_percent(self, tree: Tree) -> Tree:
        while self.peek() == "%" and self.is_percent():
            tree = Node(PERCENT, (tree,), self.position)
            self.position += 1
        return tree

    def is_percent(self) -> bool:
        """Tell the percent sign from a user's own operation of that symbol, which an operand follows."""
        if "%" not in Operation.by_symbol or self.position + 1 == len(self.question):
            return True
        return not (self.question[self.position + 1] in ("(", "-") or self.question[self.position + 1].isalnum())

    def operand(self, depth: int) -> Tree:
        if depth > MAX_DEPTH:
            raise QuestionError(f"{short(self.question)!r} is nested more than {MAX_DEPTH} deep")
        found = self.peek()
        if found is None:
            raise self.unexpected()
        if is_number(found):
            self.position += 1
            return self.with_percent(Leaf(found))
        if found == "-":
            place = self.position
            self.position += 1
            return Node(NEGATIVE, (self.operand(depth + 1),), place)
        if found == "(":
            self.position += 1
            inner = self.expression(0, depth + 1)
            self.expect(")")
            return self.with_percent(inner)
        if operator(found) is not None and found.isalpha():
            self.position += 1
            self.expect("(")
            operands = [self.expression(0, depth + 1)]
            while self.peek() == ",":
                self.position += 1
                operands.append(self.expression(0, depth + 1))
            self.expect(")")
            return self.with_percent(Node(found, tuple(operands)))
        raise self.unexpected()
