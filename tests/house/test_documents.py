"""What the README and CONTRIBUTING tell a reader to type works as it stands."""

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from abacist.apps import cli
from abacist.apps.calc import calc
from abacist.runtime.calculator import SHIPPED

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)


def commands(document: str) -> list[str]:
    lines = [line for _, body in BLOCK.findall((ROOT / document).read_text()) for line in body.splitlines()]
    return [line.partition(" #")[0].strip() for line in lines if line.startswith("abacist ")]


def run(line: str, folder: Path, monkeypatch) -> int:
    """Run a documented command with as few steps as can be."""
    _, *arguments = shlex.split(line)
    if arguments[0] == "calc":
        with Path(os.devnull).open() as nothing:
            monkeypatch.setattr(sys, "stdin", nothing)
            return calc(arguments[1:])
    if arguments[0] == "compare":
        arguments += ["--seeds", "1"]
    if arguments[0] == "sweep":
        arguments += ["--seeds", "1", *(["--trials", "1"] if "--trials" in arguments else [])]
    if arguments[0] in ("train", "compare", "sweep"):
        arguments += ["--steps", "2"]
        if "--resume" not in arguments and not any("corpus" in each or "weights=" in each for each in arguments):
            arguments += ["--set", 'grading.sets=[{"title": "few", "count": 10}]']
    if "--on" in arguments:
        arguments = [*arguments[: arguments.index("--fresh")], "--fresh", "1", "--json"]
    elif arguments[0] == "grade":
        arguments += ["--json", "--set", 'grading.sets=[{"title": "few", "count": 10}]']
    if arguments[0] == "far":
        arguments = ["far", "runs/demo", "--json", "--count", "1", "--lengths", "1,2"]
    if "--all" in arguments:
        arguments += ["--set", "high=9"]
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["abacist", *arguments])
    return cli.run()


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Path:
    """A folder with the files of CONTRIBUTING's examples, and the run that the README speaks of."""
    folder = tmp_path_factory.mktemp("desk")
    for language, body in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text()):
        if language == "python":
            (folder / body.splitlines()[0].removeprefix("# ")).write_text(body)
    (folder / "books").mkdir()
    (folder / "books" / "one.txt").write_text("A book of one line.\n" * 50)
    (folder / "inbox").write_text("From me\nSubject: one\n\nThe first mail.\n\nFrom you\n\nThe other one.\n")
    (folder / "runs").mkdir()
    (folder / "runs" / "demo").symlink_to(SHIPPED)
    return folder


@pytest.mark.parametrize("line", commands("README.md"))
def test_commands_of_the_readme(line, desk, monkeypatch, tmp_path, capsys):
    assert run(line, desk, monkeypatch) == 0


@pytest.mark.parametrize("line", [line for line in commands("docs/results.md") if "--fresh" in line])
def test_commands_of_the_results(line, desk, monkeypatch, tmp_path, capsys):
    assert run(line, tmp_path, monkeypatch) == 0


@pytest.mark.parametrize("line", commands("CONTRIBUTING.md"))
def test_examples_of_contributing(line, desk, monkeypatch, capsys):
    assert run(line, desk, monkeypatch) == 0


def test_the_example_position_scheme(desk, monkeypatch, capsys):
    assert run("abacist train threes.py --name parity --set model.position=parity.py", desk, monkeypatch) == 0


def test_links_of_the_documents_lead_somewhere():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
