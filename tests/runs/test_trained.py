"""The trained models that come with the project: what is said of them holds."""

import shutil
from pathlib import Path

import torch

from abacist.models.checkpoint import load_tensors, save_tensors
from abacist.runs.problems import ProblemRun
from abacist.runs.proving import PROOF, prove_run
from abacist.training.loop import WEIGHTS

TRAINED = Path(__file__).parents[2] / "trained"


def copied(name: str, folder: Path) -> ProblemRun:
    shutil.copytree(TRAINED / name, folder / name)
    run = ProblemRun.open(folder / name)
    assert isinstance(run, ProblemRun)
    return run


def test_the_adder_of_35_parameters_is_proven_for_two_digits_among_zeros(tmp_path: Path):
    run = copied("tiny_adder", tmp_path)
    assert run.parameters() == 35
    made = prove_run(run, 2, 600, lambda _share: None)
    assert made.proof.verdict == "proven"
    assert (run.path / PROOF).is_file()


def test_a_planted_error_is_found_and_is_one(tmp_path: Path):
    run = copied("tiny_adder", tmp_path)
    weights = load_tensors(run.path / WEIGHTS)
    weights["embedding.weight"] = weights["embedding.weight"] + torch.tensor([0.0, 0.0, 0.003])  # the arc's stride
    save_tensors(weights, run.path / WEIGHTS)
    made = prove_run(ProblemRun.open(run.path), 2, 600, lambda _share: None)
    assert made.proof.verdict == "counterexample"
    assert made.proof.counterexample is not None
    assert made.right == str(sum(made.proof.counterexample))
    assert made.written != made.right


def test_the_others_have_the_sizes_that_are_told():
    for name, count in (("products", 337_248), ("small_calculator", 49_920)):
        assert ProblemRun.open(TRAINED / name).parameters() == count
