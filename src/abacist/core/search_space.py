"""What a search goes over: values named one by one, or a range of numbers."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from abacist.core.errors import SettingsError
from abacist.core.settings import read_choices

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
BEGINS_A_RANGE = re.compile(r"\s*[+-]?\.?\d[^,{\[\"]*\.\.")
RANGE = re.compile(rf"\s*({NUMBER})\.\.({NUMBER})(?::(log|{NUMBER}))?\s*")
MOST_VALUES = 10_000
"""Values of one range that are gone through one by one."""


@dataclass(frozen=True)
class Listed:
    """Values of a setting that are named one by one."""

    path: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included: whole ones where both are whole."""

    path: str
    low: float
    high: float
    step: float | None = None
    """The distance of neighbours; None for all numbers, or all whole ones."""
    log: bool = False
    """Whether the logarithm is drawn evenly instead of the number."""

    def __post_init__(self) -> None:
        written = f"--over {self.path}={self.low}..{self.high}"
        if not -math.inf < self.low < self.high < math.inf:
            raise SettingsError(f"{written}: write the smaller number first")
        if self.log and self.low <= 0:
            raise SettingsError(f"{written}: a range by its logarithm begins above 0")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise SettingsError(f"{written}: the step should be above 0 and fit into the range, got {self.step}")

    @property
    def whole(self) -> bool:
        """Whether its numbers are whole."""
        return all(isinstance(each, int) for each in (self.low, self.high, self.step or 1))

    def listed(self) -> Listed:
        """Return its numbers one by one. Raises: SettingsError where they have no step, or are too many."""
        step = self.step or (1 if self.whole and not self.log else None)
        if step is None:
            raise SettingsError(
                f"--over {self.path}: a grid needs single values; list them with commas, give a step as in "
                f"{self.low}..{self.high}:{(self.high - self.low) / 4:g}, or choose another --sampler"
            )
        # Decimals are reckoned as they are written: 0.1 + 0.2 is 0.3.
        low, high, by = (Fraction(str(each)) for each in (self.low, self.high, step))
        count = (high - low) // by + 1
        if count > MOST_VALUES:
            raise SettingsError(f"--over {self.path}: {count:,} values are too many for a grid; give a larger step")
        numbers = [low + index * by for index in range(count)]
        return Listed(self.path, tuple(int(each) if self.whole else float(each) for each in numbers))


Dimension = Listed | Range


def read_over(text: str) -> Dimension:
    """Read `path=value,value`, `path=4..64`, `path=4..64:4` with a step, or `path=1e-3..3e-2:log`.

    Raises: SettingsError for what is none of these.
    """
    path, _, value = text.partition("=")
    if not BEGINS_A_RANGE.match(value):
        choices = read_choices(text)
        return Listed(choices[0][0], tuple(value for _, value in choices))
    read = RANGE.fullmatch(value)
    if read is None or not path.strip():
        raise SettingsError(
            f"--over {text!r}: write a range as path=4..64, 4..64:4 with a step, or 1e-3..3e-2:log; it stands alone"
        )
    low, high, rest = read.groups()
    step = None if rest in (None, "log") else _number(rest)
    return Range(path.strip(), _number(low), _number(high), step, rest == "log")


def _number(text: str) -> float:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
