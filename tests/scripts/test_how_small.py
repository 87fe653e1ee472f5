"""`scripts/how-small.py`, which writes docs/how-small.md: everything once at toy scale."""

import re
from pathlib import Path

import pytest

from abacist.evaluation.grading import Score
from abacist.evaluation.sweeping import Point, SeedResult, SweepResult

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("how-small*"))


@pytest.fixture(scope="module")
def script(loaded):
    """The script as a module."""
    with loaded("how-small") as module:
        yield module


def test_the_smoke_fills_every_part_of_a_copy_of_the_page(script, tmp_path, capsys):
    before = [path.read_bytes() for path in DOCS if path.is_file()]
    assert script.main(["--smoke", "--runs", str(tmp_path)]) == 0, capsys.readouterr().err
    assert [path.read_bytes() for path in DOCS if path.is_file()] == before
    text = (tmp_path / "how-small.md").read_text()
    for name in script.STAGES:
        part = text.partition(f"<!-- begin {name} -->\n")[2].partition(f"<!-- end {name} -->")[0]
        assert part.count("\n| ") > 4
        pictures = re.findall(r"\]\((.*?)\)", part)
        assert all((tmp_path / each).is_file() for each in pictures)
    # Two steps reach no mark.
    assert text.count("not reached by") == len(script.SMOKED) * len(script.MARKS) * len(script.TABLES)

    # What is there is not made again.
    weights = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    assert script.main(["--smoke", "--runs", str(tmp_path)]) == 0
    assert {path: path.stat().st_mtime_ns for path in weights} == weights


def test_every_table_goes_from_small_to_large(script):
    for table in script.TABLES:
        assert list(table.widths) == sorted(table.widths)
        assert all(width % 2 == 0 for width in table.widths)


@pytest.mark.parametrize(
    ("left", "minutes", "words"),
    [(0, None, "not reached by 1,606, the largest tried"), (3, 15, "not reached by 1,606 in 15 minutes")],
)
def test_time_is_blamed_only_where_it_ran_out(script, left, minutes, words):
    seeds = [SeedResult(seed, Score(80, 100), {}, 10, 1.0) for seed in (1, 2)]
    points = [Point({"width": "4"}, 308, seeds), Point({"width": "6"}, 1606, seeds)]
    result = SweepResult("smallest", "all", 0.999, 2, 3, points, left, minutes=minutes)
    assert script.told(result, 0.99) == words
    assert script.told(result, 0.7) == "**308** (2 of 2)"
