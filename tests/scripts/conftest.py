"""Scripts as modules: they lie outside the package."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(scope="module")
def loaded() -> Callable[[str], AbstractContextManager[ModuleType]]:
    """Load a script by name, for as long as it is used."""

    @contextmanager
    def load(name: str) -> Iterator[ModuleType]:
        spec = importlib.util.spec_from_file_location(f"{name}_script", SCRIPTS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        yield module
        del sys.modules[spec.name]

    return load
