"""A transformer with an exact unit inside."""

import torch
from torch import Tensor

from abacist.core.readings import GO, READINGS
from abacist.models.cache import Cache
from abacist.models.exact_unit import NOTHING, ExactUnit, UnitSettings, answer_signs
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer

READ, TOLD = "exact unit, read", "exact unit, answer"
"""What the cache holds of a row: the readings of its tokens, and the answer once it is worked out."""


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

    def entered(self, x: Tensor, step: int, cache: Cache | None) -> Tensor | None:
        """Read where it is time to; return the signs of the answer that each token is handed, (batch, seq)."""
        if step != min(self.unit.settings.after, self.settings.depth - 1):
            return None
        logits = self.unit.read(x)
        if self.training and torch.is_grad_enabled():
            self.logits = logits
        return self._told(logits.detach().argmax(-1), cache)

    def left(self, x: Tensor, told: Tensor | None, wanted: Tensor | None) -> Tensor:
        """Add what the unit has to say to what the last layer gives."""
        assert told is not None, "every row goes through the layer that is read from"
        return self.unit(x, told if wanted is None else told.gather(1, wanted), self.open_rows)

    def _told(self, readings: Tensor, cache: Cache | None) -> Tensor:
        """Work out the questions that end among new tokens; return what each of these is handed."""
        states = {} if cache is None else cache.states
        before = states.get(READ, readings[:, :0])
        known = torch.cat([before, readings], 1)
        rows, seq, new = *known.shape, readings.shape[1]
        ends = known == READINGS.index(GO)
        end = torch.where(ends.any(1), ends.int().argmax(1), seq)
        answers = states.get(TOLD, readings.new_full((rows, 0), NOTHING))
        asked = ((end >= seq - new) & (end < seq)).nonzero()[:, 0].tolist()
        if asked:
            questions = [known[row, : int(end[row])].tolist() for row in asked]
            found = dict(zip(asked, self.unit.results(questions), strict=True))
            longest = max(len(text or "") for text in found.values()) + 2
            answers = _widened(answers, longest)
            for row, text in found.items():
                answers[row] = torch.tensor(answer_signs(text, answers.shape[1]), device=answers.device)
        # The token that ends a question is handed the first sign, those behind it the next ones.
        place = torch.arange(seq - new, seq, device=known.device) - end[:, None]
        answers = _widened(answers, 1)
        told = answers.gather(1, place.clamp(0, answers.shape[1] - 1))
        told = torch.where((place >= 0) & (place < answers.shape[1]), told, NOTHING)
        if cache is not None:
            cache.states[READ], cache.states[TOLD] = known, answers
        return told


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
