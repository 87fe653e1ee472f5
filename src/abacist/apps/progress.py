"""How far a training has come, on a terminal or in a log."""

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, TextColumn
from rich.progress import Progress as Bar
from rich.progress import Task as BarTask
from rich.text import Text

from abacist.evaluation.grading import percent
from abacist.training.loop import Evaluation, Progress


class Display:
    """A progress bar on a terminal; elsewhere a line now and then, so that logs stay short.

    `every` is the share of the budget between two such lines.
    """

    def __init__(self, console: Console, watched: str, every: float = 0.05):
        self.console, self.watched, self.every = console, watched, every
        self.bar = Bar(
            BarColumn(bar_width=14), TextColumn("{task.percentage:3.0f} %"), _Words(), console=console, transient=True
        )
        self.job = self.bar.add_task("", total=1.0, words="")
        self.printed = -1.0

    def __enter__(self) -> "Display":
        if self.console.is_terminal:
            self.bar.start()
        return self

    def __exit__(self, *details: object) -> None:
        if self.console.is_terminal:
            self.bar.stop()

    def show(self, progress: Progress) -> None:
        """Update the bar."""
        steps = f"/{progress.steps:,}" if progress.steps else ""
        held_out = "" if progress.held_out is None else f" · {self.watched} {_known(progress.held_out)}"
        words = (
            f"step {progress.step:,}{steps} · loss {progress.loss:.4f}{held_out} · "
            f"{progress.tokens_per_second:,.0f} tokens/s · {clock(progress.seconds_left)} left"
        )
        if self.console.is_terminal:
            self.bar.update(self.job, completed=progress.share, words=words)
        elif progress.share >= self.printed + self.every:
            self.printed = progress.share
            self.console.print(words, soft_wrap=True)

    def say(self, text: str) -> None:
        """Print something above the bar, as it is."""
        self.console.print(text, soft_wrap=True, markup=False)


def _known(held_out: Evaluation) -> str:
    return f"{held_out.loss:.4f}" if held_out.accuracy is None else f"{percent(held_out.accuracy)} %"


class _Words(ProgressColumn):
    """The words beside the bar."""

    def render(self, task: BarTask) -> Text:
        """Return them as they are."""
        return Text(task.fields["words"], no_wrap=True, overflow="ellipsis")


def clock(seconds: float) -> str:
    """Write seconds as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
