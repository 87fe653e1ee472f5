"""The notebooks of the tutorial run, cell by cell, and hold what they claim."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "tutorial"
NOTEBOOKS = sorted(FOLDER.glob("*.py"))
RUNNER = Path(__file__).parent / "cells.py"


def execute(notebook: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a notebook as small as the tests have it, on one core, away from the repository."""
    (folder / "pictures").mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if name != "ABACIST_BOOK"},
        "ABACIST_TUTORIAL": "small",
        "OMP_NUM_THREADS": "1",
        "MPLCONFIGDIR": str(folder),
        "TMPDIR": str(folder),
    }
    command = [sys.executable, str(RUNNER), str(notebook), str(folder / "pictures")]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_holds_what_it_claims(notebook: Path, tmp_path: Path):
    done = execute(notebook, tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "pictures").iterdir())) >= 2


def test_a_cell_that_fails_is_shown(tmp_path: Path):
    notebook = tmp_path / "wrong.py"
    notebook.write_text(
        "# %% [markdown]\n# # Wrong\n\n# %%\nnumber = 1\n\n# %%\nassert number == 2, 'one is not two'\n"
    )
    done = execute(notebook, tmp_path)
    assert done.returncode == 1
    assert "<wrong.py, code cell 2 of 2>" in done.stderr
    assert "one is not two" in done.stderr


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_what_each_has(notebook: Path):
    read = jupytext.read(notebook)
    assert read.metadata["kernelspec"]["name"] == "python3"
    code = [cell.source for cell in read.cells if cell.cell_type == "code"]
    text = [cell.source for cell in read.cells if cell.cell_type == "markdown"]
    assert text[0].startswith("# ")
    assert "from abacist" in code[0]
    assert any("assert " in cell for cell in code)
    assert sum("plt.show()" in cell for cell in code) >= 2
    assert any("## What we saw\n" in cell for cell in text)
    (exercises,) = (cell for cell in text if cell.startswith("## Exercises"))
    assert len(re.findall(r"^\d\. ", exercises, re.MULTILINE)) in (3, 4)
    assert exercises.count("Hint:") == len(re.findall(r"^\d\. ", exercises, re.MULTILINE))
    # A dash of `# %%` that is mistyped would make code of text, or hide it.
    assert not any(line.startswith("# %") for cell in code for line in cell.splitlines())


def test_there_are_eight_in_order():
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"0{number}" for number in range(1, 9)]


@pytest.mark.parametrize("document", [ROOT / "README.md", FOLDER / "README.md"], ids=["readme", "tutorial"])
def test_a_line_for_each_notebook(document: Path):
    for path in NOTEBOOKS:
        link = f"]({path.relative_to(document.parent).as_posix()})"
        assert sum(link in line for line in document.read_text().splitlines()) == 1, path.name
