"""Comparisons: figures of several seeds, what failed, and the texts of the table."""

import json

import pytest

from abacist.evaluation.comparison import Comparison, Row, SetResult, Trial
from abacist.evaluation.grading import Score

SEEN = "none of the 100 can have been seen in training"


def trial(seed: int, *correct: int, malformed: int = 0, tokens: float = 5.0) -> Trial:
    """A trial with so many of 100 right on each set."""
    names = ("held out", "longer")
    sets = [SetResult(name, Score(c, 100), malformed, tokens, SEEN) for name, c in zip(names, correct, strict=False)]
    return Trial(f"runs/x_seed-{seed}", seed, 100 * seed, 10.0 * seed, sets)


def row(*trials: Trial, **more) -> Row:
    return Row({"format": "plain", "position": "rope"}, 1234, trials, **more)


def compared(*rows: Row, seeds: int = 1) -> Comparison:
    return Comparison("demo", "abacist compare demo --over x=1", seeds, rows)


def test_a_set_is_read_from_a_run_s_grades():
    values = {"name": "a", "correct": 3, "count": 4, "malformed": 1, "tokens_per_answer": 2.5, "certificate": SEEN}
    assert SetResult.of(values) == SetResult("a", Score(3, 4), 1, 2.5, SEEN)
    assert SetResult.of(values).as_json().items() >= values.items()


def test_several_seeds_are_pooled_and_the_worst_is_shown():
    pooled = row(trial(1, 90, 10), trial(2, 40, 30, malformed=2, tokens=9.0), trial(3, 100, 20))
    spread = pooled.spread("held out")
    assert (spread.median, spread.worst, spread.best) == (0.9, 0.4, 1.0)
    assert pooled.wrong == 10 + 90 + 60 + 70 + 0 + 80
    assert pooled.malformed == 4
    assert pooled.tokens == pytest.approx((5 + 9 + 5) / 3)
    assert (pooled.steps, pooled.seconds) == (200, 20.0)
    cells = dict(zip(compared(pooled, seeds=3).headings(), compared(pooled, seeds=3).cells(pooled), strict=True))
    assert cells["held out, %"] == "90.0 [40.0..100]"
    assert cells["seeds"] == "3 of 3"
    assert (cells["parameters"], cells["wrong"], cells["malformed"]) == ("1,234", "310", "4")


def test_one_seed_has_its_interval():
    single = row(trial(1, 90, 0))
    cells = dict(zip(compared(single).headings(), compared(single).cells(single), strict=True))
    assert cells["held out, %"] == "90.0 (82.6–94.5)"
    assert cells["longer, %"] == "0 (0–3.7)"
    assert "seeds" not in cells


def test_what_cannot_be_built_has_its_reason_in_its_row():
    whole = compared(row(trial(1, 90, 0)), Row({"format": "a|b", "position": "rope"}, cannot="no such sign"))
    lines = whole.markdown("compare.png").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert "| a\\|b | rope | cannot: no such sign |" in table[-1]
    assert len({line.replace("\\|", "").count("|") for line in table}) == 1
    assert "![Accuracy, tokens and time](compare.png)" in lines
    assert whole.faults() == ["a|b · rope: cannot: no such sign"]
    assert whole.cells(whole.rows[1])[3] == "cannot"


def test_what_failed_is_shown_failing():
    some = row(trial(1, 90, 80), faults={2: "no number"})
    none = row(faults={1: "no number", 2: "no number"})
    whole = compared(some, none, seeds=2)
    cells = [dict(zip(whole.headings(), whole.cells(each), strict=True)) for each in (some, none)]
    assert [each["seeds"] for each in cells] == ["1 of 2", "0 of 2"]
    assert [each["longer, %"] for each in cells] == ["80.0 (71.1–86.7)", "failed"]
    (line,) = whole.faults()
    assert line.endswith("plain · rope with seed 2: failed: no number")
    assert f"- {line}" in whole.markdown().splitlines()


def test_sets_that_only_some_were_graded_on_leave_a_gap():
    whole = compared(row(trial(1, 90)), row(trial(1, 80, 70)))
    assert whole.sets == ["held out", "longer"]
    assert whole.cells(whole.rows[0])[whole.headings().index("longer, %")] == "–"


def test_a_comparison_becomes_json_with_every_trial():
    whole = compared(row(trial(1, 90, 10), trial(2, 80, 20)), Row({"format": "b"}, cannot="why"), seeds=2)
    values = json.loads(json.dumps(whole.as_json()))
    first, second = values["rows"]
    assert first["accuracy"]["held out"] == {"median": pytest.approx(0.85), "worst": 0.8, "best": 0.9}
    assert [each["run"] for each in first["trials"]] == ["runs/x_seed-1", "runs/x_seed-2"]
    assert first["trials"][0]["sets"][0]["interval"] == [pytest.approx(0.826, abs=1e-3), pytest.approx(0.945, abs=1e-3)]
    assert (second["cannot"], second["trials"], second["seconds"]) == ("why", [], None)
