"""The exact unit: reads a question out of hidden states, works it out, and tells the answer sign by sign."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor, nn

from abacist.core.arithmetic import written
from abacist.core.errors import SettingsError
from abacist.core.readings import CLOSE, OPEN, READINGS, WRITTEN
from abacist.models.reduction import KINDS, REACH, WINDOWS, Choice, reduced

SKIP = len(READINGS)
"""The reading of a token that says nothing to the unit."""
END = len(WRITTEN)
"""Behind the answer's last sign."""
NOTHING = END + 1
"""What the unit has to say where it has no answer, or has told all of it."""
STANDING = 3.0
"""The head start of marks: a token that nothing is known of stands in the way until it is learned that it does not.

Skipped instead, brackets would be ignored for good: half of all expressions come out right without them.
"""


@dataclass(frozen=True)
class UnitSettings:
    """How the unit reads and writes."""

    after: int = 1
    """How many layers the hidden states that it reads have gone through."""
    places: int = 2
    """Decimals of an answer, half away from zero."""
    pad: bool = False
    """Tell all decimals, also where they are zeros."""
    order: Literal["plain", "reversed"] = "plain"
    """The order of digits in question and answer."""
    width: int = 16
    """Hidden width of the choice among applications."""

    def __post_init__(self) -> None:
        if self.after < 0 or self.width < 1 or not 0 <= self.places <= 100:
            raise SettingsError("after must be at least 0, width at least 1, places from 0 to 100")

    def told(self, value: Fraction | None) -> str | None:
        """Return a value as the answer says it; None stays None."""
        if value is None:
            return None
        text = written(value, self.places, self.pad)
        return text if self.order == "plain" else turned(text)


class ExactUnit(nn.Module):
    """Arithmetic inside a forward pass.

    Each token is read as a digit, a sign, a mark, the end of the question, or nothing (a linear map of its hidden
    state); digits beside each other are a number. Then one application after another takes the place of its numbers,
    exact in fractions, the next one chosen by a small network from the kinds of the five items around its middle:
    so several operands and nesting are the unit applied again. From the end of the question on each token is handed
    the answer's next sign, a learned vector, which takes the place of what the model's last norm gives, as far as a
    gate is open. The gate is a sigmoid of the hidden state that ended the question: whether the unit is heard is
    decided once, so that answers of any length are told alike.

    The arithmetic sees readings alone, never tokens or text. Which token is which digit, what a sign means, what
    comes first and when to be heard is learned; what a sum is, is not.

    Source: a gated unit that reads operands and operator from hidden states is the Integrated Gated Calculator,
    arXiv:2501.00684; there results come from one application, and operands have a fixed width.
    Shapes: x (batch, seq, d_model); readings (batch, seq) of len(READINGS) + 1 values; told (batch, seq), signs of an
    answer, END or NOTHING.
    """

    def __init__(self, settings: UnitSettings, d_model: int):
        super().__init__()
        self.settings = settings
        self.read = nn.Linear(d_model, SKIP + 1)
        self.items = nn.Parameter(torch.empty(2 * REACH + 1, len(KINDS), settings.width))
        self.choice = nn.Linear(settings.width, 1, bias=False)
        self.gate = nn.Linear(d_model, 1)
        self.signs = nn.Embedding(NOTHING, d_model)
        self.closed = False
        with torch.no_grad():
            nn.init.normal_(self.items, std=0.5)
            nn.init.normal_(self.choice.weight, std=0.5 / settings.width**0.5)
            self.gate.bias.zero_()
            self.read.bias.zero_()
            self.read.bias[[READINGS.index(OPEN), READINGS.index(CLOSE)]] = STANDING

    def scores(self) -> Tensor:
        """Return the score of each window that an application can stand in, (WINDOWS,)."""
        hidden = self.items[0]
        for place in self.items[1:]:
            hidden = (hidden[:, None] + place).flatten(0, 1)
        return self.choice(hidden.relu())[:, 0]

    @torch.no_grad()
    def results(self, readings: Sequence[Sequence[int]]) -> list[str | None]:
        """Return the answer to each row of readings up to the end of the question; None where there is none."""
        best = self.chooser()
        found = lru_cache(maxsize=None)(lambda signs: self.settings.told(reduced(signs, best)))
        return [found(self.signs_of(row)) for row in readings]

    @torch.no_grad()
    def chooser(self) -> Choice:
        """Return what takes the application with the highest score."""
        scores = self.scores().tolist()
        assert len(scores) == WINDOWS
        return lambda windows, _places: max(range(len(windows)), key=lambda index: scores[windows[index]])

    def signs_of(self, row: Sequence[int]) -> str:
        """Return readings as signs, in reading order."""
        signs = "".join(READINGS[reading] for reading in row if reading < SKIP)
        return signs if self.settings.order == "plain" else turned(signs)

    def forward(self, x: Tensor, told: Tensor, gate: Tensor, open_rows: Tensor | None = None) -> Tensor:
        """Let the unit speak in the model's place, as far as the gate, (batch, 1), is open; no row that is closed
        hears it.
        """
        if self.closed:
            return x
        speaks = told != NOTHING
        if open_rows is not None:
            speaks = speaks & open_rows
        share = (gate.sigmoid() * speaks)[..., None]
        return x + share * (self.signs(told.clamp(max=END)) - x)


def turned(signs: str) -> str:
    """Return the same signs with the digits of each number in the other order."""
    pieces: list[str] = [""]
    for sign in signs:
        if sign.isdigit() or sign == ".":
            pieces[-1] = sign + pieces[-1]
        else:
            pieces += [sign, ""]
    return "".join(pieces)


def answer_signs(text: str | None, length: int) -> list[int]:
    """Return an answer's signs, END and NOTHING behind them, as many as asked for."""
    signs = [] if text is None else [*(WRITTEN.index(sign) for sign in text), END]
    return (signs + [NOTHING] * length)[:length]


@contextmanager
def gate_closed(model: nn.Module) -> Iterator[None]:
    """Let the exact unit of a model say nothing for a while. Raises: SettingsError if it has none."""
    units = [part for part in model.modules() if isinstance(part, ExactUnit)]
    if not units:
        raise SettingsError("kind: there is no exact unit in this model whose gate could be closed; kind=exact has one")
    for unit in units:
        unit.closed = True
    try:
        yield
    finally:
        for unit in units:
            unit.closed = False
