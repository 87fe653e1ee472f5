"""Every measure runs, at toy sizes and with commands that are not really run; figures are not looked at."""

import pytest

from abacist.bench.measure import FOLDER, Bench, Measure
from abacist.core.catalogue import build, own_names

TOYS = {
    "products": {"sizes": (8, 16), "rounds": 2, "least": 0.0},
    "training": {"widths": (32,), "layers": 1, "short_rows": 4, "long_rows": 1, "long_length": 16}
    | {"sizes": (8,), "rounds": 2, "least": 0.0},
}


def toy(name: str, **changes: object) -> Measure:
    return build(FOLDER, {"name": name, **TOYS[name], **changes})


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_every_measure_runs_and_yields_figures(name):
    rows = list(toy(name).rows(Bench(quick=True)))
    assert rows
    assert all(row.value is None or row.value > 0 for row in rows)
    assert all(row.value is not None or row.note for row in rows)
    assert len({(row.what, row.against) for row in rows}) == len(rows)


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_every_measure_has_a_quick_form_and_a_definition(name):
    measure = build(FOLDER, name)
    assert type(measure.quick()) is type(measure)
    assert measure.quick() != measure
    assert measure.__doc__
