"""Arrays of few bits a number: quantized, packed without a gap, described, and unpacked again; numpy alone.

Every runtime reads weights through `unpacked`, so that all of them calculate with the same numbers.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import DataError, SettingsError

Array = NDArray[Any]
Floats = NDArray[np.float64]

DESCRIPTION = "packed"
"""The key of a file's metadata that says which of its arrays are packed, and how."""
CODES, SCALES = ".codes", ".scales"
"""What the arrays that stand for a packed one are called, after its name."""
CLIPS = tuple(1 - 0.05 * step for step in range(13))
"""Shares of a group's largest magnitude that the largest code may stand for, of which the best is taken."""
SCALE_BITS = 16
LARGEST_SCALE = 0x7F7F  # the largest finite one of 16 bits


@dataclass(frozen=True)
class Packing:
    """How finely numbers are kept."""

    bits: int = 8
    """Bits of a code: 2 to 8."""
    group: int = 64
    """Neighbours along the last axis that share one scale of 16 bits; shorter rows are one group."""

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 8:
            raise SettingsError(f"bits must be from 2 to 8, got {self.bits}")
        if self.group < 1:
            raise SettingsError(f"group must be at least 1, got {self.group}")


@dataclass(frozen=True)
class Packed:
    """An array of whole codes, each to be multiplied with the scale of its group."""

    shape: tuple[int, ...]
    packing: Packing
    codes: NDArray[np.uint8]
    """A stream of bits: `packing.bits` for each number, rows one after another, the highest bit first."""
    scales: NDArray[np.uint16]
    """The upper halves of float32 (bfloat16). Shape: (rows, groups of a row)."""

    @property
    def bits(self) -> int:
        """Bits of all codes and scales, without what fills up the last byte."""
        return int(np.prod(self.shape)) * self.packing.bits + self.scales.size * SCALE_BITS


def pack(array: Array, packing: Packing) -> Packed:
    """Quantize an array symmetrically: a number becomes scale times a code from -(2^(bits-1) - 1) to its opposite.

    The scale of each group is the one of least squared error among those by which the largest code stands for the
    group's largest magnitude or for one of a few shares of it (`CLIPS`): with few bits, cutting off the largest
    numbers is worth the finer steps for all others. Zero stays zero.
    Shapes: (..., columns), at least one axis; finite numbers.
    """
    numbers, largest = _grouped(array.astype(np.float64), packing.group), _largest(packing.bits)
    top = np.abs(numbers).max(-1, initial=0.0)
    best_scales = _sixteen(top / largest)
    best = _error(numbers, best_scales, largest)
    for clip in CLIPS[1:]:
        scales = _sixteen(clip * top / largest)
        error = _error(numbers, scales, largest)
        better = error < best
        best, best_scales = np.where(better, error, best), np.where(better, scales, best_scales)
    codes = _flat(_codes(numbers, best_scales, largest), array.shape)
    # Codes are shifted to be at least 0; of the eight bits of a byte the last ones are kept.
    shifted = (codes.reshape(-1, 1) + largest).astype(np.uint8)
    stream = np.packbits(np.unpackbits(shifted, axis=1)[:, 8 - packing.bits :])
    return Packed(tuple(array.shape), packing, stream, best_scales)


