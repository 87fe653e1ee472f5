"""What commands print on: tables that fit a page, and a bar where there is a terminal."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress as Bar
from rich.progress import TaskID, TextColumn

PAGE = 130
"""Columns of a table that goes to a file or a pipe."""

PAUSE = 20.0
"""Seconds between two lines on how far something is."""


def page(stderr: bool = False) -> Console:
    """Return the terminal, or a page of fixed width where there is none."""
    console = Console(highlight=False, stderr=stderr)
    return console if console.is_terminal else Console(highlight=False, stderr=stderr, width=PAGE)


@contextlib.contextmanager
def reading(console: Console) -> Iterator[Callable[..., None]]:
    """Show what is read before a training while it is read; it is told what, how much is done, and of how much.

    Nothing is shown before it is told anything; where there is no terminal, a line from time to time.
    """
    if not console.is_terminal:
        yield _line_by_line(console)
        return
    with Bar(*Bar.get_default_columns(), TextColumn("{task.completed:,.0f}"), console=console, transient=True) as shown:
        jobs: dict[str, TaskID] = {}

        def tell(what: str, done: int, of: int | None = None) -> None:
            if what not in jobs:
                for before in jobs.values():
                    shown.update(before, visible=False)
                jobs[what] = shown.add_task(escape(what), total=of)
            shown.update(jobs[what], completed=done, total=of, visible=True)

        yield tell


def _line_by_line(console: Console) -> Callable[..., None]:
    """Return what prints how far something is, at most once in `PAUSE` seconds: nothing where all is quick."""
    last = time.monotonic()

    def tell(what: str, done: int, of: int | None = None) -> None:
        nonlocal last
        if time.monotonic() - last >= PAUSE:
            last = time.monotonic()
            console.print(f"{escape(what)}: {done:,}" + (f" of {of:,} ({done / of:.0%})" if of else ""))

    return tell


@contextlib.contextmanager
def bar(console: Console, name: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """Show a bar while something runs; it is told how many are done, and of how many if that was unknown."""
    if not console.is_terminal:
        yield lambda *_: None
        return
    with Bar(console=console, transient=True) as shown:
        task = shown.add_task(escape(name), total=total)
        yield lambda done, of=None: shown.update(task, completed=done, total=of)
