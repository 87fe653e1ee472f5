"""How much of the text that validates stands in the text that is trained on."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from abacist.data.sides import Sided, TextSide

WINDOW = 50
"""Characters of a window."""

MOST = 500_000
"""Windows looked for; of more, an even sample."""

CHUNK = 2**16
"""Windows hashed at once; each takes some tens of bytes."""

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Overlap:
    """Windows of the validation text that stand in the training text, too."""

    window: int
    windows: int
    """In the validation text: one at every character that has so many behind it."""
    looked_for: int
    """All of them, or an even sample."""
    found: int

    @property
    def share(self) -> float:
        """Of the windows looked for; 0 where there are none."""
        return self.found / self.looked_for if self.looked_for else 0.0

    def __str__(self) -> str:
        if not self.looked_for:
            return f"No stretch of {self.window} characters is in the validation text: there is nothing to compare."
        sample = "" if self.looked_for == self.windows else f" (an even sample of {self.windows:,})"
        return (
            f"{self.share:.2%} of the validation text's stretches of {self.window} characters stand in the training "
            f"text, too: {self.found:,} of {self.looked_for:,}{sample}."
        )


class Spool:
    """Stretches of text on disk, to be read again."""

    def __init__(self, path: Path):
        self.path = path

    def kept(self, stretches: Iterable[Sided]) -> Iterator[Sided]:
        """Yield stretches as they come, and write each down."""
        with self.path.open("w", encoding="utf-8") as file:
            for each in stretches:
                file.write(json.dumps([each.side, each.name, each.text, each.begins]) + "\n")
                yield each

    def read(self) -> Iterator[Sided]:
        """Yield them again."""
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                yield Sided(*json.loads(line))


def overlap(
    read: Callable[[], Iterable[Sided]],
    window: int = WINDOW,
    most: int = MOST,
    tick: Callable[[int], None] = lambda _: None,
) -> Overlap:
    """Look for windows of the validation text in the training text, character by character as they stand.

    `read` yields the corpus; it is called twice, and `tick` is told how many characters have come, of both times.
    Windows are compared by 64-bit hashes: that one is wrongly found has a chance of some 1e-6 for a corpus of 1e9
    characters. Memory holds 8 bytes for each of up to `most` windows, and one stretch of text.
    """
    windows, step, done = 0, 1, 0

    def once_more() -> Iterator[Sided]:
        nonlocal done
        for stretch in read():
            yield stretch
            done += len(stretch.text)
            tick(done)

    kept = np.empty(0, dtype=np.uint64)
    for hashes in _hashes(once_more(), "validation", window):
        # The windows whose number is a multiple of the step.
        kept = np.concatenate([kept, hashes[-windows % step :: step]])
        windows += len(hashes)
        while len(kept) > most:
            kept, step = kept[::2], 2 * step
    wanted, counts = np.unique(kept, return_counts=True)
    found = np.zeros(len(wanted), dtype=np.bool_)
    if len(wanted):
        for hashes in _hashes(once_more(), "train", window):
            places = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
            found[places[wanted[places] == hashes]] = True
    return Overlap(window, windows, len(kept), int(counts[found].sum()))


def _hashes(stretches: Iterable[Sided], side: TextSide, window: int) -> Iterator[Hashes]:
    """Yield the hashes of all windows of a side; a window lies in one document."""
    tail = ""
    for stretch in stretches:
        if stretch.side == side:
            text = stretch.text if stretch.begins else tail + stretch.text
            for start in range(0, len(text) - window + 1, CHUNK):
                yield window_hashes(text[start : start + CHUNK + window - 1], window)
            tail = text[len(text) - window + 1 :] if len(text) >= window else text


def window_hashes(text: str, window: int) -> Hashes:
    """Return a hash of the characters of every window of a text. Shape: (len(text) - window + 1,).

    Each is the sum of its characters' mixed codes times powers of a constant, modulo 2**64, made by doubling.
    """
    codes = np.frombuffer(text.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    # The mixing of splitmix64, so that neighbouring codes have nothing in common.
    codes = (codes + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    codes = (codes ^ (codes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    codes = (codes ^ (codes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    codes ^= codes >> np.uint64(31)
    count = len(codes) - window + 1
    result = np.zeros(count, dtype=np.uint64)
    power, factor, done, width = codes, 0xD1342543DE82EF95, 0, 1
    shift = 1  # the constant to the power of `done`
    while width <= window:
        if window & width:
            result += power[done : done + count] * np.uint64(shift)
            done += width
            shift = shift * factor % 2**64
        if 2 * width <= window:
            power = power[: len(power) - width] + power[width:] * np.uint64(factor)
        factor = factor * factor % 2**64
        width *= 2
    return result
