"""What one layer of attention can gather: exact bounds in chosen directions over sets of rows."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from abacist.core.errors import SettingsError
from abacist.evaluation.addition_rows import AdditionRows, Columns, Marks
from abacist.evaluation.affine import ULPS, UNIT, Affine, Floats, gamma
from abacist.models.transformer import Transformer
from abacist.text.coordinates import Integers

DOUBT = 8
"""How many times the largest deviation of float32 from float64 that is measured over all pairs is allowed for."""

ROUNDS = 8
"""Steps of Dinkelbach's method at most; its bound holds after any number of them."""

CLOSE = 0.01
"""It stops where its bound is this near, as a share of what values span."""


def in_float64(model: Transformer) -> Transformer:
    """Return a copy that computes in float64, for evaluation."""
    return copy.deepcopy(model).cpu().double().eval()


@dataclass(frozen=True)
class Pairs:
    """What every digit in every place gives attention, worked out once by the model's own parts.

    Shapes: n tokens, each a place of the row with a digit there; entering (n, d_model), the residual stream before
    attention; scores (heads, n, n); values (heads, n, rank), what a token writes along `bases` (heads, rank, d_model)
    from `origin` (d_model,) on; place and digit (n,), -1 where a token is no digit.
    Errors: what float32 may change, of scores, and of all values (d_model,).
    """

    entering: Floats
    scores: Floats
    values: Floats
    bases: Floats
    origin: Floats
    place: Integers
    digit: Integers
    score_error: float
    value_error: Floats

    @classmethod
    def of(cls, model: Transformer, rows: AdditionRows) -> "Pairs":
        """Call embedding, positions, norm and attention on every token that can stand in a row."""
        open_places = rows.places[rows.places >= 0]
        last = len(rows.template) - 1  # the end sign is asked for, and never seen
        place = np.concatenate([np.full(10 if at in open_places else 1, at) for at in range(last)])
        digit = np.concatenate([np.arange(10) if at in open_places else [-1] for at in range(last)])
        ids = np.where(digit < 0, rows.template[place], rows.digit_ids[digit])
        causal = place[None] <= place[:, None]
        single, double = (
            _called(each, ids, rows.coordinates[place])
            for each in (copy.deepcopy(model).cpu().eval(), in_float64(model))
        )
        entering, scores, wrote = double
        seen = scores[:, causal]
        here = np.isfinite(seen)  # some heads see only what stands in certain places
        off = np.abs(single[1][:, causal][here] - seen[here]).max()
        value_off = np.abs(single[2] - wrote).max(1).sum(0)
        mean = wrote.mean(1, keepdims=True)
        _, sizes, turns = np.linalg.svd(wrote - mean, full_matrices=False)
        rank = max(1, int((sizes > 1e-12 * max(sizes.max(), 1e-300)).sum(1).max()))
        bases = turns[:, :rank]
        return cls(
            entering,
            scores,
            (wrote - mean) @ bases.transpose(0, 2, 1),
            bases,
            mean.sum((0, 1)),
            place,
            digit,
            float(DOUBT * off + 16 * UNIT * np.abs(seen[here]).max()),
            DOUBT * value_off + 32 * UNIT * np.abs(wrote).max(1).sum(0),
        )


@torch.no_grad()
def _called(model: Transformer, ids: Integers, places: Integers) -> tuple[Floats, Floats, Floats]:
    coordinates = torch.from_numpy(places)[None]
    x = model.embedding(torch.from_numpy(ids)[None])
    added = model.position.embed(coordinates)
    x = x if added is None else x + added
    block: Any = model.blocks[0]
    attention = block.attention
    if not hasattr(attention, "pairs"):
        raise SettingsError(f"model.mixer: {model.settings.mixer.name} has no scores of pairs, which a proof needs")
    scores, wrote = attention.pairs(block.attention_norm(x), coordinates, model.position)
    return x[0].double().numpy(), scores[0].double().numpy(), wrote[0].double().numpy()


