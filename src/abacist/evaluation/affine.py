"""Affine arithmetic: what lies around a point, to first order, with everything else in a bound on the error."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

UNIT = 1.01 * 2.0**-24
"""Relative error of one float32 operation; the hundredth above it is far more than float64 itself loses here."""

ULPS = 4
"""Units in the last place by which exp, tanh and the inverse root may be wrong."""


def gamma(operations: int) -> float:
    """Return the relative error of a float32 sum or product of so many operations, in any order.

    Source: Higham 2002, Accuracy and Stability of Numerical Algorithms, section 3.1.
    """
    return operations * UNIT / (1 - operations * UNIT)


@dataclass(frozen=True)
class Affine:
    """Rows of numbers that depend on deltas: centre + slope delta, wrong by `error` at most.

    Every operation keeps what it promises for exact arithmetic and for float32 alike: errors hold the terms of second
    order and what rounding can add, by magnitudes and the number of operations.

    Source: de Figueiredo and Stolfi 2004, Numerical Algorithms 37; errors of an operation are kept in one number, not
    as further deltas.
    Shapes: centre and error (rows, n); slope (rows, n, deltas); reach (rows, deltas): no delta is larger than that.
    """

    centre: Floats
    slope: Floats
    error: Floats
    reach: Floats

    @cached_property
    def radius(self) -> Floats:
        """How far the numbers lie from their centres at most, (rows, n)."""
        radius: Floats = (np.abs(self.slope) @ self.reach[..., None])[..., 0] + self.error
        return radius

    @property
    def magnitude(self) -> Floats:
        """The largest absolute values, (rows, n)."""
        return np.abs(self.centre) + self.radius

    def rounded(self, operations: int) -> "Affine":
        """Let so many roundings to float32 happen to each number."""
        return replace(self, error=self.error + gamma(operations) * self.magnitude)

    def mapped(self, matrix: Floats, operations: int | None = None) -> "Affine":
        """Return `x W^T` for a matrix (outputs, n), or one for each row, (rows, outputs, n).

        Rounding is that of a product in float32, or of so many operations on each of its terms.
        """
        size, most = np.abs(matrix), gamma(matrix.shape[-1] if operations is None else operations)
        centre = (matrix @ self.centre[..., None])[..., 0]
        error = (size @ (self.error + most * self.magnitude)[..., None])[..., 0]
        return Affine(centre, matrix @ self.slope, error, self.reach)

    def moved(self, by: Floats) -> "Affine":
        """Return the sum with what is known, (n,)."""
        return replace(self, centre=self.centre + by).rounded(1)

    def cut(self, part: slice) -> "Affine":
        """Return some of the numbers of each row."""
        return Affine(self.centre[:, part], self.slope[:, part], self.error[:, part], self.reach)

    def plus(self, other: "Affine") -> "Affine":
        """Return the sum of two with the same deltas."""
        summed = Affine(self.centre + other.centre, self.slope + other.slope, self.error + other.error, self.reach)
        return summed.rounded(1)

    def times(self, other: "Affine") -> "Affine":
        """Return the product of two with the same deltas; one of them may have a single number a row."""
        error = np.abs(self.centre) * other.error + np.abs(other.centre) * self.error + self.radius * other.radius
        slope = self.centre[..., None] * other.slope + other.centre[..., None] * self.slope
        return Affine(self.centre * other.centre, slope, error, self.reach).rounded(1)

    def mean_square(self) -> "Affine":
        """Return the mean of the squares, (rows, 1); what the deltas add to it is never negative."""
        second = (self.radius**2).mean(-1, keepdims=True) / 2
        centre = (self.centre**2).mean(-1, keepdims=True) + second
        slope = 2 * (self.centre[..., None] * self.slope).mean(1, keepdims=True)
        error = second + 2 * (np.abs(self.centre) * self.error).mean(-1, keepdims=True)
        error += gamma(self.centre.shape[-1] + 2) * (self.magnitude**2).mean(-1, keepdims=True)
        return Affine(centre, slope, error, self.reach)

    def applied(self, curve: "Curve", low: Floats | None = None) -> "Affine":
        """Return a function of each number: its tangent, or its span where the tangent is wrong by more than that.

        `low` is a bound from below where a better one than centre - radius is known.
        """
        least, most = self.centre - self.radius, self.centre + self.radius
        if low is not None:
            least = np.minimum(np.maximum(least, low), self.centre)
        value, rise = curve.value(self.centre), curve.rise(self.centre)
        hollow, round_ = curve.bend(least, most)
        below, above = np.minimum(hollow, 0) * self.radius**2 / 2, np.maximum(round_, 0) * self.radius**2 / 2
        value, error = value + (above + below) / 2, np.abs(rise) * self.error + (above - below) / 2
        bottom, top = curve.span(least, most)
        flat = (top - bottom) / 2 < error
        made = Affine(
            np.where(flat, (top + bottom) / 2, value),
            np.where(flat, 0, rise)[..., None] * self.slope,
            np.where(flat, (top - bottom) / 2, error),
            self.reach,
        )
        return made.rounded(curve.operations)


@dataclass(frozen=True)
class Curve:
    """A function of one number, and what is known of it: all that a tangent with a bound on its error asks for."""

    value: Callable[[Floats], Floats]
    rise: Callable[[Floats], Floats]
    """Its derivative."""
    bend: Callable[[Floats, Floats], tuple[Floats | float, Floats | float]]
    """The least and the largest value of its second derivative between two bounds, or further ones."""
    span: Callable[[Floats, Floats], tuple[Floats, Floats]]
    """Its least and its largest value between two bounds, or further ones."""
    operations: int
    """Roundings in computing it, relative to its value."""


def inverse_root(epsilon: float) -> Curve:
    """Return `(x + epsilon)^(-1/2)` for x from 0 on."""

    def power(x: Floats, exponent: float) -> Floats:
        result: Floats = (np.maximum(x, 0) + epsilon) ** exponent
        return result

    return Curve(
        lambda x: power(x, -0.5),
        lambda x: -0.5 * power(x, -1.5),
        lambda low, _: (0.0, 0.75 * power(low, -2.5)),
        lambda low, high: (power(high, -0.5), power(low, -0.5)),
        2 * ULPS + 2,
    )


SQUARED_RELU = Curve(
    lambda x: np.maximum(x, 0) ** 2,
    lambda x: 2 * np.maximum(x, 0),
    lambda low, high: (np.where(low >= 0, 2.0, 0.0), np.where(high > 0, 2.0, 0.0)),
    lambda low, high: (np.maximum(low, 0) ** 2, np.maximum(high, 0) ** 2),
    1,
)


def sigmoid(x: Floats) -> Floats:
    """Return the logistic function."""
    result: Floats = 1 / (1 + np.exp(-np.maximum(x, -700)))
    return result


def _silu_bend(x: Floats) -> Floats:
    share = sigmoid(x)
    bend: Floats = share * (1 - share) * (2 + x * (1 - 2 * share))
    return bend


def _silu_bends(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The second derivative falls from 1/2 at 0 to -0.037 at 3.44, and its size is below e^-|x| (2 + |x|)."""
    nearest = np.clip(0, low, high)
    far = np.abs(nearest)
    small = np.minimum(0.04, np.exp(-far) * (2 + far))
    return -small, np.maximum(np.where(far < 2.4, _silu_bend(nearest), 0), small)


