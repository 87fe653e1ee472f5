"""A question in the alphabet of readings: digits, signs and marks in the order in which they stand, words among them.

`Subtract 7 from 12` is read as `7~12`: the numbers stay where they are, and the sign says which is taken from which.
"""

from functools import lru_cache

from abacist.core.arithmetic import APART, TAKEN_FROM
from abacist.core.errors import QuestionError
from abacist.core.readings import GO, SIGNS
from abacist.problems.expression import Leaf, Tree, parse
from abacist.problems.question import Question, is_number
from abacist.problems.wording import FRAMES, INFIX, asked

_OF_FRAMES = {"from": TAKEN_FROM, "between": APART}
_PLAIN = str.maketrans({TAKEN_FROM: "-", APART: "-"})


@lru_cache(maxsize=2**14)
def reading(question: Question) -> tuple[str, tuple[int, ...]]:
    """Return the signs of a question, `=` behind them, and for each the place of the sign that takes its result.

    Digits, marks and the last sign to be worked out have -1. Nothing is returned for a question that no such row of
    signs says: one with numbers in words, functions, or decimals asked for.
    """
    try:
        lexemes = _in_signs(question)
        tree = parse(tuple(lexeme.translate(_PLAIN) for lexeme in lexemes))
    except QuestionError:
        return "", ()
    starts = [0]
    for lexeme in lexemes:
        starts.append(starts[-1] + len(lexeme))
    signs = "".join(lexemes) + GO
    parents = [-1] * len(signs)
    pending: list[Tree] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Leaf):
            continue
        for operand in node.operands:
            if not isinstance(operand, Leaf):
                parents[starts[operand.place]] = starts[node.place]
            pending.append(operand)
    return signs, tuple(parents)


def _in_signs(question: Question) -> list[str]:
    """Put each phrase into a sign where it ends. Raises: QuestionError for what cannot be said so."""
    if not any(map(str.isalpha, question)):
        symbols, small, links = list(question), question, {}
    else:
        meaning = asked(question)
        if meaning.places is not None or meaning.in_words:
            raise QuestionError("the question says how its answer is wanted")
        small = tuple(map(str.lower, question))
        links = _links(small)
        symbols = []
        for index, word in enumerate(small):
            pair = small[index - 1 : index + 1]
            if not word.isalpha():
                symbols += [word] if word in SIGNS + "()" or is_number(word) else []
            elif pair in INFIX:
                symbols += INFIX[pair]
            elif (word,) in INFIX and small[index : index + 2] not in INFIX:
                symbols += INFIX[(word,)]
            elif word in links:
                symbols.append(links[word])
        # Numbers in words, functions and whatever else is not said sign by sign would be lost.
        numbers = sorted(filter(is_number, symbols)), sorted(filter(is_number, meaning.symbols))
        if numbers[0] != numbers[1]:
            raise QuestionError("the question holds more than its signs say")
    if any(lexeme not in "()" and lexeme not in SIGNS and not is_number(lexeme) for lexeme in symbols):
        raise QuestionError("the question holds what no sign stands for")
    return symbols


def _links(small: Question) -> dict[str, str]:
    """Return the words that stand between operands, each with its sign, by the words in front of them."""
    for opening, (links, sign) in FRAMES.items():
        if any(small[index : index + len(opening)] == opening for index in range(len(small))):
            return dict.fromkeys(links, _OF_FRAMES.get(sign, sign))
    return {"than": TAKEN_FROM} if "less" in small else {}
