"""Every measure runs, at toy sizes and with commands that are not really run; figures are not looked at."""

import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from abacist.bench import peers
from abacist.bench.measure import FOLDER, Bench, Measure
from abacist.bench.measures.peers import Lines
from abacist.bench.processes import Ended, abacist, execute
from abacist.bench.results import Row
from abacist.core.catalogue import build, own_names
from abacist.core.errors import RunError, SettingsError

SMALL = (("model.d_model", 16), ("model.n_layers", 1), ("model.d_ff", 32), ("training.batch_size", 8))
PEERS = {"width": 12, "layers": 1, "heads": 2, "batch": 2, "length": 16, "loss_rows": 2, "rounds": 2}
TOYS: dict[str, dict[str, object]] = {
    "adder": {"seeds": (1, 2, 3)},
    "answers": {"count": 12, "singles": 2, "rounds": 2},
    "data": {"recipes": ("demo", "tinymath"), "changes": SMALL, "rows_a_turn": 16, "high": 2, "rounds": 2},
    "growth": {"widths": (32, 64), "layers": (1,), "batches": (4,), "lengths": (8, 16), "threads": (1,)}
    | {"together": (1, 2), "width": 32, "depth": 1, "batch": 4, "tokens_a_step": 32, "answers": 4}
    | {"rounds": 2, "least": 0.0},
    "peers": PEERS,
    "products": {"sizes": (8, 16), "rounds": 2, "least": 0.0},
    "starts": {"rounds": 2},
    "tinymath": {"steps": 2},
    "training": {"widths": (32,), "layers": 1, "short_rows": 4, "long_rows": 1, "long_length": 16}
    | {"sizes": (8,), "rounds": 2, "least": 0.0},
}

NANOGPT = '''
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class GPTConfig:
    block_size: int
    vocab_size: int
    n_layer: int
    n_head: int
    n_embd: int
    dropout: float
    bias: bool


class GPT(nn.Module):
    """The least that has the same face."""

    def __init__(self, config):
        super().__init__()
        self.table = nn.Embedding(config.vocab_size, config.vocab_size)
        print("number of parameters")

    def forward(self, ids, targets):
        logits = self.table(ids)
        return logits, nn.functional.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))

    def configure_optimizers(self, decay, rate, betas, device):
        return torch.optim.AdamW(self.parameters(), lr=rate, betas=betas, weight_decay=decay)

    def generate(self, ids, new, top_k):
        for _ in range(new):
            ids = torch.cat([ids, self.table(ids[:, -1:]).argmax(-1)], dim=1)
        return ids
'''


class Commands:
    """Takes the place of processes: notes the commands, and leaves the grades that a training would."""

    def __init__(self, accuracies: Sequence[float] = (1.0,), pandas: bool = True):
        self.commands: list[list[str]] = []
        self.accuracies, self.pandas = itertools.cycle(accuracies), pandas

    def __call__(self, command: Sequence[str]) -> Ended:
        self.commands.append(list(command))
        if command[-1] == "import pandas" and not self.pandas:
            raise RunError("python ended with status 1")
        if "train" in command:
            run = Path(command[command.index("--runs") + 1]) / command[command.index("--name") + 1]
            run.mkdir()
            (run / "grades.json").write_text(json.dumps([{"accuracy": next(self.accuracies)}, {"accuracy": 0.0}]))
        return Ended(10.0 + len(self.commands), 2**20)


def toy(name: str) -> Measure:
    return build(FOLDER, {"name": name, **TOYS[name]})


@pytest.fixture
def nanogpt(tmp_path: Path) -> Path:
    """A folder with a model.py of nanoGPT's face."""
    (tmp_path / "model.py").write_text(f"{NANOGPT}# {tmp_path}\n")
    return tmp_path


@pytest.fixture(autouse=True)
def no_peer_installed(monkeypatch: pytest.MonkeyPatch):
    """The transformers library takes long to import: it has a test of its own."""
    monkeypatch.setattr(peers, "has_transformers", lambda: False)


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_every_measure_runs_and_yields_figures(name):
    rows = list(toy(name).rows(Bench(execute=Commands())))
    assert rows
    assert all(row.value is None or row.value > 0 for row in rows)
    assert all(row.value is not None or row.note for row in rows)
    assert len({(row.what, row.against) for row in rows}) == len(rows)


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_every_measure_has_a_quick_form_and_a_definition(name):
    measure = build(FOLDER, name)
    assert type(measure.quick()) is type(measure)
    assert measure.quick() != measure
    assert measure.__doc__


