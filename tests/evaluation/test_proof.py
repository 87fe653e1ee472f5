"""Proofs of adders, held to what the models answer to every pair there is."""

import itertools
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from abacist.apps import cli
from abacist.core.catalogue import Part, file_hash
from abacist.core.errors import SettingsError
from abacist.evaluation.addition_rows import SUM, AdditionRows, Columns
from abacist.evaluation.gathered import Gathering, Pairs
from abacist.evaluation.margins import Margins
from abacist.evaluation.proof import Proof, logits_of, prove, wrong_pairs
from abacist.kinds.decoder import Decoder
from abacist.models.checkpoint import load_tensors, save_tensors
from abacist.models.settings import ModelSettings
from abacist.recipe import settings_of
from abacist.runs.asking import asker
from abacist.runs.problems import ProblemRun
from abacist.runs.proving import PROOF
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import Integers, coordinates
from abacist.training.loop import WEIGHTS

DIGITS = 2
PADDED = {"width": DIGITS, "answer_width": DIGITS + 1, "reverse": True}
SIGNS = "0123456789+="
WRITTEN = TextSettings(Part("padded", PADDED), Part("character", {"characters": SIGNS}))


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec.build(WRITTEN)


@pytest.fixture(scope="module")
def rows(codec: Codec) -> AdditionRows:
    return AdditionRows.of(codec)


def every_pair() -> Integers:
    """The digits of all pairs, with a column for the carry, (pairs, 2, columns)."""
    pairs = np.array([*itertools.product(range(10**DIGITS), repeat=2)])
    return pairs[:, :, None] // 10 ** np.arange(DIGITS + 1) % 10


