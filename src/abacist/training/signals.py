"""Ctrl-C and termination as a wish that a training follows when it suits it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Wish:
    """Whether somebody asked to stop."""

    made: bool = False


@contextmanager
def wish_to_stop() -> Iterator[Wish]:
    """Turn the first Ctrl-C or termination signal into a wish; a second one is obeyed at once."""
    wish = Wish()

    def ask(_number: int, _frame: FrameType | None) -> None:
        wish.made = True
        for each, handler in previous.items():
            signal.signal(each, handler)

    previous = {}
    try:
        for each in (signal.SIGINT, signal.SIGTERM):
            previous[each] = signal.signal(each, ask)
    except ValueError:  # not in the main thread: whoever runs us there handles signals
        previous = {}
    try:
        yield wish
    finally:
        for each, handler in previous.items():
            signal.signal(each, handler)
