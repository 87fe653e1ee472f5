"""With a calculator at hand: `(3+4)*12=[3+4>7][7*12>84]84`."""

from collections.abc import Sequence
from dataclasses import dataclass

from abacist.core.errors import DataError
from abacist.problems.expression import NEGATIVE, PERCENT, Leaf, Node, Tree, parse
from abacist.problems.problem import Problem
from abacist.problems.question import Question, text_of
from abacist.problems.wording import asked
from abacist.text.calls import ASKS, CLOSES, OPENS, answered, result
from abacist.text.format import Example, Format, is_answer

_SIGNS = ("+", "-", "*", "/")


@dataclass(frozen=True)
class Calls(Format):
    """No spaces; a call of a calculator for every operation, innermost first from the left, then the answer.

    ```
    (3+4)*12=[3+4>7][7*12>84]84
    -(2-1.5)*8%=[2-1.5>0.5][-0.5>-0.5][8%>0.08][-0.5*0.08>-0.04]-0.04
    27/86=[27/86>0.313953488372]0.31
    ```
    The minus in front of a number belongs to it; one in front of a parenthesis is a call of its own. What stands
    between `>` and `]` is the calculator's (`text/calls.py`), and with the kind `tool` it is the calculator that
    writes it. The answer is the last result, rounded as the problem asks, which is the model's to do. With `rounds`
    the last call asks for so many decimals, `[27/86:2>0.31]0.31`; not where nothing is divided and the task wants
    what is not divided exact.

    The tokenizer needs `text/calls.py`'s CHARACTERS, and letters for words.
    Raises: DataError for a question with an operation that the calculator does not have.
    """

    rounds: bool = False

    shows_work = True

    def render(self, problem: Problem) -> Example:
        """Write a problem with its calls and its true answer."""
        symbols, places, _ = asked(problem.question)
        exact = places is None and problem.rounding.exact == "undivided" and "/" not in symbols
        wished = f":{problem.rounding.places if places is None else places}" if self.rounds and not exact else ""
        return Example(self.prompt(problem.question), self._written(problem.answer(), problem.question, wished))

    def prompt(self, question: Question) -> str:
        """Write `(3+4)*12=`."""
        return f"{text_of(question)}="

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the calls, and the answer given. No call asks for decimals: how many are wanted is the problem's."""
        return self._written(answer, question)

    def _written(self, answer: str, question: Question, wished: str = "") -> str:
        calls: list[str] = []
        value = _work(parse(question), calls) if question else ""
        if wished:
            calls.append(f"{calls.pop() if calls else value}{wished}")
        return f"{''.join(map(answered, calls))}{answer}"

    def on_paper(self, completion: str, question: Question = ()) -> list[str]:
        """Put every call on a line of its own, and the answer below."""
        *calls, answer = completion.split(CLOSES)
        return [*(call.removeprefix(OPENS).replace(ASKS, " = ") for call in calls), answer]

    def answer_signs(self, tokens: Sequence[str]) -> list[tuple[str, int]]:
        """Take what stands behind the last call."""
        start = max((place + 1 for place, token in enumerate(tokens) if token == CLOSES), default=0)
        return [(token, place) for place, token in enumerate(tokens) if place >= start and len(token) == 1]

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Take what stands behind the last call."""
        answer = completion.rpartition(CLOSES)[2]
        return answer if is_answer(answer) else None


def _work(tree: Tree, calls: list[str]) -> str:
    """Add the calls that work a tree out; return its value as the calculator shows it."""
    nodes: list[Node] = []  # chains lean to the left without end, so that only what is right of a sign recurs
    while isinstance(tree, Node):
        nodes.append(tree)
        tree = tree.operands[0]
    value = tree.text
    for node in reversed(nodes):
        if node.symbol == NEGATIVE:
            if isinstance(node.operands[0], Leaf):
                value = f"-{value}"
                continue
            call = f"-{value}"
        elif node.symbol == PERCENT:
            call = f"{value}%"
        elif node.symbol in _SIGNS and len(node.operands) == 2:
            call = f"{value}{node.symbol}{_work(node.operands[1], calls)}"
        else:
            raise DataError(f"the calculator has no {node.symbol!r}; calls are of {' '.join(_SIGNS)} and %")
        value = result(call)
        if not value:
            raise DataError(f"the calculator has no answer to {call!r}")
        calls.append(call)
    return value
