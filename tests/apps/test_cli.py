"""The command line as its user meets it: in process for speed, output and exit status looked at."""

import json
import sys
from pathlib import Path

import pytest

from abacist.apps import cli

TINY = ["--set", "digits=2", "--set", "model.d_model=16", "--set", "training.batch_size=32"]
GRADE_LITTLE = ["--set", 'grading.sets=[{"title": "held out", "count": 20}]']


@pytest.fixture
def abacist(capsys, monkeypatch):
    """Run a command; return exit status, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["abacist", *arguments])
        status = cli.run()
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_help_names_every_command_and_where_to_start(abacist):
    status, out, _ = abacist("--help")
    assert status == 0
    assert all(word in out for word in ("calc", "recipes", "data", "train", "grade", "abacist train demo"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian"], ["'trian'", "train"]),
        (["train", "--stesp", "3"], ["--stesp"]),
        (["train", "demo", "addition"], ["addition"]),
        (["train", "demo", "--steps", "few"], ["--steps", "'few'"]),
        (["data", "demo"], ["--out"]),
        (["data", "demo", "--out", "x.txt", "--rows", "0"], ["--rows", "at least 1"]),
        (["grade", "--file"], ["--file"]),
    ],
)
def test_wrong_usage_is_explained(abacist, arguments, words):
    status, out, err = abacist(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("usage: abacist")
    assert all(word in err.splitlines()[-1] for word in words)


def test_no_command_shows_the_help(abacist):
    assert abacist() == abacist("--help")


@pytest.mark.parametrize("command", ["recipes", "data", "train", "grade"])
def test_help_explains_every_option(abacist, command):
    status, out, _ = abacist(command, "--help")
    assert status == 0
    assert f"usage: abacist {command}" in out
    assert "--set PATH=VALUE" in out


def test_ctrl_c_is_no_traceback(abacist, monkeypatch):
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("abacist.apps.show.list_recipes", stop)
    assert abacist("recipes") == (130, "", "")


def test_recipes_are_listed_with_size_and_budget(abacist):
    status, out, _ = abacist("recipes")
    assert status == 0
    assert all(name in out for name in ("demo", "addition", "sums", "tinymath", "pocket"))
    assert "800 steps" in out


def test_a_recipe_shows_its_whole_settings(abacist):
    status, out, _ = abacist("recipes", "demo", "--set", "digits=3")
    settings = json.loads(out)
    assert status == 0
    assert settings["task"]["mixture"][0]["operation"]["left"] == [0, 999]
    assert settings["training"]["optimizer"]["name"] == "adamw"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["train", "dmo"], "did you mean demo?"),
        (["train", "demo", "--set", "digts=3"], "did you mean digits?"),
        (["train", "demo", "--set", "training.step=3"], "did you mean training.steps?"),
        (["train", "demo", "--set", "model.position=ropes"], "did you mean rope?"),
        (["train", "demo", "--set", "digits"], "write path=value"),
        (["train", "demo", "--steps", "0"], "training.steps is 0"),
        (["train", "demo", "--set", "model.n_heads=7"], "multiple of n_heads"),
        (["train", "demo", "--set", "model.context_length=8"], "does not fit 8"),
        (["train"], "abacist recipes lists them"),
        (["train", "--resume", "nowhere"], "is no run"),
        (["train", "demo", "--resume", "runs/x"], "a run's own settings"),
        (["grade"], "give a run folder"),
        (["grade", "nowhere"], "is no run"),
        (["grade", "--file", "nowhere.txt"], "no file nowhere.txt"),
        (["grade", "--file", "x.txt", "--rounding", "up"], "half_up, half_even, binary64"),
        (["data", "demo", "--out", "x.txt"], "either --rows N or --all"),
        (["data", "demo", "--rows", "3", "--out", "x.txt", "--side", "left"], "choose one of train"),
        (["data", "demo", "--rows", "3", "--out", "x.jpg"], "should end in"),
        (["data", "tinymath", "--all", "--out", "x.txt", "--format", "writen"], "did you mean written?"),
        (["recipes", "nothing"], "no recipe 'nothing'"),
        *(
            ([command, "demo", "--name", name, *more], f"--name {name!r}: should be a plain folder name")
            for command, more in (("train", []), ("compare", ["--over", "seed=1"]))
            for name in ("../x", "..", "a/b", "a\\b", "/tmp", "")
        ),
    ],
)
def test_a_mistake_gets_one_clear_line(abacist, tmp_path, monkeypatch, arguments, word):
    monkeypatch.chdir(tmp_path)
    status, _, err = abacist(*arguments)
    assert status == 1
    assert word in err
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.rglob("*.safetensors"))


def test_every_wrong_setting_is_named_at_once(abacist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, err = abacist("train", "demo", "--set", "training.clip=no", "--set", "model.depth=3")
    assert status == 1
    assert "training.clip" in err
    assert "model.depth" in err


def test_train_grade_and_ask(abacist, tmp_path):
    status, out, err = abacist("train", "demo", *TINY, *GRADE_LITTLE, "--steps", "3", "--runs", str(tmp_path))
    run = tmp_path / "demo"
    assert (status, err) == (0, "")
    assert str(run) in out
    assert (run / "report.html").read_text().startswith("<!doctype html>")
    assert {file.name for file in run.iterdir()} >= {
        "settings.json",
        "model.safetensors",
        "tokenizer.json",
        "state.safetensors",
        "metrics.jsonl",
        "grades.json",
        "versions.json",
    }
    (grade,) = json.loads((run / "grades.json").read_text())
    assert grade["count"] == 20
    assert len(grade["failures"]) == 20 - grade["correct"]
    status, out, _ = abacist("grade", str(run), "--json", "--set", "grading.seed=5")
    assert json.loads(out)[0]["seed"] == 5
    status, _, err = abacist("grade", str(run), "--set", "model.d_model=3")
    assert status == 1
    assert "only grading.*" in err
    status, _, err = abacist("train", "--resume", str(run))
    assert status == 1
    assert "is finished" in err


def test_grading_calibrates_and_training_forgets_it(abacist, tmp_path):
    sets = ["--set", 'grading.sets=[{"title": "held out", "count": 200}]', "--set", "grading.sure=0.5"]
    abacist("train", "demo", *TINY, *sets, "--steps", "60", "--no-grade", "--runs", str(tmp_path))
    run = tmp_path / "demo"
    assert not (run / "calibration.json").exists()
    status, out, err = abacist("grade", str(run))
    assert (status, err) == (0, "")
    values = json.loads((run / "calibration.json").read_text())
    assert values["asked"] == 0.5
    assert values["seed"] == 2026
    counts = values["fitted_on"]["count"], values["measured_on"]["count"], values["left_out"]
    assert sum(counts) == sum(grade["count"] for grade in json.loads((run / "grades.json").read_text()))
    assert "Expected calibration error" in out
    assert "The confidence the calculator shows" in (run / "report.html").read_text()
    assert abacist("grade", str(run), "--set", 'grading.sets=[{"title": "few", "count": 10}]')[0] == 0
    assert not (run / "calibration.json").exists()


def test_a_second_run_of_a_name_takes_a_folder_of_its_own(abacist, tmp_path):
    for _ in range(2):
        abacist("train", "demo", *TINY, "--steps", "1", "--no-grade", "--runs", str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"demo", "demo-2"}
    arguments = ["train", "demo", *TINY, "--steps", "1", "--no-grade", "--runs", str(tmp_path), "--name", "demo"]
    status, _, err = abacist(*arguments)
    assert status == 1
    assert "--overwrite" in err
    assert abacist(*arguments, "--overwrite")[0] == 0


def test_models_of_one_shape_are_trained_at_once(abacist, tmp_path):
    over = ["--over", "seed=1,2", "--over", "training.learning_rate=0.01,0.002"]
    arguments = ["train", "demo", *TINY, *GRADE_LITTLE, *over, "--steps", "3", "--runs", str(tmp_path)]
    status, out, err = abacist(*arguments)
    assert (status, err) == (0, "")
    names = [f"demo-seed{seed}-learning_rate{rate}" for seed in (1, 2) for rate in (0.01, 0.002)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for name in names:
        assert name in out
        assert (tmp_path / name / "report.html").is_file()


def test_models_of_two_shapes_are_not(abacist, tmp_path):
    status, out, err = abacist("train", "demo", *TINY, "--over", "model.n_layers=1,2", "--runs", str(tmp_path))
    assert (status, out) == (1, "")
    assert "share shape" in err
    assert not list(tmp_path.iterdir())


def test_over_wants_values(abacist):
    status, _, err = abacist("train", "demo", "--over", "seed")
    assert (status, err) == (1, "abacist: --over 'seed': write path=value,value, e.g. --over seed=1,2,3\n")


def test_a_run_is_repeated_from_its_settings_alone(abacist, tmp_path):
    abacist("train", "demo", *TINY, "--steps", "3", "--no-grade", "--runs", str(tmp_path), "--name", "one")
    settings = tmp_path / "one" / "settings.json"
    abacist("train", str(settings), "--no-grade", "--runs", str(tmp_path), "--name", "two")
    one, two = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("ending", [".txt", ".csv", ".csv.gz", ".parquet"])
def test_data_written_can_be_trained_on(abacist, tmp_path, ending):
    file = tmp_path / f"sums{ending}"
    assert abacist("data", "demo", "--set", "digits=2", "--rows", "200", "--out", str(file))[0] == 0
    arguments = ["--steps", "2", "--no-grade", "--runs", str(tmp_path), "--set", f"data.file={file}"]
    assert abacist("train", "demo", *TINY, *arguments)[0] == 0


def test_a_grid_of_sums_is_written_by_one_command(abacist, tmp_path):
    grid = ["--set", "high=4", "--set", "terms=3", "--set", "fewest=3", "--all", "--out", str(tmp_path / "grid.csv")]
    status, out, _ = abacist("data", "sums", *grid)
    assert status == 0
    assert "125 problems" in out
    lines = (tmp_path / "grid.csv").read_text().splitlines()
    assert lines[0] == '"a","b","c","sum"'
    assert lines[1:] == [f"{a},{b},{c},{a + b + c}" for a in range(5) for b in range(5) for c in range(5)]


def test_rows_drawn_are_the_same_each_time(abacist, tmp_path):
    for name in ("one.csv.gz", "other.csv.gz"):
        assert abacist("data", "pocket", "--rows", "300", "--side", "held_out", "--out", str(tmp_path / name))[0] == 0
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "other.csv.gz").read_bytes()


def test_a_whole_table_is_written_for_nanogpt(abacist, tmp_path):
    status, _, _ = abacist("data", "tinymath", "--set", "high=5", "--all", "--out", str(tmp_path / "table"))
    assert status == 0
    assert {file.name for file in (tmp_path / "table").iterdir()} == {"train.bin", "val.bin", "meta.pkl"}


def test_lines_from_any_source_are_graded(abacist, tmp_path):
    file = tmp_path / "lines.txt"
    file.write_text(
        "48 + 24 = 72.00\n27 / 86 = 0.31\n5 * 4 = 10.00\nhello\n1 / 0 = 3\n\n"
        "12 + = 3\n112 - 100 = 112\n5 + 5 = banana\n"
    )
    status, out, _ = abacist("grade", "--file", str(file), "--json")
    result = json.loads(out)
    assert status == 0
    assert (result["correct"], result["count"]) == (2, 5)
    assert [line["line"] for line in result["wrong"]] == [3, 8]
    assert [line["line"] for line in result["malformed"]] == [4, 5, 7, 9]
    status, out, _ = abacist("grade", "--file", str(file))
    assert "2 of 5 right" in out
    assert "4 malformed" in out


def test_lines_that_look_like_markup_are_shown_as_they_are(abacist, tmp_path):
    file = tmp_path / "lines.txt"
    file.write_text("1 + 1 = [/red]\n[b]2 + = 4\n")
    status, out, _ = abacist("grade", "--file", str(file))
    assert status == 0
    assert "'[/red]' is no number" in out
    assert "'b' at place 2 of '(b)2+'" in out


def test_a_set_of_the_grade_can_be_renamed_and_keeps_the_rest(abacist):
    _, out, _ = abacist("recipes", "demo", "--set", "grading.sets.1.title=carries")
    settings = json.loads(out)["grading"]["sets"][1]
    assert settings["title"] == "carries"
    assert settings["count"] == 2000
    assert settings["mixture"][0]["operation"]["draw"] == "carries"


@pytest.mark.parametrize(
    "change",
    ["task.split.held_out=0.0000001", 'questions=["2+"]', 'questions=["7%8"]', "training.optimizer.beta1=2"],
)
def test_what_would_fail_later_is_said_before_any_work(abacist, tmp_path, change):
    status, _, err = abacist("train", "demo", "--set", "digits=1", "--set", change, "--runs", str(tmp_path))
    assert status == 1
    assert err
    assert not list(tmp_path.iterdir())


def test_tinymath_lines_are_right_as_binary64_prints_them(abacist, data_folder):
    file = data_folder / "tinymath" / "math_dataset_90.txt"
    status, out, _ = abacist("grade", "--file", str(file), "--rounding", "binary64", "--json")
    result = json.loads(out)
    assert status == 0
    assert (result["correct"], result["count"], result["malformed"]) == (90_000, 90_000, [])


def test_the_python_file_of_a_recipe_can_be_anywhere(abacist, tmp_path):
    recipe = tmp_path / "mine.py"
    recipe.write_text(
        "def mine(high: int = 9):\n"
        '    """Mine."""\n'
        '    return {"task": {"mixture": [{"operation": {"name": "addition", "left": [0, high]}}]},\n'
        '            "training": {"steps": 1}}\n'
    )
    status, _, err = abacist("train", str(recipe), "--set", "high=99", "--no-grade", "--runs", str(tmp_path))
    assert (status, err) == (0, "")
    assert Path(tmp_path / "mine" / "settings.json").is_file()
