import dataclasses
import json

import pytest

from abacist.bench.results import Results, Row
from abacist.bench.timing import Spread
from abacist.core.errors import DataError, RunError

MACHINE = {"cpu": "Z80", "device": "cpu"}


def run(started: str) -> dict[str, object]:
    return {"started": started, "command": ["abacist", "bench"], "machine": MACHINE}


def row(measure: str, started: str, what: str = "thing", value: float = 1.0) -> Row:
    made = Row.of(what, "rows/s", Spread(value, value / 2, 2 * value, 3), {"width": 8})
    return dataclasses.replace(made, measure=measure, run=started, date=started)


def test_a_measure_run_again_replaces_its_own_rows_only():
    first = run("2026-01-01")
    results = Results().merged(first, "a", [row("a", "2026-01-01"), row("a", "2026-01-01", "other")])
    results = results.merged(first, "b", [row("b", "2026-01-01")])
    results = results.merged(run("2026-01-02"), "a", [row("a", "2026-01-02", value=5.0)])
    assert [(each.measure, each.value, each.run) for each in results.rows] == [
        ("b", 1.0, "2026-01-01"),
        ("a", 5.0, "2026-01-02"),
    ]
    assert [each["started"] for each in results.runs] == ["2026-01-01", "2026-01-02"]


def test_a_run_that_no_row_comes_from_is_dropped():
    results = Results().merged(run("2026-01-01"), "a", [row("a", "2026-01-01")])
    results = results.merged(run("2026-01-02"), "a", [row("a", "2026-01-02")])
    assert [each["started"] for each in results.runs] == ["2026-01-02"]


def test_results_are_read_as_they_were_written(tmp_path):
    results = Results().merged(run("2026-01-01"), "a", [row("a", "2026-01-01"), Row.missing("x", "not there")])
    results = dataclasses.replace(results, rows=[dataclasses.replace(each, run="2026-01-01") for each in results.rows])
    file = tmp_path / "new" / "bench.json"
    results.write(file)
    assert Results.read(file) == results
    assert json.loads(file.read_text())["runs"][0]["machine"] == MACHINE


def test_no_file_is_no_results(tmp_path):
    assert Results.read(tmp_path / "bench.json") == Results()


@pytest.mark.parametrize("text", ["[]", "{}", '{"runs": [], "rows": [{"speed": 3}]}', '{"rows": 3, "runs": []}'])
def test_another_file_is_refused(tmp_path, text):
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(DataError, match=r"other\.json holds no results"):
        Results.read(file)


def test_a_broken_file_is_refused(tmp_path):
    file = tmp_path / "other.json"
    file.write_text("{")
    with pytest.raises(RunError, match=r"other\.json"):
        Results.read(file)


def test_a_row_of_timing_holds_its_spreads():
    made = Row.of("x", "s", Spread(2.0, 1.0, 3.0, 5), {}, Spread(0.5, 0.4, 0.6, 5), "the limit")
    assert (made.value, made.spread, made.ratio, made.ratio_spread) == (2.0, (1.0, 3.0), 0.5, (0.4, 0.6))
    assert (made.rounds, made.against) == (5, "the limit")
