"""Proof that a small decoder adds: of all pairs of numbers, not of those that were tried.

For each token of an answer, given that those before it are right, the sums there are fall into sets: the digit written
before and the right one are settled, all others open. For a set, attention's output is bounded in chosen directions by
exact maximisation, and the rest of the block and the head by affine arithmetic. Where the right logit is ahead of all
others at its least, the set is done; where not, it is cut in two at the digit that moves the margin most. What is left
in the end are sets of one row, which the model itself is asked.

What is assumed stands in `ASSUMED`, and goes into every proof.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from abacist.core.errors import SettingsError
from abacist.evaluation.addition_rows import SUM, AdditionRows, Columns, Marks
from abacist.evaluation.affine import Floats
from abacist.evaluation.gathered import Gathering, Pairs
from abacist.evaluation.margins import Ahead, Margins
from abacist.kinds.decoder import Decoder
from abacist.models.transformer import Transformer
from abacist.text.coordinates import Integers

ASSUMED = (
    "float32 as IEEE 754 has it, sums in any order; exp, tanh and inverse roots right to 4 units in the last place; "
    "scores of pairs and what tokens write no further from float64 than 8 times the furthest of all of them measured"
)

AT_ONCE = 512
"""Sets that are bounded together."""

ASKED = 16
"""Rows drawn from sets that stay open, for the model itself to answer, beside the worst of each set."""

Told = Callable[[float], None]
"""Told how much is done, from 0 to 1."""


@dataclass
class PlaceProof:
    """What was found for one token of the answer."""

    token: str
    """The power of ten of the digit, or the end."""
    states: int = 0
    """Sets that were looked at."""
    splits: int = 0
    """Sets that were cut in two."""
    margin: float = float("inf")
    """The least by which the right logit is ahead in a set that is done, with all that rounding may take."""
    at: str = ""
    """The set that has this margin."""
    open: int = 0
    """Rows too close to call."""
    close: str = ""
    """The first of them."""
    seconds: float = 0.0


@dataclass
class Proof:
    """The verdict: proven, or a pair that is answered wrongly, or why neither was found."""

    digits: int
    pairs: int
    verdict: str = "proven"
    """`proven`, `counterexample` or `undecided`."""
    why: str = ""
    counterexample: tuple[int, int] | None = None
    places: list[PlaceProof] = field(default_factory=list)
    assumed: str = ASSUMED

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


class _Wrong(Exception):
    """A pair was found that is answered wrongly."""

    def __init__(self, left: int, right: int):
        super().__init__()
        self.pair = left, right


def check_provable(decoder: Any) -> None:
    """See whether a model is of the kind that is proven here. Raises: SettingsError that names what hinders."""
    if type(decoder) is not Decoder or type(decoder.model) is not Transformer:
        raise SettingsError("kind: a proof is of plain decoders, not of other kinds of model")
    settings = decoder.model.settings
    for name in ("n_layers", "loops"):
        if getattr(settings, name) != 1:
            raise SettingsError(f"model.{name}: a proof is of models of one layer, this has {getattr(settings, name)}")


def prove(decoder: Decoder, rows: AdditionRows, seconds: float, told: Told) -> Proof:
    """Prove that a decoder adds all pairs of up to `rows.digits` digits, or find one it does not, or run out of time.

    Raises: SettingsError for a model whose parts have no bounds here.
    """
    check_provable(decoder)
    tokens = _tokens(decoder, rows)
    result = Proof(rows.digits, 10 ** (2 * rows.digits))
    search = _Search(decoder, rows, time.monotonic() + seconds)
    try:
        for place in range(tokens):
            started = time.monotonic()
            found = PlaceProof("end" if place == rows.places.shape[1] else f"10^{place}")
            result.places.append(found)
            try:
                for share in search.shares(place, found):
                    told((place + share) / tokens)
            finally:
                found.seconds = round(time.monotonic() - started, 2)
            if found.open and result.verdict == "proven":
                result.verdict = "undecided"
                result.why = f"{found.open} rows are too close to call for float32, the first of them {found.close}"
    except _Wrong as wrong:
        result.verdict, result.counterexample = "counterexample", wrong.pair
    except TimeoutError:
        result.verdict, result.why = "undecided", f"{seconds:g} seconds were not enough"
    return result


def _tokens(decoder: Decoder, rows: AdditionRows) -> int:
    """Return how many tokens of an answer are to be proven: its digits, and the end sign where the model writes it."""
    columns = rows.places.shape[1]
    if decoder.answer_tokens not in (None, columns):
        raise SettingsError(
            f"kind.answer_tokens: answers of {decoder.answer_tokens} tokens end before or after their {columns} digits"
        )
    return columns + (decoder.answer_tokens is None)


@dataclass
class _Open:
    """Sets to be looked at, of one query; `share` is what part of the place's work each is."""

    states: Columns
    share: Floats

    def take(self, rows: Any) -> "_Open":
        return _Open(self.states.take(rows), self.share[rows])