def fresh(codec: Codec, seed: int = 1, answer_tokens: int | None = None, **changes: Any) -> Decoder:
    """A decoder with random weights."""
    parts = {name: Part(*value) if isinstance(value, tuple) else value for name, value in changes.items()}
    shape = {"d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 32, "context_length": 24} | parts
    settings = Decoder.Settings(answer_tokens)
    made = Decoder.new(settings, ModelSettings(**shape), codec.classes, codec.tokenizer.end_id, seed, codec.numbers)
    made.model.eval()
    return made


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ProblemRun:
    """One that learned to add two digits in some seconds."""
    changes = [
        ("digits", DIGITS),
        ("text", {"format": {"name": "padded", **PADDED}, "tokenizer": {"name": "character", "characters": SIGNS}}),
        ("model.d_ff", 64),
        ("training.steps", 600),
        ("training.evaluate_every", 600),
        ("training.dtype", "float32"),
        ("training.threads", 1),
    ]
    made = ProblemRun.create(tmp_path_factory.mktemp("runs") / "two", settings_of("addition", changes))
    made.train()
    return made


@pytest.fixture(scope="module")
def adder(run: ProblemRun) -> Decoder:
    kind = run.trained()
    assert isinstance(kind, Decoder)
    return kind


def proof_of(decoder: Decoder, rows: AdditionRows, seconds: float = 1e6) -> Proof:
    return prove(decoder, rows, seconds, lambda share: None)


@contextmanager
def damaged(weight: torch.Tensor, by: torch.Tensor) -> Iterator[None]:
    """Add to a weight for a time."""
    before = weight.detach().clone()
    with torch.no_grad():
        weight += by
    try:
        yield
    finally:
        with torch.no_grad():
            weight.copy_(before)


def test_what_is_proven_is_right_on_all_pairs(adder: Decoder, rows: AdditionRows):
    proof = proof_of(adder, rows)
    assert [*wrong_pairs(adder, rows, every_pair())] == []
    assert (proof.verdict, proof.pairs, proof.counterexample) == ("proven", 10**4, None)
    assert [place.token for place in proof.places] == ["10^0", "10^1", "10^2", "end"]
    # Not every row was looked at: sets were.
    assert sum(place.states for place in proof.places) < 2 * 10**4
    right = rows.rows(*every_pair().transpose(1, 0, 2))[:, rows.prompt_length :, None]
    logits = logits_of(adder, rows, every_pair())
    own = np.take_along_axis(logits, right, 2)
    others = logits.copy()
    np.put_along_axis(others, right, -np.inf, 2)
    ahead = (own[..., 0] - others.max(-1)).min(0)
    assert all(0 < place.margin <= least for place, least in zip(proof.places, ahead, strict=True))


def test_a_weight_that_is_damaged_for_few_pairs_is_found_out(adder: Decoder, rows: AdditionRows):
    pairs, weight = every_pair(), adder.model.head.weight
    assert isinstance(weight, torch.Tensor)
    by = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
    none, some = 0.0, 4.0
    for _ in range(9):  # the least damage that shows at all, nearly
        middle = (none + some) / 2
        with damaged(weight, middle * by):
            none, some = (none, middle) if any(wrong_pairs(adder, rows, pairs)) else (middle, some)
    with damaged(weight, some * by):
        few = [*wrong_pairs(adder, rows, pairs)]
        proof = proof_of(adder, rows)
    assert 0 < len(few) < 100  # rare: less than one in a hundred
    assert proof.verdict == "counterexample"
    assert proof.counterexample in few


def test_where_time_runs_out_nothing_is_claimed(adder: Decoder, rows: AdditionRows):
    proof = proof_of(adder, rows, seconds=0)
    assert (proof.verdict, proof.why) == ("undecided", "0 seconds were not enough")


def test_an_answer_of_so_many_tokens_needs_no_end(adder: Decoder, codec: Codec, rows: AdditionRows):
    adder.answer_tokens = DIGITS + 1
    try:
        assert [place.token for place in proof_of(adder, rows).places] == ["10^0", "10^1", "10^2"]
        adder.answer_tokens = DIGITS
        with pytest.raises(SettingsError, match="answers of 2 tokens end before"):
            proof_of(adder, rows)
    finally:
        adder.answer_tokens = None


SHAPES: list[dict[str, Any]] = [
    {},
    {"norm": Part("layer_norm"), "feed_forward": Part("gelu"), "bias": True, "n_kv_heads": 1},
    {"norm": Part("rms_norm", {"scale": True}), "feed_forward": Part("swiglu"), "position": Part("rope")},
    {"position": Part("alibi"), "feed_forward": Part("swiglu", {"down": "turned"}), "tied": True},
    {"position": Part("fire"), "shared_norms": True},
    {"position": Part("relative"), "head_width": 4},
    {"position": Part("learned"), "n_heads": 1},
    {
        "d_model": 3,
        "n_heads": 1,
        "head_width": 4,
        "d_ff": 2,
        "tied": True,
        "embedding": Part("circular", {"others": "as_zero", "radius": 2.0, "sharpness": 3.0}),
        "position": Part("rope", {"periods": [3.0, 20.0]}),
        "mixer": Part("tied_attention"),
        "feed_forward": Part("swiglu", {"down": "up"}),
    },
    {"mixer": Part("tied_attention", {"keys": "own", "values": "own", "out": "own", "rank": 2, "gain": "each"})},
]


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=6)
@given(seed=st.integers(0, 2**16), share=st.sampled_from([0.15, 0.4, 1.0]), place=st.integers(0, DIGITS + 1))
def test_margins_lie_within_their_bounds(
    codec: Codec, rows: AdditionRows, shape: dict[str, Any], seed: int, share: float, place: int
):
    """Whatever the parts: of rows drawn from a set, in float32, and of what attention gathers in any direction."""
    decoder, rng = fresh(codec, seed, **shape), np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.mul_(3)
    pair = every_pair()[rng.integers(10**4)]
    whole = rows.all_sums()
    digits = whole.digits & (rng.random(whole.digits.shape) < share)
    digits[:, :SUM, DIGITS, 0] = True
    right = rows.rows(pair[None, 0], pair[None, 1])[0]
    for number, column in np.argwhere(rows.places >= 0):
        token = int(np.flatnonzero(rows.digit_ids == right[rows.places[number, column]])[0])
        digits[0, number, column, token] = True
        if number == SUM and column in (place - 1, place):
            digits[0, number, column] = np.arange(10) == token
    states = Columns(digits, whole.carries).propagated()
    at = rows.places[SUM, place - 1] if place else rows.prompt_length - 1
    before = int(np.flatnonzero(rows.digit_ids == right[at])[0]) if place else -1
    gathering = Gathering(Pairs.of(decoder.model, rows), rows, int(at), before)
    shut = np.where(gathering.marks(states), 0.0, -np.inf)
    stream, middle = gathering.bounded(shut)
    target = right[[rows.prompt_length + place]]
    ahead = Margins(decoder.model).ahead(stream, target)
    drawn = states.take(np.zeros(40, dtype=np.int64)).drawn(rng)
    logits = logits_of(decoder, rows, drawn)[:, place]
    margins = logits[:, target] - logits
    other = (target[0] + 1) % logits.shape[1]
    along = -ahead.made.slope[:, other]
    swing = ahead.swing.copy()
    most, _ = gathering.directed(np.zeros(1, dtype=np.int64), along, shut)
    swing[:, other] = np.minimum(swing[:, other], most - (along * middle).sum(-1))
    assert (ahead.least(swing) <= margins).all()
    assert (margins <= ahead.most()).all()
    # One row alone is bounded closely: what is left is rounding.
    alone = ahead.least(np.zeros_like(swing))
    assert np.isfinite(alone).all()


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"n_layers": 2}, "model.n_layers: a proof is of models of one layer, this has 2"),
        ({"loops": 3}, "model.loops"),
        ({"mixer": Part("recurrence")}, "model.mixer: recurrence has no scores of pairs"),
        ({"feed_forward": Part("nmu")}, "model.feed_forward: a proof knows swiglu"),
    ],
)
def test_other_models_are_refused_in_one_line(codec: Codec, rows: AdditionRows, shape: dict[str, Any], said: str):
    with pytest.raises(SettingsError, match=said) as error:
        proof_of(fresh(codec, **shape), rows)
    assert "\n" not in str(error.value)


