"""Tiny models learn what they should, to a known score on problems they never saw."""

from pathlib import Path

from abacist.recipe import settings_of
from abacist.runs.run import Run


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