def unpack(packed: Packed) -> NDArray[np.float32]:
    """Return the array that codes and scales stand for. Raises: DataError if they do not fit shape and bits."""
    shape, bits, group = packed.shape, packed.packing.bits, packed.packing.group
    count, columns = int(np.prod(shape)), shape[-1]
    rows = count // columns if columns else 0
    if packed.codes.size != -(-count * bits // 8) or packed.scales.shape != (rows, -(-columns // group)):
        raise DataError(f"packed numbers do not fit their shape {list(shape)} with {bits} bits in groups of {group}")
    stream = np.unpackbits(packed.codes.reshape(-1), count=count * bits).reshape(count, bits)
    whole = np.packbits(np.pad(stream, ((0, 0), (8 - bits, 0))), axis=1)
    codes = _grouped(whole.reshape(shape).astype(np.float64) - _largest(bits), group)
    numbers: NDArray[np.float32] = _flat(codes * _floats(packed.scales)[..., None], shape).astype(np.float32)
    return numbers


def packed(
    arrays: Mapping[str, Array], names: Collection[str], packing: Packing
) -> tuple[dict[str, Array], dict[str, str]]:
    """Return arrays to store, with those of the given names packed, and the metadata that says so."""
    stored: dict[str, Array] = {}
    described = {}
    for name, array in arrays.items():
        if name in names:
            made = pack(array, packing)
            stored |= {name + CODES: made.codes, name + SCALES: made.scales}
            described[name] = {"shape": list(made.shape), **asdict(packing)}
        else:
            stored[name] = array
    return stored, {DESCRIPTION: json.dumps(described)}


def unpacked(stored: Mapping[str, Array], metadata: Mapping[str, str] | None) -> dict[str, Array]:
    """Return the arrays of a file; where its metadata describe no packed ones, as they are.

    Raises: DataError if the description is broken or does not fit.
    """
    arrays = dict(stored)
    for name, made in described(stored, metadata).items():
        del arrays[name + CODES], arrays[name + SCALES]
        arrays[name] = unpack(made)
    return arrays


def described(stored: Mapping[str, Array], metadata: Mapping[str, str] | None) -> dict[str, Packed]:
    """Return the packed arrays of a file by name, still packed. Raises: DataError if their description is broken."""
    found = {}
    try:
        for name, told in json.loads((metadata or {}).get(DESCRIPTION, "{}")).items():
            shape, packing = tuple(map(int, told["shape"])), Packing(told["bits"], told["group"])
            if not shape or min(shape) < 0:
                raise ValueError(f"shape {list(shape)}")
            found[name] = Packed(shape, packing, stored[name + CODES], stored[name + SCALES])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"what it says of packed numbers is broken: {error!r}") from None
    return found


def _largest(bits: int) -> int:
    return int(2 ** (bits - 1) - 1)


def _grouped(array: Array, group: int) -> Floats:
    """Return (rows, groups, numbers of a group), the last group of a row filled up with zeros."""
    columns = array.shape[-1]
    width = min(group, columns) or 1
    rows = array.reshape(-1, columns) if columns else array.reshape(0, 0)
    filled = np.pad(rows, ((0, 0), (0, -columns % width)))
    return filled.reshape(len(rows), -(-columns // group), width)


def _flat(groups: Array, shape: tuple[int, ...]) -> Array:
    """Return what `_grouped` made groups of."""
    rows = groups.reshape(len(groups), groups.shape[1] * groups.shape[2])
    return rows[:, : shape[-1]].reshape(shape)


def _codes(numbers: Floats, scales: NDArray[np.uint16], largest: int) -> Floats:
    steps = _floats(scales)[..., None]
    # A group of zeros has the scale zero.
    exact = np.divide(numbers, steps, out=np.zeros_like(numbers), where=steps > 0)
    return np.clip(np.rint(exact), -largest, largest)


def _error(numbers: Floats, scales: NDArray[np.uint16], largest: int) -> Floats:
    """Return the squared error of each group."""
    back = _codes(numbers, scales, largest) * _floats(scales)[..., None]
    error: Floats = np.square(numbers - back).sum(-1)
    return error


def _sixteen(scales: Floats) -> NDArray[np.uint16]:
    """Return scales as the upper halves of float32, rounded up, so that the largest code reaches the largest number."""
    whole = scales.astype(np.float32).view(np.uint32)
    return np.minimum((whole + np.uint32(0xFFFF)) >> np.uint32(16), LARGEST_SCALE).astype(np.uint16)


def _floats(scales: NDArray[np.uint16]) -> Floats:
    return (scales.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
