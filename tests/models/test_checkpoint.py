from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file

from abacist.core.catalogue import Part
from abacist.core.errors import RunError
from abacist.core.packing import DESCRIPTION, Packing, pack, packed, unpack
from abacist.models.checkpoint import load_tensors, load_weights, save_tensors
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer, count_parameters, new_transformer


def model(tied: bool = True, d_model: int = 8) -> Transformer:
    settings = ModelSettings(d_model=d_model, n_layers=1, n_heads=2, d_ff=16, context_length=8, tied=tied)
    return new_transformer(settings, torch.arange(6), seed=1)


def test_tied_weights_are_written_once_and_loaded_tied(tmp_path: Path):
    made = model()
    save_tensors(made.state_dict(), tmp_path / "w")
    with safe_open(tmp_path / "w", framework="pt") as file:
        assert "embedding.weight" in file.keys()  # noqa: SIM118 (no mapping)
        assert "head.weight" not in file.keys()  # noqa: SIM118
    other = model()
    with torch.no_grad():
        other.embedding.weight.zero_()
    load_weights(other, tmp_path / "w")
    assert other.head.weight is other.embedding.weight
    assert torch.equal(other.head.weight, made.head.weight)


def test_untied_weights_are_both_written(tmp_path: Path):
    made = model(tied=False)
    save_tensors(made.state_dict(), tmp_path / "w")
    assert set(load_tensors(tmp_path / "w")) == set(made.state_dict())


def test_the_classes_of_tokens_are_stored_with_the_weights(tmp_path: Path):
    save_tensors(model().state_dict(), tmp_path / "w")
    assert load_tensors(tmp_path / "w")["token_classes"].tolist() == [0, 1, 2, 3, 4, 5]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save_tensors({"a": torch.ones(3)}, tmp_path / "w")
    before = (tmp_path / "w").read_bytes()

    def fail(tensors: object, path: Path, about: object) -> None:
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("abacist.models.checkpoint.save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        save_tensors({"a": torch.zeros(3)}, tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == before


@pytest.mark.parametrize("other", [{"tied": False}, {"d_model": 16}])
def test_weights_of_another_shape_are_refused(other: dict[str, int], tmp_path: Path):
    save_tensors(model().state_dict(), tmp_path / "w")
    with pytest.raises(RunError, match="does not fit the model"):
        load_weights(model(**other), tmp_path / "w")


def test_unknown_and_missing_weights_are_named(tmp_path: Path):
    tensors = model(tied=False).state_dict()
    tensors["extra"] = tensors.pop("head.weight")
    save_tensors(tensors, tmp_path / "w")
    with pytest.raises(RunError, match=r"missing \['head.weight'\], unknown \['extra'\]"):
        load_weights(model(tied=False), tmp_path / "w")


@pytest.mark.parametrize("content", [None, b"", b"nothing of use", b"\xff" * 100])
def test_a_missing_or_broken_file_is_said(content: bytes | None, tmp_path: Path):
    if content is not None:
        (tmp_path / "w").write_bytes(content)
    with pytest.raises(RunError, match="missing" if content is None else "cannot be read"):
        load_tensors(tmp_path / "w")


@pytest.mark.parametrize(("position", "learned"), [("nope", 0), ("rope", 0), ("sinusoidal", 0), ("learned", 8 * 8)])
def test_parameters_are_counted_by_unique_storage(position: str, learned: int):
    settings = ModelSettings(
        d_model=8,
        n_layers=2,
        n_heads=2,
        d_ff=16,
        context_length=8,
        tied=True,
        position=Part(position),
        norm=Part("rms_norm", {"scale": True}),
        feed_forward=Part("gelu"),
    )
    block = 4 * 8 * 8 + 2 * 8 * 16 + 16 + 8 + 2 * 8
    assert count_parameters(new_transformer(settings, torch.zeros(6), 1)) == 6 * 8 + learned + 2 * block + 8


def test_weights_that_write_into_the_residual_stream_are_smaller_with_depth():
    shape = {"d_model": 64, "n_heads": 2, "d_ff": 64, "context_length": 8}
    deep = new_transformer(ModelSettings(n_layers=8, **shape), torch.zeros(6), 1)
    attention = deep.blocks[0].attention
    reading, writing = (float(part.weight.detach().std()) for part in (attention.qkv, attention.out))
    assert reading == pytest.approx(0.7 / 64**0.5, rel=0.1)
    assert writing == pytest.approx(reading / 4, rel=0.1)


def test_packed_weights_are_loaded_as_the_numbers_they_stand_for_and_stay_tied(tmp_path: Path):
    save_tensors(model().state_dict(), tmp_path / "w")
    arrays = {name: tensor.numpy() for name, tensor in load_tensors(tmp_path / "w").items()}
    matrices = {name for name, array in arrays.items() if array.ndim >= 2}
    stored, about = packed(arrays, matrices, Packing(4))
    save_file(stored, tmp_path / "p", about)
    assert (tmp_path / "p").stat().st_size < (tmp_path / "w").stat().st_size
    tensors = load_tensors(tmp_path / "p")
    assert tensors.keys() == arrays.keys()
    for name, tensor in tensors.items():
        expected = unpack(pack(arrays[name], Packing(4))) if name in matrices else arrays[name]
        assert torch.equal(tensor, torch.from_numpy(expected))
    other = model()
    load_weights(other, tmp_path / "p")
    assert other.head.weight is other.embedding.weight
    assert torch.equal(other.head.weight, tensors["embedding.weight"])


def test_a_broken_description_of_packed_weights_is_said(tmp_path: Path):
    save_file({"a": np.ones(3)}, tmp_path / "w", {DESCRIPTION: '{"a": {}}'})
    with pytest.raises(RunError, match=r"w cannot be read: what it says of packed numbers is broken"):
        load_tensors(tmp_path / "w")
