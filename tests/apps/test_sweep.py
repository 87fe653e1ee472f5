"""`abacist sweep` as its user meets it: tiny models, searched by one process or two, shown and written."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from abacist.apps import cli
from abacist.core.errors import Interrupted
from abacist.evaluation.sweeping import SweepResult
from abacist.runs.sweep import Sweep
from abacist.training.loop import METRICS, Trainer

TINY = {
    "digits": 2,
    "model.n_layers": 1,
    "model.n_heads": 2,
    "model.d_ff": 8,
    "training.batch_size": 16,
    "training.evaluate_on": 10,
    "training.evaluate_every": 2,
    "grading.sets": '[{"title": "held out", "count": 20}, {"title": "any", "side": "any", "count": 10}]',
}
LITTLE = [word for path, value in TINY.items() for word in ("--set", f"{path}={value}")]
WIDTHS = ("--over", "model.d_model=4..12:4")

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sweep(capsys, monkeypatch, tmp_path: Path) -> Command:
    """Sweep tiny models of additions in a folder of the test's own; return exit status, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["abacist", "sweep", "demo", *LITTLE, "--runs", str(tmp_path), *arguments])
        status = cli.run()
        out, err = capsys.readouterr()
        return status, out, err

    return run


def read(folder: Path) -> SweepResult:
    return SweepResult.of(json.loads((folder / "sweep.json").read_text()))


def figures(result: SweepResult) -> list[tuple]:
    """Return what must not depend on who trained: everything but clocks and folders."""
    return [
        (point.choices, point.parameters, [(each.seed, each.score, each.by_operation, each.looks, each.steps)])
        for point in result.by_size
        for each in point.seeds
    ]


def test_every_point_is_trained_judged_and_shown(sweep, tmp_path):
    status, out, err = sweep(*WIDTHS, "--steps", "4", "--seeds", "2", "--on", "any", "--pass", "0.7")
    assert (status, err) == (0, "")
    folder = tmp_path / "sweep-demo"
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [
        f"d_model-{width}_seed-{seed}" for width in (12, 4, 8) for seed in (1, 2)
    ]
    result = read(folder)
    assert (result.pass_at, result.need, result.judged_on) == (0.7, 2, "any")
    assert [point.choices["d_model"] for point in result.points] == ["4", "8", "12"]
    assert {each.score.count for point in result.points for each in point.seeds} == {10}
    page = (folder / "sweep.md").read_text()
    assert "70.0 % of 'any' right: not reached by 3 points" in page
    assert "3 of 3 points: 0 pass" in out
    assert str(folder / "sweep.md") in out
    assert (folder / "sweep.png").read_bytes().startswith(b"\x89PNG")

    # The same again: nothing is trained. Another mark judges anew what is there.
    weights = sorted(folder.glob("*/model.safetensors"))
    before = [file.stat().st_mtime_ns for file in weights]
    status, out, _ = sweep(*WIDTHS, "--steps", "4", "--seeds", "2", "--on", "any", "--pass", "0.6")
    assert (status, read(folder).points) == (0, result.points)
    assert "60.0 % of 'any' right" in out
    assert [file.stat().st_mtime_ns for file in weights] == before

    # Something else under the same name: one line, and nothing is touched.
    status, _, err = sweep(*WIDTHS, "--steps", "5", "--seeds", "2", "--on", "any")
    assert (status, err.count("\n")) == (1, 1)
    assert "the sweep sweep-demo was made with other settings" in err
    assert [file.stat().st_mtime_ns for file in weights] == before
    status, _, err = sweep(*WIDTHS, "--steps", "2", "--on", "any", "--overwrite")
    assert (status, err) == (0, "")
    assert {each.steps for point in read(folder).points for each in point.seeds} == {2}


def test_two_processes_come_to_the_same_as_one(sweep, tmp_path):
    arguments = (*WIDTHS, "--steps", "4", "--seeds", "2")
    assert sweep(*arguments, "--name", "one")[0] == 0
    status, out, err = sweep(*arguments, "--name", "two", "--workers", "2")
    assert (status, err) == (0, "")
    assert "3 of 3 points" in out
    assert figures(read(tmp_path / "two")) == figures(read(tmp_path / "one"))


