"""What a sweep comes to: points of settings, each trained with several seeds, and the smallest that pass.

A seed passes where its accuracy on the grade set reaches the pass mark, and a point where enough of its seeds do.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from abacist.evaluation.compared import Spread, rows_of_markdown
from abacist.evaluation.comparison import share_of
from abacist.evaluation.grading import Score, percent


@dataclass(frozen=True)
class SeedResult:
    """One model that was trained and graded."""

    seed: int
    score: Score
    by_operation: Mapping[str, Score]
    steps: int
    seconds: float
    """Seconds of training; of models trained at once, those that all took together."""
    given_up: bool = False
    """Whether its training was ended because it was hopeless."""
    grokked: int | None = None
    """The step at which it understood long after it had learned what it is shown."""
    looks: Sequence[tuple[int, float]] = ()
    """Step and held-out accuracy of every look during training."""
    seen: str = ""
    """How many of the graded problems training can have shown, in words."""
    run: str = ""
    """The run folder, on the machine that trained it."""

    def on(self, operation: str | None) -> Score:
        """Return the score on an operation, or on all; one without problems has none of none right."""
        return self.score if operation is None else self.by_operation.get(operation, Score(0, 0))

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "seed": self.seed,
            **self.score.as_json(),
            "by_operation": {name: score.as_json() for name, score in self.by_operation.items()},
            "steps": self.steps,
            "seconds": self.seconds,
            "given_up": self.given_up,
            "grokking_step": self.grokked,
            "looks": [list(look) for look in self.looks],
            "certificate": self.seen,
            "run": self.run,
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "SeedResult":
        """Read what `as_json` wrote."""
        return cls(
            values["seed"],
            _score(values),
            {name: _score(own) for name, own in values["by_operation"].items()},
            values["steps"],
            values["seconds"],
            values["given_up"],
            values["grokking_step"],
            [(step, accuracy) for step, accuracy in values["looks"]],
            values["certificate"],
            values["run"],
        )


def _score(values: Mapping[str, Any]) -> Score:
    return Score(values["correct"], values["count"])


@dataclass(frozen=True)
class Point:
    """One choice of settings, and what its seeds came to."""

    choices: Mapping[str, str]
    """What was chosen, by the heading of its column."""
    parameters: int | None
    seeds: Sequence[SeedResult] = ()
    faults: Mapping[int, str] = field(default_factory=dict)
    """Why a training came to no end, by seed."""
    why_not: str = ""
    """Why nothing was trained; empty if something was."""

    @property
    def label(self) -> str:
        """The choices in one line."""
        return " · ".join(f"{heading} {text}" for heading, text in self.choices.items())

    def scores(self, operation: str | None = None) -> list[Score]:
        """Return each seed's score on all problems, or on those of an operation."""
        return [score for each in self.seeds if (score := each.on(operation)).count]

    def spread(self, operation: str | None = None) -> Spread | None:
        """Return median, worst and best accuracy of the seeds; None if none was graded."""
        shares = [score.accuracy for score in self.scores(operation)]
        return Spread(statistics.median(shares), min(shares), max(shares)) if shares else None

    def success(self, pass_at: float, operation: str | None = None) -> Score:
        """Return how many of the seeds that were tried pass; one whose training failed was tried."""
        passed = sum(score.accuracy >= pass_at for score in self.scores(operation))
        return Score(passed, len(self.seeds) + len(self.faults))

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        spread = self.spread()
        return {
            "choices": dict(self.choices),
            "parameters": self.parameters,
            "accuracy": spread and spread.as_json(),
            "seeds": [each.as_json() for each in self.seeds],
            "faults": {str(seed): words for seed, words in self.faults.items()},
            "why_not": self.why_not,
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Point":
        """Read what `as_json` wrote."""
        faults = {int(seed): words for seed, words in values["faults"].items()}
        seeds = [SeedResult.of(each) for each in values["seeds"]]
        return cls(values["choices"], values["parameters"], seeds, faults, values["why_not"])


@dataclass(frozen=True)
class SweepResult:
    """All points of a sweep, as far as it has come, and the bar they are held against."""

    recipe: str
    judged_on: str
    """The grade set."""
    pass_at: float
    """Share of right answers from which on a seed passes."""
    need: int
    """Seeds of a point that have to pass."""
    planned: int
    """Seeds of a point that are trained."""
    points: Sequence[Point]
    left: int = 0
    """Points that are not done."""
    ceiling: int | None = None
    """Parameters above which nothing was trained."""
    minutes: float | None = None
    """The time it had, where that ran out."""
    baseline: Point | None = None
    """Another model on the same problems, to be held against."""
    command: str = ""
    """What makes it and goes on with it."""

    @property
    def operations(self) -> list[str]:
        """The names of the operations that were graded, if there are several."""
        found = list(dict.fromkeys(name for point in self.points for each in point.seeds for name in each.by_operation))
        return found if len(found) > 1 else []

    @property
    def by_size(self) -> list[Point]:
        """The points from few parameters to many; those that nobody can count are last."""
        return sorted(self.points, key=lambda point: (point.parameters is None, point.parameters or 0))

    def passes(self, point: Point, operation: str | None = None) -> bool:
        """Tell whether enough seeds of a point pass, on all problems or on those of an operation."""
        return point.success(self.pass_at, operation).correct >= self.need

    def smallest_passing(
        self, pass_at: float | None = None, need: int | None = None, operation: str | None = None
    ) -> Point | None:
        """Return the point with the fewest parameters that passes; of equal ones the most accurate.

        A pass mark and a number of seeds that are not given are the sweep's own.
        """
        mark, enough = self.pass_at if pass_at is None else pass_at, self.need if need is None else need
        passing = [each for each in self.points if each.success(mark, operation).correct >= enough]
        return min(passing, key=lambda each: (each.parameters or 0, -_median(each, operation)), default=None)

    def front(self) -> list[Point]:
        """Return the points that no other beats: none is as small and better, or as good and smaller."""
        found: list[Point] = []
        trained = [point for point in self.points if point.seeds and point.parameters is not None]
        for point in sorted(trained, key=lambda each: (each.parameters or 0, -_median(each))):
            if not found or _median(point) > _median(found[-1]):
                found.append(point)
        return found

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values, with what follows from it."""
        smallest, front = self.smallest_passing(), self.front()
        return {
            "recipe": self.recipe,
            "command": self.command,
            "judged_on": self.judged_on,
            "pass_at": self.pass_at,
            "need": self.need,
            "seeds": self.planned,
            "ceiling": self.ceiling,
            "minutes": self.minutes,
            "left": self.left,
            "smallest_passing": smallest and smallest.as_json(),
            "points": [
                {
                    **point.as_json(),
                    "success": point.success(self.pass_at).as_json(),
                    "passes": self.passes(point),
                    "on_front": point in front,
                }
                for point in self.by_size
            ],
            "baseline": self.baseline and self.baseline.as_json(),
        }

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "SweepResult":
        """Read what `as_json` wrote."""
        return cls(
            values["recipe"],
            values["judged_on"],
            values["pass_at"],
            values["need"],
            values["seeds"],
            [Point.of(each) for each in values["points"]],
            values["left"],
            values["ceiling"],
            values["minutes"],
            values["baseline"] and Point.of(values["baseline"]),
            values["command"],
        )

    def headings(self) -> list[str]:
        """Return the headings of the table."""
        chosen = list(self.points[0].choices) if self.points else []
        parts = [f"{name}, %" for name in self.operations]
        return [*chosen, "parameters", "seeds that pass", "right, %", *parts, "steps", "seconds", "front", "notes"]

    def cells(self, point: Point) -> list[str]:
        """Return the texts of a point, one for each heading."""
        size = "–" if point.parameters is None else f"{point.parameters:,}"
        figures = ["–"] * (4 + len(self.operations))
        if point.seeds or point.faults:
            success = point.success(self.pass_at)
            figures[0] = f"{success.correct} of {success.count}"
        if point.seeds:
            for place, name in enumerate([None, *self.operations], 1):
                scores = point.scores(name)
                figures[place] = share_of(scores) if scores else "–"
            figures[-2] = f"{statistics.median(each.steps for each in point.seeds):,.0f}"
            figures[-1] = f"{statistics.median(each.seconds for each in point.seeds):,.0f}"
        return [*point.choices.values(), size, *figures, "*" * (point in self.front()), "; ".join(self.notes(point))]

    def notes(self, point: Point) -> list[str]:
        """Return what is to be said of a point beside its figures."""
        given_up = sum(each.given_up for each in point.seeds)
        grokked = [f"{each.grokked:,}" for each in point.seeds if each.grokked is not None]
        missing = self.planned - len(point.seeds) - len(point.faults)
        lines = [point.why_not] if point.why_not else []
        if given_up:
            lines.append(f"{given_up} given up")
        if grokked:
            lines.append(f"grokked at step {', '.join(grokked)}")
        if missing and point.seeds:
            lines.append(f"{missing} not tried: too many had failed")
        reasons: dict[str, list[str]] = {}
        for seed, words in point.faults.items():
            reasons.setdefault(words, []).append(str(seed))
        return lines + [f"failed with seed {', '.join(seeds)}: {words}" for words, seeds in reasons.items()]

    def verdict(self) -> list[str]:
        """Return the lines that answer the question: how small a model passes, on everything and on each operation."""
        mark = f"{percent(self.pass_at)} % of {self.judged_on!r}"
        lines = [self._smallest(f"{mark} right", None)]
        return lines + [self._smallest(f"{mark} right, {name} alone", name) for name in self.operations]

    def _smallest(self, what: str, operation: str | None) -> str:
        point = self.smallest_passing(operation=operation)
        if point is not None:
            success, size = point.success(self.pass_at, operation), f"{point.parameters or 0:,}"
            rate = " to ".join(f"{percent(bound)} %" for bound in success.interval)
            return (
                f"{what}: smallest {size} parameters ({point.label}), "
                f"{success.correct} of {success.count} seeds (95 % interval {rate})"
            )
        time = "" if self.minutes is None else f" in {self.minutes:g} minutes"
        left = f", {_points(self.left)} left" if self.left else ""
        return f"{what}: not reached{time} by {_points(sum(bool(point.seeds) for point in self.points))}{left}"

    def remarks(self) -> list[str]:
        """Return the lines below the table: what its figures are, and on which problems."""
        shown = "median [worst..best] of the seeds" if self.planned > 1 else "with its 95 % interval (Wilson)"
        lines = [f"Right answers to {self.judged_on!r} in %, {shown}; * marks the Pareto front: no smaller is as good."]
        if self.planned > 1:
            lines.append(
                f"A point passes where at least {self.need} of {self.planned} seeds do. "
                "Seeds that were trained at once took the seconds together."
            )
        if self.baseline is not None:
            size = f"{self.baseline.parameters:,} parameters, " if self.baseline.parameters else ""
            lines.append(f"Baseline {self.baseline.label}: {size}{share_of(self.baseline.scores())} %.")
        seen = dict.fromkeys(
            f"{each.score.count:,} problems, {each.seen}" for point in self.points for each in point.seeds
        )
        return lines + ([f"{self.judged_on}: {'; or '.join(seen)}."] if seen else [])

    def markdown(self, picture: str | None = None) -> str:
        """Return the whole sweep as a page; `picture` is the path of its plot, seen from the page."""
        points = self.by_size
        chosen = len(points[0].choices) if points else 0
        table = rows_of_markdown(self.headings(), [self.cells(point) for point in points], chosen)
        lines = [f"# {self.recipe}: how small can it be?", f"`{self.command}`", ""]
        lines += [*(f"- {line}" for line in self.verdict()), "", *table, ""]
        lines += [f"- {line}".replace("*", "\\*") for line in self.remarks()]
        return "\n".join([*lines, *(["", f"![Accuracy against parameters]({picture})"] if picture else []), ""])


def _points(count: int) -> str:
    return "one point" if count == 1 else f"{count:,} points"


def _median(point: Point, operation: str | None = None) -> float:
    spread = point.spread(operation)
    return -1.0 if spread is None else spread.median
