import pytest
import torch

from abacist.runs.run import Run
from abacist.training import precision


@pytest.mark.parametrize(("rough", "exact", "chosen"), [(1.0, 2.0, "bfloat16"), (2.0, 1.0, "float32")])
def test_the_faster_of_both_is_chosen_and_written_down(
    rough, exact, chosen, tmp_path, tiny_settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(precision, "_seconds", lambda _kind, _batch, low: rough if low else exact)
    run = Run.create(tmp_path / "run", tiny_settings(training__dtype="auto"))
    assert run.settings.training.dtype == chosen
    assert Run.open(run.path).settings.training.dtype == chosen


def test_without_bfloat16_in_the_processor_nothing_is_tried(tmp_path, tiny_settings, monkeypatch: pytest.MonkeyPatch):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False)
    monkeypatch.delattr(precision, "_seconds")
    run = Run.create(tmp_path / "run", tiny_settings(training__dtype="auto"))
    assert run.settings.training.dtype == "float32"


def test_trying_leaves_the_weights_and_no_gradients(tmp_path, tiny_settings):
    run = Run.create(tmp_path / "run", tiny_settings())
    before = {name: value.clone() for name, value in run.kind.model.state_dict().items()}
    assert precision.faster_dtype(run.kind, run.batch(0)) in ("float32", "bfloat16")
    assert all(torch.equal(before[name], value) for name, value in run.kind.model.state_dict().items())
    assert all(parameter.grad is None for parameter in run.kind.parameters())