class _Search:
    def __init__(self, decoder: Decoder, rows: AdditionRows, until: float):
        self.decoder, self.rows, self.until = decoder, rows, until
        self.pairs, self.margins = Pairs.of(decoder.model, rows), Margins(decoder.model)
        self.rng = np.random.default_rng(0)
        self.sums = rows.all_sums()
        self._check_bounds()

    def shares(self, place: int, found: PlaceProof) -> Iterator[float]:
        """Look at every set of a place, and note what is found; yield what part is done."""
        done = 0.0
        queries = list(self._queries(place))
        for gathering, first in queries:
            waiting = [_Open(first, np.full(len(first), 1 / len(first) / len(queries)))]
            while waiting:
                yield done
                if time.monotonic() > self.until:
                    raise TimeoutError
                batch = waiting.pop()
                if len(batch.states) > AT_ONCE:
                    waiting.append(batch.take(slice(AT_ONCE, None)))
                    batch = batch.take(slice(AT_ONCE))
                left = self._bounded(place, found, gathering, batch)
                done += batch.share.sum() - left.share.sum()
                if len(left.states):
                    waiting.append(left)

    def _queries(self, place: int) -> Iterator[tuple[Gathering, Columns]]:
        """Yield each token that the model may stand at before a place, with the sets of sums that bring it there."""
        for before in range(10) if place else (-1,):
            states = self.sums.with_digit(SUM, place - 1, before) if place else self.sums
            if place < self.rows.places.shape[1]:
                states = Columns.join([states.with_digit(SUM, place, digit) for digit in range(10)])
            if len(states):
                yield self._gathering(place, before), states

    def _gathering(self, place: int, before: int) -> Gathering:
        """Return what is gathered at the token in front of a place, which is the digit `before`, or -1."""
        at = self.rows.places[SUM, place - 1] if place else self.rows.prompt_length - 1
        return Gathering(self.pairs, self.rows, int(at), before)

    def _right(self, states: Columns, place: int) -> Integers:
        if place == self.rows.places.shape[1]:
            return np.full(len(states), self.rows.end_id)
        right: Integers = self.rows.digit_ids[states.digits[:, SUM, place].argmax(-1)]
        return right

    def _bounded(self, place: int, found: PlaceProof, gathering: Gathering, batch: _Open) -> _Open:
        """Bound the margins of sets; return halves of those that stay open."""
        found.states += len(batch.states)
        marks = gathering.marks(batch.states)
        shut = np.where(marks, 0.0, -np.inf)
        stream, middle = gathering.bounded(shut)
        right = self._right(batch.states, place)
        ahead = self.margins.ahead(stream, right)
        itself = np.arange(ahead.shift.shape[1]) == right[:, None]
        swing = ahead.swing.copy()
        rows, others = np.nonzero(~(ahead.least(swing) > 0) & ~itself)
        along = -ahead.made.slope[rows, others]
        most, moves = gathering.directed(rows, along, shut)
        swing[rows, others] = np.minimum(swing[rows, others], most - (along * middle[rows]).sum(-1))
        margins = np.where(itself, np.inf, ahead.least(swing))
        least = margins.min(1)
        self._note(found, batch.states, least)
        left = np.flatnonzero(~(least > 0))
        if not len(left):
            return batch.take(slice(0))
        which = np.zeros(margins.shape, dtype=np.int64)
        which[rows, others] = np.arange(len(rows))
        worst = margins[left].argmin(1)
        # What a digit takes from the margin itself, and its part in errors, which grow with the square of what moves.
        moves = moves[which[left, worst]]
        self._ask(batch.states.take(left), gathering, moves)
        sizes = gathering.sizes(shut[left], middle[left])
        own = _range(moves, marks[left])
        shares = swing[left, worst, None] * own / np.maximum(own.sum(1, keepdims=True), 1e-300)
        errors = 2 * ahead.made.error[left, worst, None]
        shares += errors * sizes / np.maximum(sizes.sum(1, keepdims=True), 1e-300)
        return self._halved(found, gathering, batch.take(left), marks[left], moves, shares)

    def _halved(
        self, found: PlaceProof, gathering: Gathering, batch: _Open, marks: Marks, moves: Floats, shares: Floats
    ) -> _Open:
        """Cut each set in two at the digit with the largest share, (rows, j), by which of its values move more."""
        width = np.where(marks.sum(1) > 1, shares, -1.0)
        at = width.argmax(1)
        each = np.arange(len(at))
        settled = width[each, at] < 0
        if settled.any():  # single rows, which the model was asked, and answered rightly
            found.open += int(settled.sum())
            found.close = found.close or self._named(batch.states.take(np.flatnonzero(settled)[:1]))
        keep = np.flatnonzero(~settled)
        batch, at, marks, moves, each = batch.take(keep), at[keep], marks[keep], moves[keep], np.arange(len(keep))
        found.splits += len(keep)
        possible, order = marks[each, :, at], moves[each, :, at]
        rank = np.where(possible, order, np.inf).argsort(-1).argsort(-1)
        lower = possible & (rank < possible.sum(-1, keepdims=True) // 2)
        halves = []
        for half in (lower, possible & ~lower):
            digits = batch.states.digits.copy()
            digits[each, gathering.number[at], gathering.column[at]] &= half
            halves.append(Columns(digits, batch.states.carries))
        both = Columns.join(halves).propagated()
        source, alive = np.concatenate([each, each]), both.possible()
        counts = np.bincount(source[alive], minlength=len(each))
        return _Open(both.take(alive), (batch.share / np.maximum(counts, 1))[source[alive]])

    def _ask(self, states: Columns, gathering: Gathering, moves: Floats) -> None:
        """Let the model answer rows of sets that stay open: those that moves are worst for, and some drawn at random.

        A set of one row is always asked. Raises: _Wrong if one is answered wrongly.
        """
        scores = np.zeros(states.digits.shape)
        scores[:, gathering.number, gathering.column] = moves.transpose(0, 2, 1)
        some = states.take(self.rng.permutation(len(states))[:ASKED])
        for pair in wrong_pairs(self.decoder, self.rows, np.concatenate([states.best(scores), some.drawn(self.rng)])):
            raise _Wrong(*pair)

    def _note(self, found: PlaceProof, states: Columns, margins: Floats) -> None:
        """Keep the least margin of the sets that are done."""
        least = np.where(margins > 0, margins, np.inf)
        row = int(least.argmin())
        if least[row] < found.margin:
            found.margin, found.at = float(least[row]), self._named(states.take(slice(row, row + 1)))

    def _named(self, states: Columns) -> str:
        """Write a set as both numbers and their sum in reading order, with a point where more than one digit can be."""
        digits = states.digits[0, :, ::-1]
        texts = ["".join(str(one.argmax()) if one.sum() == 1 else "." for one in number) for number in digits]
        return f"{texts[0][1:]}+{texts[1][1:]}={texts[2]}"

    def _check_bounds(self) -> None:
        """See on rows drawn at random that what is bounded here is what the model computes.

        Raises: SettingsError if it is not: a part of the model does more than its bounds know.
        """
        drawn = self.sums.take(np.zeros(64, dtype=np.int64)).drawn(self.rng)
        logits = logits_of(self.decoder, self.rows, drawn)
        right = self.rows.rows(drawn[:, 0], drawn[:, 1])[:, self.rows.prompt_length :]
        digits = [(row, place) for row in range(8) for place in range(_tokens(self.decoder, self.rows))]
        for row, place in digits:
            ahead = self._single(drawn[row], place)
            own = logits[row, place, right[row, place]] - logits[row, place]
            if not ((ahead.least(ahead.swing)[0] <= own) & (own <= ahead.most()[0])).all():
                raise SettingsError("a part of the model does more than a proof knows of: bounds and logits differ")

    def _single(self, pair: Integers, place: int) -> Ahead:
        """Return the bounds of one row."""
        states = self.sums
        for number, column in np.ndindex(2, pair.shape[1]):
            states = states.with_digit(number, column, int(pair[number, column]))
        before = int(states.digits[0, SUM, place - 1].argmax()) if place else -1
        gathering = self._gathering(place, before)
        stream, _ = gathering.bounded(np.where(gathering.marks(states), 0.0, -np.inf))
        return self.margins.ahead(stream, self._right(states, place))


def _range(moves: Floats, marks: Marks) -> Floats:
    """Return how far possible digits are apart, (rows, j), of (rows, 10, j)."""
    apart: Floats = np.where(marks, moves, -np.inf).max(1) - np.where(marks, moves, np.inf).min(1)
    return apart


@torch.inference_mode()
def logits_of(decoder: Decoder, rows: AdditionRows, pairs: Integers) -> Floats:
    """Return the model's logits for every token of the true answers, (n, answer, vocab_size), of (n, 2, columns)."""
    ids = torch.from_numpy(rows.rows(pairs[:, 0], pairs[:, 1]))[:, :-1].to(decoder.device)
    places = torch.from_numpy(rows.coordinates[:-1]).to(decoder.device).expand(*ids.shape, -1)
    decoder.model.eval()
    logits: Floats = decoder.model(ids, places)[:, rows.prompt_length - 1 :].double().cpu().numpy()
    return logits


def wrong_pairs(decoder: Decoder, rows: AdditionRows, pairs: Integers) -> Iterator[tuple[int, int]]:
    """Yield those pairs of numbers, (n, 2, columns) as digits, that the model answers wrongly."""
    tokens = _tokens(decoder, rows)
    right = rows.rows(pairs[:, 0], pairs[:, 1])[:, rows.prompt_length :][:, :tokens]
    wrong = (logits_of(decoder, rows, pairs)[:, :tokens].argmax(-1) != right).any(-1)
    yield from map(tuple, (pairs[wrong] @ 10 ** np.arange(pairs.shape[2])).tolist())
