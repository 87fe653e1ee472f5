"""What was measured: rows, the runs of the command that made them, and the JSON file they are kept in."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abacist.bench.timing import Spread
from abacist.core.errors import DataError
from abacist.runs.folder import read_json, write_json


@dataclass(frozen=True)
class Row:
    """One figure. Spreads are the values between which the middle half of the rounds lay."""

    what: str
    value: float | None
    """None if it could not be measured; the note then says why."""
    unit: str
    spread: tuple[float, float] | None = None
    ratio: float | None = None
    """This figure as a multiple of what it is held against, in the sense in which more is better."""
    ratio_spread: tuple[float, float] | None = None
    against: str = ""
    rounds: int = 1
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    measure: str = ""
    date: str = ""
    """When it was measured, ISO 8601, UTC."""
    run: str = ""
    """The `started` of the run of the command that measured it."""

    @classmethod
    def of(
        cls,
        what: str,
        unit: str,
        value: Spread,
        settings: dict[str, Any],
        ratio: Spread | None = None,
        against: str = "",
        note: str = "",
    ) -> "Row":
        """Make a row of what timing returns."""
        spread = None if ratio is None else (ratio.low, ratio.high)
        middle = None if ratio is None else ratio.middle
        rounds = value.rounds
        return cls(what, value.middle, unit, (value.low, value.high), middle, spread, against, rounds, settings, note)

    @classmethod
    def missing(cls, what: str, why: str) -> "Row":
        """Make a row that says what could not be measured, and why."""
        return cls(what, None, "", rounds=0, note=why)


@dataclass(frozen=True)
class Results:
    """Rows with the runs they come from: each run has `started`, `command` and `machine`."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def merged(self, run: dict[str, Any], measure: str, rows: Sequence[Row]) -> "Results":
        """Return these results with one measure's rows replaced; runs that no row comes from any more are dropped."""
        kept = [row for row in self.rows if row.measure != measure]
        whole = [*kept, *rows]
        used = {row.run for row in whole}
        runs = [each for each in self.runs if each["started"] != run["started"]] + [run]
        return Results([each for each in runs if each["started"] in used], whole)

    def of(self, measure: str) -> list[Row]:
        """Return the rows of a measure."""
        return [row for row in self.rows if row.measure == measure]

    def measures(self) -> list[str]:
        """Return the names of the measures there are rows of, the latest last."""
        return list(dict.fromkeys(row.measure for row in self.rows))

    def write(self, path: Path) -> None:
        """Save as JSON, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"runs": self.runs, "rows": [dataclasses.asdict(row) for row in self.rows]})

    @classmethod
    def read(cls, path: Path) -> "Results":
        """Read what `write` wrote; nothing if there is no file. Raises: RunError or DataError for any other file."""
        if not path.exists():
            return cls()
        values = read_json(path)
        try:
            rows = [Row(**_with_pairs(row)) for row in values["rows"]]
            started = {run["started"]: run["machine"] for run in values["runs"]}
            if not all(row.run in started for row in rows):
                raise KeyError("run")
        except (KeyError, TypeError):
            raise DataError(f"{path} holds no results of abacist bench; give --json another file") from None
        return cls(values["runs"], rows)


def _with_pairs(row: dict[str, Any]) -> dict[str, Any]:
    """Turn JSON's lists into pairs again."""
    return row | {name: row[name] and tuple(row[name]) for name in ("spread", "ratio_spread")}