def test_a_part_that_does_more_than_bounds_know_is_found_out(adder: Decoder, rows: AdditionRows):
    handle = adder.model.norm.register_forward_hook(lambda module, given, result: result.roll(1, -1))
    try:
        with pytest.raises(SettingsError, match="does more than a proof knows of"):
            proof_of(adder, rows)
    finally:
        handle.remove()


def test_coordinates_are_those_of_every_row(codec: Codec, rows: AdditionRows):
    ids = rows.rows(*every_pair()[:50].transpose(1, 0, 2))
    assert (coordinates(ids, codec.classes) == rows.coordinates).all()


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["abacist", "prove", *map(str, arguments)])
    return cli.run()


def test_the_command_says_and_keeps_what_is_proven(run: ProblemRun, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    assert command(monkeypatch, run.path, "--digits", 1) == 0
    assert "proven for all 100 pairs of numbers of up to 1 digits" in capsys.readouterr().out
    kept = json.loads((run.path / PROOF).read_text())
    assert kept["verdict"] == "proven"
    assert kept["weights_sha256"] == file_hash(run.path / WEIGHTS)
    assert command(monkeypatch, run.path, "--digits", 3) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "--digits 3: this model adds numbers of 1 to 2 digits" in line


def test_the_command_shows_a_pair_that_is_wrong(
    run: ProblemRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
):
    folder = shutil.copytree(run.path, tmp_path / "damaged")
    weights = load_tensors(folder / WEIGHTS)
    weights["head.weight"][run.codec.tokenizer.vocabulary.index("7")] *= 0.5
    save_tensors(weights, folder / WEIGHTS)
    assert command(monkeypatch, folder, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    left, right = told["counterexample"]
    assert told["verdict"] == "counterexample"
    assert told["right"] == str(left + right)
    ask = asker(ProblemRun.open(folder))
    assert ask([f"{left}+{right}"], None)[0].answer == told["written"] != told["right"]


def test_a_run_of_something_else_is_refused_in_one_line(tiny_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    assert command(monkeypatch, tiny_run) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "text.format: a proof needs rows of one shape" in line