@pytest.mark.parametrize("name", ["peers", "answers", "tinymath"])
def test_peers_that_are_not_there_are_said_to_be_missing(name):
    rows = list(toy(name).rows(Bench(execute=Commands())))
    assert any(row.value is None and "--nanogpt" in row.note for row in rows)
    if name != "tinymath":
        assert any(row.value is None and "transformers is not installed" in row.note for row in rows)


def named(rows: Sequence[Row], against: str) -> list[str]:
    return [row.what for row in rows if row.against == against]


def test_nanogpt_is_run_by_its_own_code(nanogpt, capsys):
    bench = Bench(nanogpt=nanogpt, execute=Commands(), loss=3)
    rows = list(toy("peers").rows(bench))
    assert "abacist float32" in named(rows, "nanoGPT float32")
    assert sum("loss after 3 steps" in row.what for row in rows) >= 2
    rows = list(toy("answers").rows(bench))
    assert len(named(rows, "nanoGPT generate, one at a time")) == 3
    assert capsys.readouterr().out == ""


def test_both_are_trained_on_the_same_ids():
    one, other = Lines(16, 50), Lines(16, 50)
    assert torch.equal(one.batch(3, 4), other.batch(3, 4))
    assert not torch.equal(one.batch(3, 4), one.batch(4, 4))
    assert one.batch(3, 4).shape == (4, 17)
    assert {" ", "\n", "="} < set(one.vocabulary)


def test_a_folder_that_is_no_nanogpt_is_refused(tmp_path):
    (tmp_path / "model.py").write_text("GPT = 3\n")
    with pytest.raises(SettingsError, match=r"is not nanoGPT's"):
        peers.nanogpt(tmp_path, {"d_model": 8, "n_layers": 1, "n_heads": 1, "d_ff": 32}, 5, 8)


def test_a_seed_below_the_aim_has_failed_and_is_said():
    rows = list(toy("adder").rows(Bench(execute=Commands([1.0, 0.998, 0.9995]))))
    assert [row.value for row in rows] == [11.0, 12.0, 13.0, 13.0]
    assert "failed" in rows[1].note
    assert rows[-1].note == "1 of 3 failed"
    assert list(toy("adder").rows(Bench(execute=Commands([0.5]))))[-1].value is None


def test_tinymath_is_held_against_the_whole_training(nanogpt):
    measure = build(FOLDER, {"name": "tinymath", "steps": 2, "size": build(FOLDER, {"name": "peers", **PEERS})})
    theirs, ours = measure.rows(Bench(nanogpt=nanogpt, execute=Commands([0.96])))
    assert theirs.what == "nanoGPT, 5,000 steps"
    assert (ours.value, ours.against) == (11.0, theirs.what)
    assert ours.ratio == pytest.approx(theirs.value / 11.0)


@pytest.mark.parametrize("pandas", [True, False])
def test_tables_are_written_in_turn_with_pandas_where_it_is(pandas):
    commands = Commands(pandas=pandas)
    rows = [row for row in toy("data").rows(Bench(execute=commands)) if "sums of four" in row.what]
    assert [row.value is None for row in rows] == [False, False, not pandas]
    assert (rows[1].against != "") == pandas
    assert rows[0].settings["peak_mib"] == 1
    assert rows[0].settings["rows"] == 81


def test_commands_are_timed_and_their_failures_told():
    ended = execute([sys.executable, "-c", "x = bytearray(30_000_000)"])
    assert ended.seconds > 0
    assert 30e6 < ended.peak < 150e6
    with pytest.raises(RunError, match="status 3: so it goes"):
        execute([sys.executable, "-c", "import sys; print('so it goes', file=sys.stderr); sys.exit(3)"])
    with pytest.raises(RunError, match="cannot be run"):
        execute(["/no/such/command"])


def test_a_command_is_the_script_beside_this_python_or_the_module(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert abacist()[1:] == ["-m", "abacist.apps.entry"]
    (tmp_path / "abacist").touch()
    assert abacist() == [str(tmp_path / "abacist")]
