"""`scripts/far.py`, which writes docs/far.md: everything once at toy scale, and what a wrong page or name is told."""

import re
from itertools import product
from pathlib import Path

import pytest

from abacist.core.errors import SettingsError
from abacist.evaluation.filling import filled

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("far*"))


@pytest.fixture(scope="module")
def far(loaded):
    """The script as a module."""
    with loaded("far") as module:
        yield module


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return Path(tmp_path / "page.md")


def part(text: str, name: str) -> str:
    """Return what stands between the marks of a stage."""
    return text.partition(f"<!-- begin {name} -->\n")[2].partition(f"<!-- end {name} -->")[0]


def tables(text: str) -> list[list[str]]:
    """Return the rows of every table, headings left away."""
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [each.splitlines()[2:] for each in found]


def test_the_smoke_fills_every_part_of_a_copy_of_the_page(far, tmp_path, capsys):
    before = [path.read_bytes() for path in DOCS if path.is_file()]
    assert far.main(["--smoke", "--runs", str(tmp_path)]) == 0
    assert [path.read_bytes() for path in DOCS if path.is_file()] == before
    text = (tmp_path / "far.md").read_text()
    assert "Not measured yet" not in text
    assert "failed" not in text
    assert text.startswith((ROOT / "docs" / "far.md").read_text().partition("<!--")[0])
    for name in far.STAGES:
        stage, made = far.small(far.STAGES[name]), part(text, name)
        compared, *others = tables(made)
        combinations = sum(len(list(product(*each.over.values()))) for each in stage.comparisons)
        assert len(compared) == combinations, name
        assert [row for row in compared if "cannot" in row] == [row for row in compared if "knows no hints" in row]
        if stage.asked:
            assert len(others[0]) == sum(
                len(plan.lengths) ** 2 + len(plan.operands) + len(plan.depths) for plan in stage.asked
            )
            pictures = re.findall(r"\]\((.*?)\)", made)
            assert pictures
            assert all((tmp_path / each).stat().st_size < 60_000 for each in pictures)
    rounds = tables(part(text, "self_improvement"))[1]
    assert rounds[0].startswith("| asked |  | ")

    # What is there is not made again: no training begins, nothing is asked.
    weights = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    answers = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*/far/*.json")}
    assert answers
    assert far.main(["--smoke", "--runs", str(tmp_path), "--only", "addition,subtraction"]) == 0
    assert {path: path.stat().st_mtime_ns for path in [*weights, *answers]} == weights | answers


def test_every_choice_can_be_built(far, tmp_path):
    from abacist.apps.compare import _combinations
    from abacist.runs.problems import ProblemRun

    for name, stage in far.STAGES.items():
        for each in stage.comparisons:
            over = [[(path, value) for value in values] for path, values in each.over.items()]
            changes = [*{**stage.changes, **each.changes}.items(), ("training.evaluate_on", 2)]
            for made in _combinations(stage.recipe, over, changes):
                assert not made.cannot, (name, made.cannot)
                ProblemRun(tmp_path, made.asked(1)).check()


def test_a_stage_that_there_is_not_is_said_before_any_work(far, tmp_path, capsys):
    assert far.main(["--smoke", "--runs", str(tmp_path), "--only", "addition,sums"]) == 1
    assert capsys.readouterr().err.startswith("far: --only: no stage 'sums'; there are positions, formats, addition")
    assert not list(tmp_path.rglob("settings.json"))


@pytest.mark.parametrize("text", ["", "<!-- begin addition -->\n", "<!-- begin machine -->\n<!-- end machine -->\n"])
def test_a_mark_that_is_missing_is_said_before_any_work(far, page, tmp_path, capsys, text):
    page.write_text(text)
    assert far.main(["--page", str(page), "--runs", str(tmp_path / "runs"), "--only", "addition"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert f"{page}: <!-- begin addition --> and <!-- end addition --> must stand on it once each" in error
    assert page.read_text() == text
    assert not (tmp_path / "runs").exists()


def test_a_page_that_there_is_not_is_said(far, page, tmp_path, capsys):
    for more in ([], ["--smoke"]):
        assert far.main(["--page", str(page), "--runs", str(tmp_path / "runs"), *more]) == 1
        assert capsys.readouterr().err == f"far: {page}: there is no such page\n"


def test_a_smoke_writes_nothing_into_docs(far, capsys):
    assert far.main(["--smoke", "--runs", str(ROOT / "docs")]) == 1
    assert "a smoke writes nothing into" in capsys.readouterr().err


def test_a_part_takes_the_place_of_the_one_between_its_marks(page):
    page.write_text("A\n<!-- begin one -->\nold\n<!-- end one -->\nB\n<!-- begin two -->\n<!-- end two -->\n")
    page.write_text(filled(page, "one", "| \\1 | new |\n"))
    assert page.read_text() == (
        "A\n<!-- begin one -->\n| \\1 | new |\n<!-- end one -->\nB\n<!-- begin two -->\n<!-- end two -->\n"
    )
    with pytest.raises(SettingsError, match="begin three"):
        filled(page, "three", "")
    page.write_text(page.read_text() * 2)
    with pytest.raises(SettingsError, match="once each"):
        filled(page, "one", "")
