"""`scripts/text.py`, which writes docs/text.md: its sorts of stages at toy scale, and what a wrong name is told."""

import re
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "text.md"
CHAPTER = "\\section{On groupoids}\nLet $G$ be a groupoid over $S$. Then $G \\to S$ is smooth.\n\n"


@pytest.fixture(scope="module")
def script(loaded):
    """The script as a module."""
    with loaded("text") as module:
        yield module


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two chapters and a play."""
    folder = tmp_path / "data"
    for name in ("groupoids", "sites"):
        file = folder / "stacks" / f"{name}.tex"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{number} {CHAPTER}" for number in range(60)))
    play = folder / "shakespeare" / "input.txt"
    play.parent.mkdir()
    play.write_text("".join(f"KING {number}:\nNow is the winter of our discontent.\n\n" for number in range(80)))
    monkeypatch.setenv("ABACIST_DATA", str(folder))
    return folder


@pytest.fixture
def gpt2(tmp_path: Path) -> Path:
    """A GPT-2 with random weights."""
    form = Tokenizer(models.BPE())
    form.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    form.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    form.train_from_iterator(
        ["1 + 1 = 2\n"], trainers.BpeTrainer(vocab_size=270, initial_alphabet=alphabet, show_progress=False)
    )
    folder = tmp_path / "gpt2"
    folder.mkdir()
    form.save(str(folder / "tokenizer.json"))
    torch.manual_seed(3)
    shape = {"n_positions": 160, "n_embd": 16, "n_layer": 1, "n_head": 2}
    GPT2LMHeadModel(GPT2Config(vocab_size=form.get_vocab_size(), **shape)).save_pretrained(folder)
    return folder


def test_the_smoke_fills_every_part_of_a_copy_of_the_page(script, data, gpt2, tmp_path):
    before = PAGE.read_bytes()
    runs = tmp_path / "runs"
    asked = ["latex", "chapter", "baseline"]
    assert script.main(["--smoke", "--runs", str(runs), "--weights", str(gpt2), "--only", ",".join(asked)]) == 0
    assert PAGE.read_bytes() == before
    text = (runs / "text.md").read_text()
    for name in asked[:2]:
        stage = script.stages(data)[name]
        part = text.partition(f"<!-- begin {name} -->\n")[2].partition(f"<!-- end {name} -->")[0]
        rows = re.findall(r"(?:^\|.*\n)+", part, re.MULTILINE)[0].splitlines()[2:]
        assert [row.split("|")[1].strip() for row in rows] == [model.name for model in stage.models]
        assert ("nanoGPT was not given" in part) is stage.peer
        assert ("not chosen" in part) is bool(stage.sample)
    graded = text.partition("<!-- begin baseline -->\n")[2].partition("<!-- end")[0]
    assert [graded.count(f"| {name} |") for name in ("as it came", "adapters of rank 16", "all weights")] == [1, 1, 1]

    # What is there is not made again.
    weights = {path: path.stat().st_mtime_ns for path in runs.rglob("*.safetensors")}
    assert weights
    assert script.main(["--smoke", "--runs", str(runs), "--only", "latex,chapter"]) == 0
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*.safetensors")} == weights


def test_every_model_of_every_stage_can_be_built(script, data):
    from abacist.recipe import settings_of

    for stage in script.stages(data).values():
        assert stage.sample in ("", *(each.name for each in stage.models))
        for place, each in enumerate(stage.models):
            assert each.after in ("", *(before.name for before in stage.models[:place]))
            begun = {"weights": "there"} if each.after else {}
            settings_of(each.recipe, [*{**stage.changes, **each.changes, **begun}.items()])


def test_a_stage_that_there_is_not_is_said_before_any_work(script, data, tmp_path, capsys):
    assert script.main(["--smoke", "--runs", str(tmp_path / "runs"), "--only", "latex,sums"]) == 1
    assert capsys.readouterr().err.startswith("text: --only: no stage 'sums'; there are latex, shakespeare")
    assert not list(tmp_path.rglob("settings.json"))


def test_data_that_is_not_there_is_said(script, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("ABACIST_DATA", raising=False)
    assert script.main(["--smoke", "--runs", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("text: ABACIST_DATA: set it to the folder that holds stacks/")
    monkeypatch.setenv("ABACIST_DATA", str(tmp_path))
    assert script.main(["--smoke", "--runs", str(tmp_path), "--only", "shakespeare"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "input.txt" in error


def test_a_smoke_writes_nothing_into_docs(script, data, capsys):
    assert script.main(["--smoke", "--runs", str(ROOT / "docs")]) == 1
    assert "a smoke writes nothing into" in capsys.readouterr().err


def test_what_another_program_s_model_costs_is_measured_on_the_same_tokens(script, data, tmp_path):
    """A model that gives every token the same chance costs log of their number, on each token that counts for ours."""
    import math

    stage = script.small(script.stages(data)["shakespeare"])
    script.made("shakespeare", stage, tmp_path / "runs", "text", None)
    (folder,) = (tmp_path / "runs" / "shakespeare" / "abacist").glob("steps-2*")
    run = script.TextRun.open(folder)
    first = script.first_id(run.codec.tokenizer)
    size = len(run.codec.tokenizer.vocabulary) - first
    loss, count = script.measured(lambda ids, targets: (torch.zeros(*ids.shape, size), None), run, first)
    assert loss == pytest.approx(math.log(size))
    assert count == sum(int(batch.loss_mask.sum()) for batch in run.validations()[0].batches())
