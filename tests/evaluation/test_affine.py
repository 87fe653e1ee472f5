"""Affine arithmetic: whatever the deltas are, what is computed lies within its bounds."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor, from_numpy
from torch.nn import functional as F

from abacist.evaluation.affine import GELU, SILU, SQUARED_RELU, Affine, Curve, Floats, gelu, inverse_root

SMALL = st.floats(-4, 4, allow_subnormal=False)


def around(n: int = 3, deltas: int = 2) -> st.SearchStrategy[Affine]:
    """Numbers that depend on deltas, and a little on something else."""
    shapes = ((1, n), SMALL), ((1, n, deltas), SMALL), ((1, n), st.floats(0, 0.5)), ((1, deltas), st.floats(0, 1))
    return st.tuples(*(arrays(np.float64, shape, elements=each) for shape, each in shapes)).map(lambda x: Affine(*x))


def points(x: Affine, seed: int, deltas: Floats | None = None) -> tuple[Floats, Floats]:
    """Draw deltas, corners among them, and numbers that are allowed for these."""
    rng = np.random.default_rng(seed)
    if deltas is None:
        deltas = x.reach * rng.uniform(-1, 1, (64, x.reach.shape[1])).round(rng.integers(0, 3))
    off = x.error * rng.uniform(-1, 1, (64, x.error.shape[1]))
    return deltas, x.centre + deltas @ x.slope[0].T + off


def holds(made: Affine, deltas: Floats, values: Floats) -> None:
    middle = made.centre + deltas @ made.slope[0].T
    assert (np.abs(values - middle) <= made.error * (1 + 1e-9) + 1e-12).all()


@given(around(), st.integers(0, 9))
def test_maps_and_mean_squares(x: Affine, seed: int):
    deltas, values = points(x, seed)
    matrix = np.random.default_rng(seed).normal(size=(4, 3))
    holds(x.mapped(matrix).moved(np.ones(4)), deltas, values @ matrix.T + 1)
    holds(x.mean_square(), deltas, (values**2).mean(1, keepdims=True))


@given(around(), around(), st.integers(0, 9))
def test_sums_and_products(x: Affine, other: Affine, seed: int):
    y = Affine(other.centre, other.slope, other.error, x.reach)
    deltas, values = points(x, seed)
    _, others = points(y, seed + 1, deltas)
    holds(x.plus(y), deltas, values + others)
    holds(x.times(y), deltas, values * others)


CURVES: dict[str, tuple[Curve, Callable[[Tensor], Tensor]]] = {
    "silu": (SILU, F.silu),
    "gelu": (GELU, lambda x: F.gelu(x, approximate="tanh")),
    "squared_relu": (SQUARED_RELU, lambda x: F.relu(x) ** 2),
}


@pytest.mark.parametrize("name", CURVES)
@given(x=around(), seed=st.integers(0, 9))
def test_curves(name: str, x: Affine, seed: int):
    curve, function = CURVES[name]
    deltas, values = points(x, seed)
    made = gelu(x) if name == "gelu" else x.applied(curve)
    holds(made, deltas, function(from_numpy(values)).numpy())
    # What float32 makes of the same numbers, rounded to float32 first, is a matter of rounding more.
    exact = values.astype(np.float32).astype(np.float64)
    off = np.abs(function(from_numpy(exact.astype(np.float32))).double().numpy() - function(from_numpy(exact)).numpy())
    assert (off <= made.error + 1e-12).all()


@given(around(), st.integers(0, 9))
def test_inverse_roots(x: Affine, seed: int):
    square = x.mean_square()
    deltas, values = points(x, seed)
    nearest = np.maximum(np.abs(x.centre) - x.radius, 0)
    made = square.applied(inverse_root(1e-2), low=(nearest**2).mean(1, keepdims=True))
    holds(made, deltas, ((values**2).mean(1, keepdims=True) + 1e-2) ** -0.5)


@pytest.mark.parametrize("name", CURVES)
def test_what_is_said_of_curves_is_so_everywhere(name: str):
    curve, _ = CURVES[name]
    x = np.linspace(-12, 12, 240_001)
    np.testing.assert_allclose(np.gradient(curve.value(x), x)[1:-1], curve.rise(x)[1:-1], atol=1e-3)
    bends = np.gradient(curve.rise(x), x)
    for low, high in ((-12, 12), (-1, 1), (0.5, 3), (2.2, 2.6), (-6, -1.6), (3, 12), (-9, -5.1), (6, 12)):
        here = (x >= low) & (x <= high)
        least, most = (np.max(each) for each in curve.bend(np.array([low * 1.0]), np.array([high * 1.0])))
        assert least - 1e-4 <= bends[here][1:-1].min()
        assert bends[here][1:-1].max() <= most + 1e-4
        bottom, top = curve.span(np.array([low * 1.0]), np.array([high * 1.0]))
        assert bottom <= curve.value(x)[here].min()
        assert curve.value(x)[here].max() <= top
