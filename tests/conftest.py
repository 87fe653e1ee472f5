"""What several test files need: tiny settings, a tiny trained run, and the folder of real data."""

import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import settings as hypothesis_settings
from scipy.stats import chi2_contingency

from abacist.core.settings import check, override
from abacist.problems.operation import Operation
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings

# No deadline: no test may depend on a clock. No random seed: the same examples on every machine.
hypothesis_settings.register_profile("abacist", deadline=None, derandomize=True, database=None, max_examples=100)
hypothesis_settings.load_profile("abacist")

torch.set_num_threads(1)

TINY: dict[str, Any] = {
    "task": {
        "mixture": [
            {"operation": {"name": "addition", "left": [0, 19], "draw": "value"}},
            {"operation": {"name": "subtraction", "left": [0, 19], "draw": "value"}},
        ],
        "split": {"held_out": 0.2},
    },
    "text": {"format": "reversed", "tokenizer": "character"},
    "model": {
        "d_model": 16,
        "n_layers": 1,
        "n_heads": 2,
        "d_ff": 32,
        "position": "places",
        "context_length": 24,
    },
    "training": {
        "steps": 40,
        "batch_size": 16,
        "dtype": "float32",
        "threads": 1,
        "learning_rate": 1e-2,
        "schedule": {"name": "trapezoid", "warmup": 4, "decay": 0.5},
        "evaluate_every": 10,
        "evaluate_on": 20,
        "save_every": 10,
    },
    "grading": {"sets": [{"title": "held out", "count": 30}]},
}


@pytest.fixture(scope="session")
def tiny_values() -> dict[str, Any]:
    """Settings of a run of 40 steps, as plain values; copy them before changing any."""
    return TINY


@pytest.fixture
def tiny_settings() -> Callable[..., RunSettings]:
    """Settings of a run of 40 steps, with dotted paths set."""

    def make(**changes: Any) -> RunSettings:
        paths = [(path.replace("__", "."), value) for path, value in changes.items()]
        return check(RunSettings, override(TINY, paths))

    return make


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run trained long enough to end its answers, though not to get them all right."""
    changes = [("training.steps", 200), ("training.batch_size", 64), ("training.evaluate_every", 100)]
    run = Run.create(tmp_path_factory.mktemp("runs") / "tiny", check(RunSettings, override(TINY, changes)))
    run.train()
    return run.path


@pytest.fixture
def alike() -> Callable[..., bool]:
    """Tell whether two samples can have been drawn from one distribution (chi-square, seldom wrong)."""

    def compare(one: Iterable[Hashable], other: Iterable[Hashable]) -> bool:
        counts = Counter(one), Counter(other)
        totals = counts[0] + counts[1]
        common = [key for key in totals if totals[key] >= 10]
        rare = [sum(count[key] for key in totals if totals[key] < 10) for count in counts]
        table = [
            [*(count[key] for key in common), *([left] if any(rare) else [])]
            for count, left in zip(counts, rare, strict=True)
        ]
        return len(table[0]) < 2 or chi2_contingency(table).pvalue > 1e-4

    return compare


@pytest.fixture
def data_folder() -> Path:
    """The folder of real data that the environment names."""
    named = os.environ.get("ABACIST_DATA")
    if not named:
        pytest.skip("ABACIST_DATA is unset: name the folder that holds tinymath")
    return Path(named)


@pytest.fixture
def own_operation(tmp_path: Path) -> Iterator[Path]:
    """A user's own operation in a file of its own, forgotten again after the test."""
    known = dict(Operation.by_symbol)
    path = tmp_path / "gcd.py"
    # The path as a comment: a file of the same bytes would be taken for one that is loaded already.
    path.write_text(f"{OWN_OPERATION}# {path}\n", encoding="utf-8")
    yield path
    Operation.by_symbol.clear()
    Operation.by_symbol.update(known)


OWN_OPERATION = '''"""Greatest common divisor."""

import math
from dataclasses import dataclass

from abacist.problems.binary import BinaryOperation


@dataclass(frozen=True)
class GCD(BinaryOperation):
    """`a gcd b`."""

    symbol = "gcd"
    commutative = True

    @staticmethod
    def solve(*operands):
        return math.gcd(*map(int, operands))
'''
