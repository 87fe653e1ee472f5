"""What is "auto" is settled by trying; the clock is a stub here."""

import pytest
import torch

from abacist.runs.run import Run
from abacist.training import probe

FASTEST = [("bfloat16", 1), ("bfloat16", 4), ("float32", 1), ("float32", 4)]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A processor with bfloat16 and four threads."""
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    return monkeypatch


@pytest.mark.parametrize("fastest", FASTEST)
def test_the_fastest_is_chosen_and_written_down(fastest, tmp_path, tiny_settings, machine: pytest.MonkeyPatch):
    machine.setattr(probe, "_seconds", lambda _kind, _batch, *choice: 1.0 if choice == fastest else 2.0)
    run = Run.create(tmp_path / "run", tiny_settings(training__dtype="auto", training__threads="auto"))
    for each in (run, Run.open(run.path)):
        assert (each.settings.training.dtype, each.settings.training.threads) == fastest


def test_what_is_set_is_not_tried_otherwise(tmp_path, tiny_settings, machine: pytest.MonkeyPatch):
    tried = set()
    machine.setattr(probe, "_seconds", lambda _kind, _batch, *choice: tried.add(choice) or 1.0)
    Run.create(tmp_path / "run", tiny_settings(training__threads="auto"))
    assert tried == {("float32", 1), ("float32", 4)}


def test_with_one_choice_nothing_is_tried(tmp_path, tiny_settings, machine: pytest.MonkeyPatch):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        machine.setattr(torch.cpu, name, lambda: False)
    machine.delattr(probe, "_seconds")
    run = Run.create(tmp_path / "run", tiny_settings(training__dtype="auto"))
    assert run.settings.training.dtype == "float32"


def test_trying_leaves_the_weights_and_the_threads_and_no_gradients(tmp_path, tiny_settings):
    run = Run.create(tmp_path / "run", tiny_settings())
    before = {name: value.clone() for name, value in run.kind.model.state_dict().items()}
    threads = torch.get_num_threads()
    settings = tiny_settings(training__dtype="auto", training__threads="auto").training
    assert probe.settled(settings, run.kind, run.batch(0)).dtype in ("float32", "bfloat16")
    assert torch.get_num_threads() == threads
    assert all(torch.equal(before[name], value) for name, value in run.kind.model.state_dict().items())
    assert all(parameter.grad is None for parameter in run.kind.parameters())
