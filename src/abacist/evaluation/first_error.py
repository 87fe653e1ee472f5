"""Where a wrong answer first goes wrong, counted from the ones."""

from dataclasses import dataclass
from typing import Literal

from abacist.problems.question import is_whole

Length = Literal["as long", "too short", "too long"]


@dataclass(frozen=True, slots=True)
class FirstError:
    """How a wrong whole number differs from the true one."""

    place: int | None
    """The least significant place at which they differ, 1 for the ones; None if only the sign does.

    A place that one of the two does not have differs too: `12` for `112` is wrong at place 3."""
    digits: int
    """Digits of the longer of the two."""
    length: Length
    """Of the answer, beside the truth."""

    @property
    def share(self) -> float:
        """How far along the number: 0 for the ones, 1 for the leading digit; 0 if only the sign differs."""
        return ((self.place or 1) - 1) / max(1, self.digits - 1)


def first_error(answer: str | None, truth: str) -> FirstError | None:
    """Compare a wrong answer with the truth; None unless both are whole numbers in digits."""
    if answer is None:
        return None
    given, wanted = answer.removeprefix("-"), truth.removeprefix("-")
    if not is_whole(given) or not is_whole(wanted):
        return None
    given, wanted = given.lstrip("0") or "0", wanted.lstrip("0") or "0"
    digits = max(len(given), len(wanted))
    pairs = zip(reversed(given.rjust(digits)), reversed(wanted.rjust(digits)), strict=True)
    place = next((place for place, (one, other) in enumerate(pairs, 1) if one != other), None)
    length: Length = "as long" if len(given) == len(wanted) else "too short" if len(given) < len(wanted) else "too long"
    return FirstError(place, digits, length)
