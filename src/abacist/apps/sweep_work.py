"""How a sweep is worked off: in this process or in several, with one line that says how far it is."""

import dataclasses
import multiprocessing
import os
import signal
import sys
import time
from types import FrameType

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from abacist.core.errors import AbacistError, Interrupted, RunError, one_line
from abacist.runs.sweep import Sweep
from abacist.training.loop import Progress
from abacist.training.signals import wish_to_stop

LOOK = 0.5
"""Seconds between two looks at what the processes have done."""
SHARE = 0.05
"""Share of the points between two lines in a log."""
STOPPED = 130
"""Exit status of a process that was asked to stop and saved."""


class Line:
    """One line for the whole sweep on a terminal; elsewhere a line now and then, so that logs stay short."""

    def __init__(self, console: Console, sweep: Sweep):
        self.console, self.sweep = console, sweep
        columns = (BarColumn(bar_width=14), MofNCompleteColumn(), TextColumn("points · {task.description}"))
        self.bar = Bar(*columns, console=console, transient=True)
        self.job = self.bar.add_task("", total=None)
        self.standing, self.printed, self.done = "", 0.0, -1

    def __enter__(self) -> "Line":
        if self.console.is_terminal:
            self.bar.start()
        self.look()
        return self

    def __exit__(self, *details: object) -> None:
        if self.console.is_terminal:
            self.bar.stop()

    def look(self) -> None:
        """Show how many points are done, how many of them pass, and which is the smallest of these."""
        result = self.sweep.result()
        done, total = len(result.points), len(result.points) + result.left
        if done == self.done:
            return
        passing, smallest = sum(map(result.passes, result.points)), result.smallest_passing()
        size = "" if smallest is None else f", the smallest with {smallest.parameters or 0:,} parameters"
        self.done, self.standing = done, f"{passing:,} pass{size}"
        self.bar.update(self.job, completed=done, total=total, description=self.standing)
        if not self.console.is_terminal and done and done >= self.printed + SHARE * total:
            self.printed = done
            self.console.print(f"{done:,} of {total:,} points: {self.standing}", soft_wrap=True)

    def watch(self, label: str, progress: Progress | None) -> None:
        """Show what is at work in this process."""
        if progress is None:
            self.look()
        share = "" if progress is None else f" {progress.share:.0%}"
        self.bar.update(self.job, description=f"{self.standing} · {escape(label)}{share}")


def work_alone(sweep: Sweep, line: Line, until: float | None) -> None:
    """Work in this process. Raises: Interrupted."""
    try:
        sweep.work(line.watch, lambda: _has_time(until))
    except KeyboardInterrupt:
        raise Interrupted("stopped between two points; everything is saved") from None
    line.look()


def work_in_processes(sweep: Sweep, line: Line, until: float | None, count: int) -> None:
    """Work in several processes on one study, each on one thread.

    Raises: Interrupted when it was asked to stop and all have saved; RunError if a process died.
    """
    context = multiprocessing.get_context("spawn")  # a copy of a process whose threads run could hang
    plain = dataclasses.replace(sweep)  # without what it has opened
    processes = [context.Process(target=_work, args=(plain, until), daemon=True) for _ in range(count)]
    with wish_to_stop() as wish:
        for process in processes:
            process.start()
        told = False
        while any(process.is_alive() for process in processes):
            if wish.made and not told:
                told = True
                for process in processes:
                    process.terminate()  # they save
            line.look()
            time.sleep(LOOK)
    line.look()
    if wish.made or any(process.exitcode == STOPPED for process in processes):
        raise Interrupted("stopped; everything is saved")
    dead = [process for process in processes if process.exitcode]
    if dead:
        sweep.study.take_up()
        raise RunError(f"{len(dead)} of {count} processes died at their work; the same command goes on")


def _work(sweep: Sweep, until: float | None) -> None:
    """Be one of several processes: Ctrl-C goes to the first, which tells the others once."""
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    signal.signal(signal.SIGTERM, _stop)
    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()
    try:
        sweep.work(go_on=lambda: _has_time(until) and (parent is None or parent.is_alive()))
    except (Interrupted, KeyboardInterrupt):
        sys.exit(STOPPED)
    except AbacistError as error:
        print(f"abacist: {one_line(error)}", file=sys.stderr)
        sys.exit(1)


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Do as Ctrl-C does."""
    raise KeyboardInterrupt


def _has_time(until: float | None) -> bool:
    return until is None or time.time() < until