class Gathering:
    """What a query, a token at a place, can gather from rows of which digits are open.

    Shapes: j digits that it sees and that may be open; weights (heads, 10, j) and values (heads, rank, 10, j), each
    times its weight; what is settled: (heads,) and (heads, rank).
    """

    def __init__(self, pairs: Pairs, rows: AdditionRows, place: int, digit: int):
        """`digit` is that of the query, -1 where it is none."""
        self.pairs = pairs
        (asked,) = np.flatnonzero((pairs.place == place) & (pairs.digit == digit))
        self.entering = pairs.entering[asked]
        seen = np.flatnonzero(pairs.place <= place)
        scores = pairs.scores[:, asked]
        weights = np.exp(scores - scores[:, seen].max(1, keepdims=True))
        weighted = weights[..., None] * pairs.values
        settled = seen[(pairs.digit[seen] < 0) & (pairs.place[seen] != place)]
        settled = np.append(settled, asked)
        self.settled_weight, self.settled_value = weights[:, settled].sum(1), weighted[:, settled].sum(1)
        at = [(number, column) for number, column in np.argwhere((rows.places >= 0) & (rows.places < place))]
        self.number, self.column = np.array(at).T
        first = np.array([np.flatnonzero(pairs.place == rows.places[number, column])[0] for number, column in at])
        tokens = first + np.arange(10)[:, None]
        self.weights, self.values = weights[:, tokens], weighted[:, tokens].transpose(0, 3, 1, 2)
        span = pairs.values[:, seen].max(1) - pairs.values[:, seen].min(1)
        self.span = span
        # A softmax whose weights are each wrong by a share, then the sums of its parts.
        finite = scores[:, seen][np.isfinite(scores[:, seen])]
        reach = finite.max() - finite.min()
        share = np.expm1(2 * pairs.score_error + UNIT * reach + 2 * ULPS * UNIT)
        shifts = (span[..., None] * np.abs(pairs.bases)).sum((0, 1))
        size = np.abs(pairs.values @ pairs.bases).max(1).sum(0) + np.abs(pairs.origin)
        self.error: Floats = shifts * share / (1 - share) + gamma(2 * len(seen) + 4) * size + pairs.value_error

    def marks(self, states: Columns) -> Marks:
        """Return which digits are possible where, (rows, 10, j)."""
        marks: Marks = states.digits[:, self.number, self.column].transpose(0, 2, 1)
        return marks

    def bounded(self, shut: Floats) -> tuple[Affine, Floats]:
        """Return the residual stream after attention, and where deltas are 0: they are what heads gather, along bases.

        `shut` (rows, 10, j) is 0 where a digit is possible, minus infinity where not.
        """
        heads, rank = self.settled_value.shape
        high, low = np.empty((2, len(shut), heads, rank))
        for head, part in np.ndindex(heads, rank):
            values, settled = self.values[head, part], self.settled_value[head, part]
            close = CLOSE * self.span[head, part]
            high[:, head, part] = self.largest(head, values, settled, shut, close)[0]
            low[:, head, part] = -self.largest(head, -values, -settled, shut, close)[0]
        middle, bases = (high + low) / 2, self.pairs.bases.reshape(heads * rank, -1)
        gathered = middle.reshape(len(shut), -1)
        centre = self.entering + self.pairs.origin + gathered @ bases
        made = Affine(
            centre,
            np.repeat(bases.T[None], len(shut), axis=0),
            np.repeat(self.error[None], len(shut), axis=0),
            np.maximum(high - low, 0).reshape(len(shut), -1) / 2,
        )
        # Embedding and place are added, and then what was gathered.
        return made.rounded(3), gathered

    def sizes(self, shut: Floats, middle: Floats) -> Floats:
        """Return how far each digit moves what heads gather, the others being usual, (rows, j)."""
        heads, rank = self.settled_value.shape
        total = np.zeros((len(shut), shut.shape[2]))
        for head in range(heads):
            allowed = np.where(shut < 0, 0.0, self.weights[head])
            weight = self.settled_weight[head] + (allowed.sum(1) / (shut == 0).sum(1)).sum(-1)
            for part in range(rank):
                at = middle[:, head * rank + part, None, None]
                moves = self.values[head, part] - at * self.weights[head]
                total += ((moves + shut).max(1) - (moves - shut).min(1)) / np.maximum(weight, 1e-300)[:, None]
        return total

    def largest(
        self, head: int, values: Floats, settled: Floats | float, shut: Floats, close: float
    ) -> tuple[Floats, Floats]:
        """Return the largest mean that a head can gather of values (10, j) or (rows, 10, j), each times its weight.

        The mean is a quotient of two sums over places. For any t that some row reaches, what the largest sum of
        values - t weights is above 0, divided by the least weight there can be, bounds what is missing; t is made
        better by the row that has that sum (Dinkelbach 1967, Management Science 13). Also returned is what each
        digit gives to that sum, (rows, 10, j).
        """
        weights, own = self.weights[head], self.settled_weight[head]
        least = own + (weights - shut).min(1).sum(-1)
        usual = np.where(shut < 0, 0.0, weights)
        mean = np.where(shut < 0, 0.0, values)
        count = (shut == 0).sum(1)
        top = (mean.sum(1) / count).sum(-1) + settled
        reached = top / np.maximum(own + (usual.sum(1) / count).sum(-1), 1e-300)
        for turn in range(ROUNDS):
            parts = values - reached[:, None, None] * weights
            best = parts + shut
            beyond = np.maximum(best.max(1).sum(-1) + settled - reached * own, 0) / np.maximum(least, 1e-300)
            if turn == ROUNDS - 1 or beyond.max(initial=0.0) <= close:
                break
            chosen = best.argmax(1)
            places = np.arange(weights.shape[1])
            each = np.broadcast_to(values, shut.shape)
            above = np.take_along_axis(each, chosen[:, None], 1)[:, 0]
            below = weights[chosen, places].sum(-1) + own
            reached = np.maximum(reached, (above.sum(-1) + settled) / np.maximum(below, 1e-300))
        return reached + beyond, parts

    def directed(self, rows: Integers, along: Floats, shut: Floats) -> tuple[Floats, Floats]:
        """Return for some rows the most that what heads gather can have along a direction, (n, heads * rank).

        Beside it, (n, 10, j), by how much each digit would move that.
        """
        heads, rank = self.settled_value.shape
        along, shut = along.reshape(-1, heads, rank), shut[rows]
        total, moves = np.zeros(len(rows)), np.zeros(shut.shape)
        for head in range(heads):
            values = (along[:, head] @ self.values[head].reshape(rank, -1)).reshape(shut.shape)
            settled = along[:, head] @ self.settled_value[head]
            close = CLOSE * float((np.abs(along[:, head]) * self.span[head]).sum(-1).max(initial=0.0))
            most, parts = self.largest(head, values, settled, shut, close)
            total += most
            weight = self.settled_weight[head] + np.where(shut < 0, 0.0, self.weights[head]).max(1).sum(-1)
            moves += parts / np.maximum(weight, 1e-300)[:, None, None]
        return total, moves
