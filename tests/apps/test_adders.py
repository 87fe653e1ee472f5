"""The adders of docs/adders: files that need nothing of ours, and are right."""

import importlib.util
import random
from pathlib import Path

import pytest

ADDERS = sorted((Path(__file__).parents[2] / "docs" / "adders").glob("*.py"))
EDGES = [
    (0, 0),
    (0, 1),
    (9_999_999_999, 0),
    (9_999_999_999, 1),
    (9_999_999_999, 9_999_999_999),
    (1_111_111_111, 8_888_888_889),
]


@pytest.mark.parametrize("path", ADDERS, ids=lambda path: path.stem)
def test_an_adder_is_as_small_as_its_name_says_and_right(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model, about = module.build_model()
    assert about["params"] == module.count(model) == int(path.stem.rpartition("_")[2])
    rng = random.Random(7)
    pairs = EDGES + [(rng.randrange(10**10), rng.randrange(10**10)) for _ in range(100)]
    assert [module.add(model, *pair) for pair in pairs] == [sum(pair) for pair in pairs]


def test_there_are_some():
    assert ADDERS
