"""A transformer with an exact unit inside."""

from typing import NamedTuple

import torch
from torch import Tensor

from abacist.core.readings import GO, READINGS
from abacist.models.cache import Cache
from abacist.models.exact_unit import NOTHING, ExactUnit, UnitSettings, answer_signs
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer

READ, TOLD, GATE = "exact unit, read", "exact unit, answer", "exact unit, gate"
"""What the cache holds of a row: the readings of its tokens, the answer once it is worked out, and who is heard."""


class Handed(NamedTuple):
    """What the unit hands to the end of the model."""

    told: Tensor
    """The sign of the answer for each token, (batch, seq)."""
    gate: Tensor
    """The logit of its being heard, (batch, 1)."""


class Calculating(Transformer):
    """A decoder-only transformer whose exact unit reads between two layers, and tells the answer behind the last.

    Shapes: as those of a transformer.
    """

    unit: ExactUnit

    def __init__(self, settings: ModelSettings, token_classes: Tensor, unit: UnitSettings, numbers: object = None):
        super().__init__(settings, token_classes, numbers)
        self.unit = ExactUnit(unit, settings.d_model)
        self.open_rows: Tensor | None = None
        """While training: which rows hear the unit, (batch, 1); None for all."""
        self.logits: Tensor | None = None
        """While training: of the readings that the last forward pass made."""

    def entered(self, x: Tensor, step: int, cache: Cache | None) -> Handed | None:
        """Read where it is time to; return what the unit has to say."""
        if step != min(self.unit.settings.after, self.settings.depth - 1):
            return None
        logits = self.unit.read(x)
        if self.training and torch.is_grad_enabled():
            self.logits = logits
        return self._handed(logits.detach().argmax(-1), self.unit.gate(x)[..., 0], cache)

    def left(self, x: Tensor, noted: Handed | None, wanted: Tensor | None) -> Tensor:
        """Let the unit speak in the place of what the last norm gives."""
        assert noted is not None, "every row goes through the layer that is read from"
        told = noted.told if wanted is None else noted.told.gather(1, wanted)
        return self.unit(x, told, noted.gate, self.open_rows)

    def readings(self, ids: Tensor, coordinates: Tensor) -> tuple[list[int], float]:
        """Return how a row is read up to where its question ends, and how far the gate is then open, 0 to 1.

        Shapes: ids (1, seq), coordinates (1, seq, axes).
        """
        cache = Cache(self.settings, 1, ids.shape[1], self.embedding.weight)
        self.hidden(ids, coordinates, cache)
        row, go = cache.states[READ][0].tolist(), READINGS.index(GO)
        heard = float(cache.states[GATE].sigmoid()) if go in row else 0.0
        return row[: row.index(go)] if go in row else row, heard

    def _handed(self, readings: Tensor, gates: Tensor, cache: Cache | None) -> Handed:
        """Work out the questions that end among new tokens; say what each of these is handed."""
        states = {} if cache is None else cache.states
        known = torch.cat([states.get(READ, readings[:, :0]), readings], 1)
        rows, seq, new = *known.shape, readings.shape[1]
        ends = known == READINGS.index(GO)
        end = torch.where(ends.any(1), ends.int().argmax(1), seq)
        answers = _widened(states.get(TOLD, readings.new_full((rows, 0), NOTHING)), 1)
        gate = states.get(GATE, gates.new_zeros(rows, 1))
        now = (end >= seq - new) & (end < seq)
        gate = torch.where(now[:, None], gates.gather(1, (end - seq + new).clamp(0, new - 1)[:, None]), gate)
        asked = now.nonzero()[:, 0].tolist()
        if asked:
            questions = [known[row, : int(end[row])].tolist() for row in asked]
            found = dict(zip(asked, self.unit.results(questions), strict=True))
            answers = _widened(answers, max(len(text or "") for text in found.values()) + 2)
            for row, text in found.items():
                answers[row] = torch.tensor(answer_signs(text, answers.shape[1]), device=answers.device)
        # The token that ends a question is handed the first sign, those behind it the next ones.
        place = torch.arange(seq - new, seq, device=known.device) - end[:, None]
        told = answers.gather(1, place.clamp(0, answers.shape[1] - 1))
        told = torch.where((place >= 0) & (place < answers.shape[1]), told, NOTHING)
        if cache is not None:
            cache.states |= {READ: known, TOLD: answers, GATE: gate}
        return Handed(told, gate)


def _widened(answers: Tensor, width: int) -> Tensor:
    missing = max(0, width - answers.shape[1])
    return torch.cat([answers, answers.new_full((len(answers), missing), NOTHING)], 1)


def new_calculating(
    settings: ModelSettings, token_classes: object, unit: UnitSettings, seed: int, numbers: object = None
) -> Calculating:
    """Make one with random weights that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Calculating(settings, torch.as_tensor(token_classes), unit, numbers)
