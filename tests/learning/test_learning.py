"""Tiny models learn what they should, to a known score on problems they never saw."""

from pathlib import Path

from abacist.evaluation.course import rounds_of
from abacist.recipe import settings_of
from abacist.runs.run import Run
from abacist.training.loop import read_metrics


def test_the_demo_learns_to_add_numbers_of_two_digits(tmp_path: Path):
    changes = [
        ("digits", 2),
        ("model.d_model", 32),
        ("model.d_ff", 128),
        ("training.steps", 250),
        ("training.batch_size", 128),
        ("training.optimizer", "muon"),
        ("training.learning_rate", 2e-2),
        ("training.evaluate_every", 100),
        ("training.dtype", "float32"),
    ]
    run = Run.create(tmp_path / "run", settings_of("demo", changes))
    outcome = run.train()
    assert outcome.step == 250
    held_out = run.grade()[0][0]
    assert held_out.certificate.clean
    assert held_out.score.count > 300
    assert held_out.score.accuracy >= 0.95


def test_own_answers_lead_to_longer_sums_than_any_it_was_told(tmp_path: Path):
    changes = [
        ("digits", 2),
        ("rounds", 2),
        ("target", 4),
        ("model.d_model", 32),
        ("model.n_layers", 1),
        ("training.steps", 300),
        ("training.batch_size", 64),
        ("training.dtype", "float32"),
        ("training.threads", 1),
        ("data.rounds.steps", 100),
        ("data.rounds.ask", 1000),
    ]
    run = Run.create(tmp_path / "run", settings_of("self_improvement", changes))
    run.train()
    before, *_, after = rounds_of(read_metrics(run.path))
    assert before.by_size[4].accuracy < 0.5
    assert after.by_size[4].accuracy > before.by_size[4].accuracy + 0.2
