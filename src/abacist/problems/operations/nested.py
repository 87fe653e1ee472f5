"""Expressions of several operations, with parentheses where precedence asks for them."""

import random
from dataclasses import dataclass

from abacist.core.errors import QuestionError, SettingsError
from abacist.problems.draws import Range
from abacist.problems.expression import Leaf, Node, Tree, evaluate, parse
from abacist.problems.nesting import nest
from abacist.problems.operation import Operation, operator
from abacist.problems.question import Question, is_whole


@dataclass(frozen=True)
class Nested(Operation):
    """`(2 + 3) * 4 - 5`: random trees of operations over small numbers."""

    depth: int = 2
    """Most operations on a path from the whole expression down to a number."""
    bounds: Range = (0, 9)
    operators: str = "+-*"

    def __post_init__(self) -> None:
        if not 1 <= self.depth <= 50:
            raise SettingsError(f"depth must be from 1 to 50, got {self.depth}")
        if not 0 <= self.bounds[0] <= self.bounds[1]:
            raise SettingsError(f"bounds should be [lowest, highest], none negative, got {list(self.bounds)}")
        for symbol in self.operators or "?":
            if operator(symbol) is None:
                raise SettingsError(f"operators holds {symbol!r}, which no operation defines")

    def sample(self, rng: random.Random) -> Question:
        """Draw a tree that has a value. Raises: SettingsError if none turns up in 10,000 draws."""
        for _ in range(10_000):
            question = write(self._tree(rng, self.depth, root=True))
            try:
                evaluate(question)
            except QuestionError:  # a division by zero somewhere inside
                continue
            return question
        raise SettingsError("none of 10,000 expressions drawn by nested has a value; see its bounds and operators")

    def _tree(self, rng: random.Random, depth: int, root: bool = False) -> Tree:
        if depth == 0 or (not root and rng.random() < 0.4):
            return Leaf(str(rng.randint(*self.bounds)))
        left, right = self._tree(rng, depth - 1), self._tree(rng, depth - 1)
        return Node(rng.choice(self.operators), (left, right))

    def sample_nested(self, rng: random.Random, depth: int) -> Question:
        """Draw a tree that leans to one side."""
        return nest(rng, depth, self.operators, lambda rng: (str(rng.randint(*self.bounds)),))

    def contains(self, question: Question) -> bool:
        """Tell whether the question is such a tree, written with the fewest parentheses."""
        try:
            tree = parse(question)
            evaluate(question)
        except QuestionError:
            return False
        return isinstance(tree, Node) and self._fits(tree, self.depth) and write(tree) == question

    def _fits(self, tree: Tree, depth: int) -> bool:
        if isinstance(tree, Leaf):
            plain = is_whole(tree.text) and str(int(tree.text)) == tree.text
            return plain and self.bounds[0] <= int(tree.text) <= self.bounds[1]
        inside = depth > 0 and tree.symbol in self.operators and len(tree.operands) == 2
        return inside and all(self._fits(operand, depth - 1) for operand in tree.operands)


def write(tree: Tree) -> Question:
    """Write a tree of binary operations with the fewest parentheses that keep its meaning."""
    if isinstance(tree, Leaf):
        return (tree.text,)
    rank = _rank(tree)
    left, right = tree.operands
    left_text = _wrap(write(left), _rank(left) < rank)
    right_text = _wrap(write(right), _rank(right) <= rank)
    return (*left_text, tree.symbol, *right_text)


def _rank(tree: Tree) -> int:
    known = operator(tree.symbol) if isinstance(tree, Node) else None
    return known.precedence if known is not None else 100


def _wrap(question: Question, parentheses: bool) -> Question:
    return ("(", *question, ")") if parentheses else question
