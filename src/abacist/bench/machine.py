"""The machine that figures come from."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from abacist.bench.measure import cores
from abacist.training.probe import fit_dtypes
from abacist.training.settings import Dtype


def describe() -> dict[str, Any]:
    """Return the processor, its cores and the threads used, the device, and the versions, as JSON values."""
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "threads": torch.get_num_threads(),
        "device": device_name(),
        "dtypes": list(dtypes()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "abacist": _version(),
    }


def told() -> str:
    """Say in a line what figures were taken with."""
    found = describe()
    versions = f"Python {found['python']}, PyTorch {found['torch']}, abacist {found['abacist']}"
    return f"{found['cpu']}, {found['cores']} cores; {versions}. Seconds are those of training alone.\n"


def device() -> torch.device:
    """Return where models are trained on this machine."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name() -> str:
    """Return the GPU's name, or `cpu`."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def dtypes() -> tuple[Dtype, ...]:
    """Return the precisions that the device multiplies by itself."""
    return ("float32", "bfloat16") if "bfloat16" in fit_dtypes() else ("float32",)


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads for a while."""
    before = torch.get_num_threads()
    if before != count:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if before != count:
            torch.set_num_threads(before)


def _cpu() -> str:
    """Return the processor's name: Python's own `platform.processor` is empty on most Linuxes."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version() -> str:
    try:
        return version("abacist")
    except PackageNotFoundError:
        return "not installed"
