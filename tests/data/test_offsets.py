"""What training draws for its rows: what is shifted, spread and moved, how far, and never anything else."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from abacist.core.catalogue import build, own_names
from abacist.core.errors import SettingsError
from abacist.core.seeds import generator
from abacist.core.settings import check
from abacist.data.offsets import moved, shifted, spread
from abacist.models import position as seam
from abacist.models.settings import POSITIONS, ModelSettings
from abacist.runs.problems import ProblemRun
from abacist.text.batch import Batch, batch_of, joined
from abacist.text.characters import characters
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import INDEX, NUMBER, PLACE

CODEC = Codec.build(TextSettings())
SHIFTING: list[dict[str, Any]] = [
    {"name": "abacus"},
    {"name": "abacus", "places": 9, "max_offset": 3},
    {"name": "coupled"},
    {"name": "learned", "max_offset": None},
    {"name": "places", "place_offset": 4, "number_offset": None},
]
SPREADING: list[dict[str, Any]] = [{"name": name, "spread": 100} for name in ("alibi", "learned", "rope", "sinusoidal")]
HINTED = Codec.build(check(TextSettings, {"format": "hinted", "tokenizer": {"name": "hints", "hints": 9}}))


def test_models_and_text_mean_the_same_axes():
    assert (seam.INDEX, seam.PLACE, seam.NUMBER) == (INDEX, PLACE, NUMBER)


def rows(count: int = 400) -> Batch:
    prompts = characters(["72+68=", "5+90001=", "1+2="] * count)
    return batch_of(CODEC.joined(prompts, characters(["311", "50001", "3"] * count)), CODEC.classes)


def test_each_axis_is_shifted_by_an_offset_for_each_row():
    plain = rows()
    made = shifted(plain, {PLACE: (6, 100), INDEX: (3, 100)}, generator(1))
    assert np.array_equal(made.ids, plain.ids)
    assert np.array_equal(made.loss_mask, plain.loss_mask)
    change = made.coordinates - plain.coordinates
    for axis in range(change.shape[-1]):
        offset = change[..., axis] * np.where((axis == INDEX) | (plain.coordinates[..., axis] > 0), 1, -1)
        assert (offset == offset[:, :1]).all(), "one offset for a row"
        most = {PLACE: 6, INDEX: 3}.get(axis, 0)
        assert set(offset[:, 0].tolist()) == set(range(most + 1))
    assert np.array_equal(plain.coordinates, rows().coordinates), "the batch itself stays as it is"


def test_offsets_are_drawn_evenly_and_never_lead_beyond_the_top():
    made = shifted(rows(2000), {PLACE: (50, 7)}, generator(1)).coordinates[..., PLACE]
    assert made.max() == 7
    for row, longest in enumerate((3, 5, 1)):
        offset = made[row::3].max(axis=1) - longest
        counts = np.bincount(offset, minlength=8 - longest)
        assert len(counts) == 8 - longest
        assert abs(counts / counts.mean() - 1).max() < 0.15


def test_a_row_longer_than_the_table_is_not_shifted():
    plain = rows()
    assert np.array_equal(shifted(plain, {PLACE: (4, 2)}, generator(1)).coordinates[1::3], plain.coordinates[1::3])


@pytest.mark.parametrize("offsets", [{}, {PLACE: (0, 30)}])
def test_nothing_to_shift_costs_nothing(offsets: dict[int, tuple[int, int]]):
    batch = rows(1)
    assert shifted(batch, offsets, generator(1)) is batch


def test_spread_positions_rise_within_their_range_and_nothing_else_changes():
    plain = rows()
    made = spread(plain, 40, 20, generator(1))
    positions = -1 - made.coordinates[..., INDEX]
    assert positions.min() == 0
    assert positions.max() == 39
    assert (np.diff(positions, axis=1) > 0).all()
    assert np.array_equal(made.coordinates[..., PLACE:], plain.coordinates[..., PLACE:])
    assert np.array_equal(made.ids, plain.ids)
    assert np.array_equal(made.loss_mask, plain.loss_mask)
    assert np.array_equal(plain.coordinates, rows().coordinates), "the batch itself stays as it is"
    assert len(np.unique(positions, axis=0)) > 0.99 * len(positions), "each row has its own"


def test_rows_as_long_as_the_context_are_spread_over_all_positions():
    """The i-th of n sorted draws from 0..L-1 is about (i + 1) / (n + 1) of the way, where L is far larger than n."""
    plain = rows(4000)
    count = plain.ids.shape[1]
    positions = -1 - spread(plain, 10_000, count, generator(1)).coordinates[..., INDEX]
    expected = 10_000 * np.arange(1, count + 1) / (count + 1)
    assert abs(positions.mean(axis=0) / expected - 1).max() < 0.05
    gaps = np.diff(positions, axis=1)
    assert abs(gaps.std() / gaps.mean() - (count / (count + 2)) ** 0.5) < 0.02, "gaps of even draws"


def test_shorter_rows_begin_one_of_any_length_up_to_the_context():
    plain = rows(4000)
    count, longest = plain.ids.shape[1], 100
    last = (-1 - spread(plain, 10_000, longest, generator(1)).coordinates[:, -1, INDEX]) / 10_000
    expected = np.mean([count / (tokens + 1) for tokens in range(count, longest + 1)])
    assert abs(last.mean() / expected - 1) < 0.05
    assert last.min() < 1.5 * count / longest
    assert last.max() > 0.9


def test_as_many_positions_as_tokens_are_their_indices():
    plain = rows(2)
    count = plain.ids.shape[1]
    drawn = spread(plain, count, count, generator(1)).coordinates[..., INDEX]
    assert np.array_equal(-1 - drawn, plain.coordinates[..., INDEX])


def hinted_rows(count: int = 300) -> Batch:
    prompts = characters(["α7β2+α6β8=", "α5+α9β0γ0δ0ε1=", "α1+α2="] * count)
    return batch_of(HINTED.joined(prompts, characters(["α3β1γ1", "α5β0γ0δ0ε1", "α3"] * count)), HINTED.classes)


def texts(batch: Batch) -> list[str]:
    return [HINTED.tokenizer.decode(row.tolist()) for row in batch.ids]


def test_all_hints_of_a_row_move_on_together_and_never_beyond_the_last():
    plain = hinted_rows()
    made = moved(plain, HINTED.hints, None, generator(1))
    order = HINTED.format.hints[:9]
    for kind, (text, places) in enumerate([("α7β2+α6β8=α3β1γ1", 3), ("α5+α9β0γ0δ0ε1=α5β0γ0δ0ε1", 5), ("α1+α2=α3", 1)]):
        possible = [
            text.translate(str.maketrans(order[:places], order[offset : offset + places]))
            for offset in range(len(order) - places + 1)
        ]
        assert set(texts(made)[kind::3]) == set(possible)
    assert np.array_equal(made.coordinates, plain.coordinates)
    assert np.array_equal(made.loss_mask, plain.loss_mask)
    assert texts(plain)[:3] == texts(hinted_rows(1)), "the batch itself stays as it is"


def test_hints_move_no_further_than_they_may():
    made = moved(hinted_rows(), HINTED.hints, 2, generator(1))
    assert set(texts(made)[2::3]) == {"α1+α2=α3", "β1+β2=β3", "γ1+γ2=γ3"}
    batch = hinted_rows(1)
    assert moved(batch, HINTED.hints, 0, generator(1)) is batch
    assert moved(batch, HINTED.hints[:0], None, generator(1)) is batch


def test_hints_move_in_training_batches_alone_and_follow_from_seed_and_index(tmp_path: Path, tiny_settings):
    text = {"format": "hinted", "tokenizer": "hints"}
    changes = {"text__format": text["format"], "text__tokenizer": text["tokenizer"], "model__context_length": 40}
    run, same = (ProblemRun(tmp_path, tiny_settings(**changes)) for _ in range(2))
    still = ProblemRun(tmp_path, tiny_settings(**{**changes, "text__format": {"name": "hinted", "max_offset": 0}}))
    same.batch(0)
    for index in (3, 7):
        assert np.array_equal(run.batch(index).ids, same.batch(index).ids)
        assert not np.array_equal(run.batch(index).ids, run.stream.batch(index).ids)
        assert np.array_equal(still.batch(index).ids, run.stream.batch(index).ids)
    assert all("α" in run.codec.format.prompt(problem.question) for problem in run.watched_problems())


@pytest.mark.parametrize("position", SPREADING, ids=str)
def test_positions_of_training_batches_alone_are_drawn_and_follow_from_seed_and_index(
    position, tmp_path: Path, tiny_settings
):
    run, same = (ProblemRun(tmp_path, tiny_settings(model__position=position)) for _ in range(2))
    same.batch(0)
    for index in (3, 7):
        plain, made = run.stream.batch(index), run.batch(index)
        assert np.array_equal(made.ids, plain.ids)
        assert (made.coordinates[..., INDEX] < 0).all()
        assert (plain.coordinates[..., INDEX] >= 0).all()
        assert np.array_equal(made.coordinates, same.batch(index).coordinates)
    assert not np.array_equal(run.batch(3).coordinates[:, 0], run.batch(7).coordinates[:, 0])


@pytest.mark.parametrize("position", SHIFTING, ids=str)
def test_training_batches_alone_are_shifted_and_follow_from_seed_and_index(position, tmp_path: Path, tiny_settings):
    run, same = (ProblemRun(tmp_path, tiny_settings(model__position=position)) for _ in range(2))
    other = ProblemRun(tmp_path, tiny_settings(model__position=position, seed=2))
    same.batch(0)
    for index in (3, 7):
        plain = run.stream.batch(index)
        assert np.array_equal(run.batch(index).ids, plain.ids), "the problems are those of any other scheme"
        assert not np.array_equal(run.batch(index).coordinates, plain.coordinates)
        assert np.array_equal(run.batch(index).coordinates, same.batch(index).coordinates)
    drawn = [made.batch(index).coordinates[:, 0].tolist() for made in (run, other) for index in (0, 1)]
    assert not any(one == other for i, one in enumerate(drawn) for other in drawn[:i])


@pytest.mark.parametrize("position", SHIFTING, ids=str)
def test_rows_of_a_file_are_shifted_too(position, tmp_path: Path, tiny_settings):
    file = tmp_path / "sums.txt"
    file.write_text("".join(f"{a} + {b} = {a + b}\n" for a in range(20) for b in range(20)))
    run = ProblemRun(tmp_path, tiny_settings(model__position=position, data__file=str(file)))
    assert not np.array_equal(run.batch(1).coordinates, run.stream.batch(1).coordinates)


@pytest.mark.parametrize("position", SHIFTING, ids=str)
def test_a_shift_leaves_every_distance_and_every_vector_in_its_table(position):
    settings = check(ModelSettings, {"d_model": 8, "position": position, "context_length": 16})
    scheme = build(POSITIONS, settings.position, settings)
    offsets = scheme.offsets(type(scheme).Settings(**settings.position.settings), settings)
    batch = rows()
    made = shifted(batch, offsets, generator(2)).coordinates
    for axis, (most, top) in offsets.items():
        assert most == 0 or made[..., axis].max() == top or most < top
    vectors = [scheme.embed(torch.from_numpy(each)) for each in (batch.coordinates, made)]
    # Tokens that share a vector share one after the shift, and no others do.
    for row in range(6):
        alike = [torch.cdist(each[row], each[row]) < 1e-6 for each in vectors]
        assert torch.equal(*alike)


@pytest.mark.parametrize("name", [name for name in own_names(POSITIONS) if name not in ("abacus", "coupled")])
def test_other_schemes_shift_nothing_unless_they_are_told_to(name: str, tmp_path: Path, tiny_settings):
    run = ProblemRun(tmp_path, tiny_settings(model__position=name))
    assert np.array_equal(run.batch(1).coordinates, run.stream.batch(1).coordinates)


@pytest.mark.parametrize(
    "position",
    [
        {"name": "abacus", "places": 0},
        {"name": "abacus", "max_offset": -1},
        {"name": "coupled", "places": 0},
        {"name": "coupled", "max_offset": -1},
        {"name": "learned", "max_offset": -1},
        {"name": "places", "place_offset": -1},
        {"name": "places", "number_offset": -2},
    ],
    ids=str,
)
def test_offsets_and_places_below_their_least_are_refused(position):
    with pytest.raises(SettingsError, match="must be at least"):
        check(ModelSettings, {"position": position})


def test_an_offset_and_a_spread_exclude_each_other():
    with pytest.raises(SettingsError, match="exclude each other"):
        check(ModelSettings, {"position": {"name": "learned", "max_offset": 3, "spread": 100}})


def test_shifted_batches_of_an_ensemble_are_padded_without_an_offset():
    short = shifted(rows(1), {PLACE: (5, 30), NUMBER: (5, 30)}, generator(3))
    whole = joined([short, rows(2)])
    assert np.array_equal(whole.coordinates[:3, : short.ids.shape[1]], short.coordinates)
