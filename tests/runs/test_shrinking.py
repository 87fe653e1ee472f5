"""Runs made smaller: what is in their files, what they still know, and what can be done with them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.catalogue import file_hash
from abacist.core.errors import RunError, SettingsError
from abacist.core.packing import Packing, pack, unpack
from abacist.evaluation.grading import ask
from abacist.models.checkpoint import load_tensors
from abacist.models.transformer import count_parameters
from abacist.recipe import settings_of
from abacist.runs.folder import PARTS, SHRUNK
from abacist.runs.problems import ProblemRun
from abacist.runs.run import Run
from abacist.runs.shrinking import Shrinking, pruned, shrink, size_of
from abacist.runtime.decoder import NumpyDecoder
from abacist.training.loop import STATE, WEIGHTS


@pytest.fixture(scope="module")
def adder(tmp_path_factory: pytest.TempPathFactory) -> ProblemRun:
    """A model that adds numbers of three digits without a mistake, trained in seconds."""
    changes = [("digits", 3), ("training.steps", 200), ("training.dtype", "float32"), ("training.threads", 1)]
    changes += [("grading.sets.0.count", 500)]
    run = ProblemRun.create(tmp_path_factory.mktemp("runs") / "adder", settings_of("addition", changes))
    run.train()
    return run


def right(run: Run) -> int:
    assert isinstance(run, ProblemRun)
    return run.grade()[0][0].score.correct


def test_eight_bits_keep_what_was_learned_in_a_third_of_the_bytes_and_two_do_not(adder: ProblemRun, tmp_path: Path):
    assert right(adder) == 500
    small = shrink(adder, tmp_path / "small", Shrinking(8))
    assert right(small) == 500
    assert (small.path / WEIGHTS).stat().st_size < (adder.path / WEIGHTS).stat().st_size / 3
    assert right(shrink(adder, tmp_path / "two", Shrinking(2))) < 400
    assert right(shrink(adder, tmp_path / "bare", Shrinking(prune=0.95))) < 400


def test_the_file_holds_the_packed_matrices_and_everything_else_as_it_was(tiny_run: Path, tmp_path: Path):
    run = Run.open(tiny_run)
    made = shrink(run, tmp_path / "made", Shrinking(4, group=16))
    before, after = (load_tensors(path / WEIGHTS) for path in (run.path, made.path))
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        expected = tensor
        if tensor.ndim >= 2 and tensor.is_floating_point():
            expected = torch.from_numpy(unpack(pack(tensor.numpy(), Packing(4, 16))))
        assert torch.equal(after[name], expected), name
    trained = run.trained().model.state_dict()
    assert before.keys() <= trained.keys()


def test_torch_and_numpy_calculate_with_the_same_packed_weights(tiny_run: Path, tmp_path: Path):
    made = shrink(Run.open(tiny_run), tmp_path / "made", Shrinking(4, prune=0.2))
    assert isinstance(made, ProblemRun)
    problems = made.watched_problems()
    numpy = NumpyDecoder(made.path)
    written = ask(made.trained(), made.codec, [problem.question for problem in problems])
    assert [each.ids for each in written] == [numpy.answer(made.codec.prompt(each.question)).ids for each in problems]


def test_tied_weights_stay_tied_and_are_counted_once(tiny_settings, tmp_path: Path):
    run = Run.create(tmp_path / "tied", tiny_settings(model__tied=True, training__steps=2))
    run.train()
    made = shrink(run, tmp_path / "made", Shrinking(6))
    model = made.trained().model
    assert model.head.weight is model.embedding.weight
    assert size_of(made).numbers == size_of(run).numbers == count_parameters(model)


def test_sizes_add_up(tiny_run: Path, tmp_path: Path):
    run = Run.open(tiny_run)
    model = run.trained().model
    count = count_parameters(model)
    whole = size_of(run)
    assert (whole.numbers, whole.bits, whole.bits_a_number) == (count, 32 * count, 32)
    made = shrink(run, tmp_path / "made", Shrinking(4, group=8, prune=0.5))
    size, matrices = size_of(made), [p for p in model.parameters() if p.ndim >= 2]
    scales = sum(16 * (p.numel() // p.shape[-1]) * -(-p.shape[-1] // 8) for p in matrices)
    inside = sum(p.numel() for p in matrices)
    rest = count - inside
    assert size.bits == 4 * inside + scales + 32 * rest
    left = sum(int(torch.count_nonzero(p)) for p in made.trained().model.parameters())
    left_in_vectors = sum(int(torch.count_nonzero(p)) for p in made.kind.model.parameters() if p.ndim < 2)
    assert size.not_zero == left
    assert size.sparse_bits == inside + 4 * (left - left_in_vectors) + scales + 32 * rest
    assert size.file_bytes == (made.path / WEIGHTS).stat().st_size > size.bits / 8


def test_the_note_says_of_which_weights_and_how(tiny_run: Path, tmp_path: Path):
    made = shrink(Run.open(tiny_run), tmp_path / "made", Shrinking(5, 32, 0.25))
    note = json.loads((made.path / SHRUNK).read_text())
    assert note["of"] == {"name": "tiny", "weights_sha256": file_hash(tiny_run / WEIGHTS)}
    assert (note["bits"], note["group"], note["prune"]) == (5, 32, 0.25)
    assert note["size"] == size_of(made).as_json()
    assert not (made.path / STATE).exists()
    assert made.settings == Run.open(tiny_run).settings


def test_own_parts_go_along(tiny_settings, own_operation: Path, tmp_path: Path):
    mixture = [{"operation": {"name": str(own_operation), "left": [1, 30]}}]
    characters = {"name": "character", "characters": "0123456789gcd= "}
    settings = tiny_settings(task__mixture=mixture, text__tokenizer=characters, training__steps=2)
    run = Run.create(tmp_path / "run", settings)
    run.train()
    shrink(run, tmp_path / "made", Shrinking(8))
    shutil.rmtree(run.path)
    assert (tmp_path / "made" / PARTS / own_operation.name).is_file()
    made = ProblemRun.open(tmp_path / "made")
    assert [str(mark.problem) for mark in made.grade()[0][0].marked if "gcd" not in str(mark.problem)] == []


@given(st.lists(st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=8), min_size=1, max_size=4), st.floats(0, 1))
def test_pruning_takes_the_smallest_of_all_and_leaves_the_others_alone(rows, share):
    arrays = {str(number): np.array([row], dtype=np.float32) for number, row in enumerate(rows)}
    result = pruned(arrays, share)
    whole = np.concatenate([array.ravel() for array in arrays.values()])
    left = np.concatenate([array.ravel() for array in result.values()])
    changed = left != whole
    assert (left[changed] == 0).all()
    count = round(share * whole.size)
    gone = np.sort(np.abs(whole))[:count]
    assert np.array_equal(
        np.sort(np.abs(left)), np.sort(np.concatenate((np.zeros(count), np.sort(np.abs(whole))[count:])))
    )
    assert changed.sum() == np.count_nonzero(gone)


def test_a_pruned_share_is_that_of_the_matrices_in_blocks(tiny_run: Path, tmp_path: Path):
    made = shrink(Run.open(tiny_run), tmp_path / "made", Shrinking(prune=0.3))
    before, after = (load_tensors(path / WEIGHTS) for path in (tiny_run, made.path))
    inside = [name for name, tensor in before.items() if "blocks." in name and tensor.ndim >= 2]
    zeros = sum(int((after[name] == 0).sum()) for name in inside)
    assert zeros == round(0.3 * sum(before[name].numel() for name in inside))
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items() if name not in inside)


def test_a_shrunk_run_is_neither_trained_on_nor_shrunk_again_but_can_be_begun_with(
    tiny_settings, tiny_run: Path, tmp_path: Path
):
    made = shrink(Run.open(tiny_run), tmp_path / "made", Shrinking(8))
    with pytest.raises(RunError, match="was shrunk and cannot be trained on"):
        made.train(resume=True)
    with pytest.raises(RunError, match="was shrunk already"):
        shrink(made, tmp_path / "again", Shrinking(4))
    start = {"weights": str(made.path)}
    begun = Run.create(tmp_path / "begun", tiny_settings(start=start, training__steps=0))
    begun.train()
    after, before = (load_tensors(path / WEIGHTS) for path in (begun.path, made.path))
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_what_cannot_be_shrunk_is_told(tiny_settings, tiny_run: Path, tmp_path: Path):
    run = Run.create(tmp_path / "new", tiny_settings())
    with pytest.raises(RunError, match="has no weights yet"):
        shrink(run, tmp_path / "made", Shrinking(8))
    with pytest.raises(RunError, match="exists; choose another"):
        shrink(Run.open(tiny_run), run.path, Shrinking(8))
    bigram = Run.create(tmp_path / "bigram", tiny_settings(kind="bigram", training__steps=1))
    bigram.train()
    with pytest.raises(RunError, match="no blocks with matrices"):
        shrink(bigram, tmp_path / "made", Shrinking(prune=0.5))
    assert not (tmp_path / "made").exists()
    assert size_of(shrink(bigram, tmp_path / "made", Shrinking(8))).bits_a_number < 9


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_shares_are_checked(share: float):
    with pytest.raises(SettingsError, match="prune must be at least 0 and below 1"):
        Shrinking(8, prune=share)


def test_nothing_to_do_is_told():
    with pytest.raises(SettingsError, match="nothing would become smaller"):
        Shrinking()