def _dipping(value: Callable[[Floats], Floats], place: float, least: float) -> Callable[..., tuple[Floats, Floats]]:
    """Return the span of a function that falls up to a place, to no less than `least`, and rises after it."""

    def span(low: Floats, high: Floats) -> tuple[Floats, Floats]:
        at_low, at_high = value(low), value(high)
        dips = (low < place + 0.01) & (high > place - 0.01)
        return np.where(dips, least, np.minimum(at_low, at_high)), np.maximum(at_low, at_high)

    return span


def _silu(x: Floats) -> Floats:
    return x * sigmoid(x)


def _silu_rise(x: Floats) -> Floats:
    share = sigmoid(x)
    return share * (1 + x * (1 - share))


# Rounding: the exponential's argument is exact, so that of x / (1 + e^-x) is the exponential's own and three more.
SILU = Curve(_silu, _silu_rise, _silu_bends, _dipping(_silu, -1.27846, -0.278465), 2 * ULPS + 3)

_ROOT, _CUBE = np.sqrt(2 / np.pi), 0.044715


def _gelu(x: Floats) -> Floats:
    return 0.5 * x * (1 + np.tanh(_ROOT * (x + _CUBE * x**3)))


def _gelu_rise(x: Floats) -> Floats:
    turn = np.tanh(_ROOT * (x + _CUBE * x**3))
    rise: Floats = 0.5 * (1 + turn) + 0.5 * x * (1 - turn**2) * _ROOT * (1 + 3 * _CUBE * x**2)
    return rise


def _gelu_bends(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Of the second derivative: at most 0.81, never below -0.12; in size 0.12 at most from 1.5 on, 0.0001 from 5 on."""
    far = np.abs(np.clip(0, low, high))
    small = np.where(far < 5, 0.12, 1e-4)
    return -small, np.where(far < 1.5, 0.81, small)


GELU = Curve(_gelu, _gelu_rise, _gelu_bends, _dipping(_gelu, -0.75247, -0.170046), 0)
"""The tanh form. Left of 0 the factor 1 + tanh loses digits: its rounding is a share of |x|, see `gelu`."""


def gelu(x: Affine) -> Affine:
    """Return the tanh form of GELU."""
    made = x.applied(GELU)
    # The argument's relative error of a few units moves tanh by no more than as many, so that of 1 + tanh is absolute.
    return replace(made, error=made.error + gamma(4 * ULPS + 12) * x.magnitude)