def test_processes_that_are_stopped_save_and_go_on(sweep, tmp_path):
    steps = ("--over", "model.d_model=4,8,12", "--steps", "600", "--set", "training.evaluate_every=300")
    arguments = [*LITTLE, *steps, "--runs", str(tmp_path), "--workers", "2"]
    command = [sys.executable, "-m", "abacist.apps.entry", "sweep", "demo", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list(tmp_path.glob(f"sweep-demo/*/{METRICS}")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130, err
    assert "everything is saved. Go on with the same command: abacist sweep demo" in err
    assert "Traceback" not in err
    stopped = read(tmp_path / "sweep-demo")
    assert len(stopped.points) + stopped.left == 3
    assert stopped.left > 0
    status, _, err = sweep(*steps)
    assert (status, err) == (0, "")
    assert [each.steps for point in read(tmp_path / "sweep-demo").points for each in point.seeds] == [600] * 3


def test_ctrl_c_says_how_to_go_on(sweep, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_progress", lambda *arguments: signal.raise_signal(signal.SIGINT))
        status, _, err = sweep(*WIDTHS, "--steps", "12", "--sampler", "random", "--trials", "2")
    assert (status, err.count("\n")) == (130, 1)
    assert "Go on with the same command: abacist sweep demo" in err
    assert (tmp_path / "sweep-demo" / "sweep.md").is_file()


def test_what_others_are_at_is_left_to_them_until_one_says_that_they_have_stopped(sweep, tmp_path, monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("socket.gethostname", lambda: "elsewhere")
        elsewhere.setattr(Sweep, "point", lambda *arguments: sys.exit(3))
        assert sweep(*WIDTHS, "--steps", "2")[0] == 3
    status, out, _ = sweep(*WIDTHS, "--steps", "2")
    assert status == 0
    assert "1 not done: others are at work on them; if those have stopped, --take-over goes on" in out
    assert [point.choices["d_model"] for point in read(tmp_path / "sweep-demo").points] == ["8", "12"]
    status, out, _ = sweep(*WIDTHS, "--steps", "2", "--take-over")
    assert "not done" not in out
    assert [point.choices["d_model"] for point in read(tmp_path / "sweep-demo").by_size] == ["4", "8", "12"]


def test_a_budget_of_time_that_is_used_up_is_said(sweep, tmp_path):
    status, out, _ = sweep(*WIDTHS, "--steps", "2", "--minutes", "1e-9")
    assert status == 0
    assert "99.0 % of 'held out' right: not reached in 1e-09 minutes by 0 points, 3 points left" in out
    assert not list(tmp_path.glob("sweep-demo/*/model.safetensors"))


def test_a_database_a_baseline_and_a_sampler(sweep, tmp_path):
    assert sweep("--over", "model.d_model=16", "--steps", "2", "--name", "large")[0] == 0
    over = ("--over", "model.d_model=4..12:2", "--over", "training.learning_rate=1e-3..1e-1:log")
    url = f"sqlite:///{tmp_path / 'study.db'}"
    where = ("--storage", url, "--baseline", str(tmp_path / "large" / "d_model-16_seed-1"))
    status, out, err = sweep(*over, "--steps", "4", "--sampler", "tpe", "--trials", "3", "--give-up", "0.5:1", *where)
    assert (status, err) == (0, "")
    assert "Baseline run d_model-16_seed-1: " in out
    result = read(tmp_path / "sweep-demo")
    assert len(result.points) == 3
    assert all(each.given_up and each.steps == 2 for point in result.points for each in point.seeds)
    assert "1 given up" in (tmp_path / "sweep-demo" / "sweep.md").read_text()
    assert not (tmp_path / "sweep-demo" / "study.journal").exists()


def test_a_process_that_dies_is_told_and_its_point_is_done_next_time(sweep, tmp_path):
    own = tmp_path / "dying.py"
    flag = tmp_path / "died"
    own.write_text(
        "import os\nfrom pathlib import Path\nfrom dataclasses import dataclass\n"
        "from abacist.training.schedules.constant import Constant\n\n\n"
        "@dataclass(frozen=True)\nclass Dying(Constant):\n"
        '    """Kills the first process that asks for a rate."""\n\n'
        "    def factor(self, step, steps):\n"
        f'        """Die once."""\n        flag = Path({str(flag)!r})\n'
        "        if step == 2 and not flag.exists():\n            flag.touch()\n            os._exit(7)\n"
        "        return super().factor(step, steps)\n"
    )
    arguments = (*WIDTHS, "--steps", "4", "--set", f"training.schedule={own}")
    status, _, err = sweep(*arguments, "--workers", "2")
    assert status == 1
    assert "1 of 2 processes died at their work; the same command goes on" in err
    assert read(tmp_path / "sweep-demo").left == 1
    assert sweep(*arguments)[0] == 0
    assert len(read(tmp_path / "sweep-demo").points) == 3


def test_what_was_done_before_a_stop_is_written(sweep, tmp_path, monkeypatch):
    work = Sweep.point

    def sometimes(self, values, *arguments):
        if values == (8,):
            raise Interrupted("stopped")
        return work(self, values, *arguments)

    monkeypatch.setattr(Sweep, "point", sometimes)
    assert sweep(*WIDTHS, "--steps", "2")[0] == 130
    assert [point.choices["d_model"] for point in read(tmp_path / "sweep-demo").points] == ["4"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--over", "model.d_model=4.."], "write a range as"),
        (["--over", "model.d_model=8..4"], "the smaller number first"),
        (["--over", "model.d_model"], "write path=value,value"),
        (["--over", "training.learning_rate=1e-3..1e-2:log"], "a grid needs single values"),
        (["--over", "modle=4,8"], "did you mean model?"),
        (["--over", "model.depth=4,8"], "model.depth: unknown setting"),
        (["--over", "position=rope,rpoe"], "did you mean rope?"),
        (["--over", "position=rpoe,rope", "--sampler", "tpe", "--trials", "2"], "did you mean rope?"),
        (["--over", "seed=1,2"], "--seeds N"),
        (["--over", "model.d_model=3,5"], "multiple of n_heads"),
        ([*WIDTHS, "--over", "model.d_model=4"], "given twice"),
        ([*WIDTHS, "--set", "model.d_model=4"], "given twice"),
        ([*WIDTHS, "--pass", "99"], "--pass 99: should be a share"),
        ([*WIDTHS, "--need", "2"], "--need 2: of 1 seeds"),
        ([*WIDTHS, "--on", "nothing"], "--on nothing: the grade sets are held out, any"),
        ([*WIDTHS, "--sampler", "cmaes", "--trials", "2"], "--sampler cmaes: there are grid, random, tpe, nsga2, gp"),
        ([*WIDTHS, "--sampler", "tpe"], "--trials N"),
        ([*WIDTHS, "--give-up", "0.5"], "write AFTER:BELOW"),
        ([*WIDTHS, "--give-up", "2:0.5"], "after must be from 0 to below 1"),
        ([*WIDTHS, "--minutes", "0"], "--minutes 0: should be above 0"),
        ([*WIDTHS, "--baseline", "nowhere"], "nowhere is no run"),
        ([*WIDTHS, "--storage", "nowhere"], "--storage nowhere: "),
    ],
)
def test_a_mistake_is_one_line_before_any_work(sweep, tmp_path, arguments, words):
    status, out, err = sweep(*arguments)
    assert (status, out) == (1, "")
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("*/*"))


def test_text_has_no_right_answers(capsys, monkeypatch, tmp_path):
    book = tmp_path / "book.txt"
    book.write_text("a cat saw a dog.\n" * 99)
    arguments = ["--set", f"corpus={book}", "--over", "model.d_model=8,16", "--runs", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["abacist", "sweep", "character_gpt", *arguments])
    assert cli.run() == 1
    err = capsys.readouterr().err
    assert "learns from text; a sweep goes by right answers to problems" in err
    assert err.count("\n") == 1


def test_help_tells_every_option(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["abacist", "sweep", "--help"])
    assert cli.run() == 0
    out = capsys.readouterr().out
    for option in ("--over", "--pass", "--need", "--ceiling", "--until-passed", "--storage", "--take-over"):
        assert option in out
