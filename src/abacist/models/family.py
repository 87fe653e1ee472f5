"""The seam for families of models that others publish: how they call a shape and its weights."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from abacist.core.errors import DataError
from abacist.models.settings import ModelSettings

FAMILIES = "models.families"


class Family(ABC):
    """One architecture of the `transformers` library, called by its `model_type`; both directions side by side."""

    architecture: ClassVar[str]
    """The library's class."""

    computed: ClassVar[dict[str, tuple[Any, ...]]]
    """Keys of its config that change what is computed, with the values that we compute alike; first the default."""

    parts: ClassVar[dict[str, str]]
    """The parts of ours that it is made of, by the setting that chooses them."""

    prefix: ClassVar[str]
    """What the names of all its tensors but the head's begin with."""

    without_weights: ClassVar[str]
    """A regular expression for tensors in published files that hold no weights."""

    transposed: ClassVar[bool] = False
    """Whether matrices inside blocks are kept as (inputs, outputs)."""

    @abstractmethod
    def settings(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return model settings as plain values.

        Raises: KeyError for a key that the config lacks, DataError for a value that we do not compute alike.
        """

    @abstractmethod
    def config(self, settings: ModelSettings) -> dict[str, Any]:
        """Return the config of a shape that nothing hinders."""

    @abstractmethod
    def names(self, settings: ModelSettings) -> dict[str, tuple[str, ...]]:
        """Return for each tensor of ours those of theirs whose rows, one below the other, it holds."""

    def hindrances(self, settings: ModelSettings) -> Iterator[str]:
        """Yield every setting that this family has no form of, each as a sentence's end."""
        for setting, name in self.parts.items():
            own = getattr(settings, setting).name
            if own != name:
                yield f"model.{setting} is {own} and would have to be {name}"
        if settings.position.settings.get("spread") is not None:
            yield "model.position.spread would have to be null"
        if settings.loops != 1:
            yield f"model.loops is {settings.loops} and would have to be 1"


def not_alike(key: str, value: object, *alike: object) -> DataError:
    """Return the mistake of a config's value that we do not compute as the library does."""
    return DataError(f"{key} {value!r} is not computed here; known: {', '.join(map(repr, alike))}")
