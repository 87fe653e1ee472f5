"""The seam for schedules: how the learning rate moves over a run."""

from abc import ABC, abstractmethod


class Schedule(ABC):
    """A factor on the learning rate. A subclass is a frozen dataclass; its fields are its settings."""

    @property
    @abstractmethod
    def decision(self) -> float | None:
        """The share of a run after which its length matters; None if it matters from the first step.

        A run with a time budget learns how many steps it has at that moment, no earlier.
        """

    @abstractmethod
    def factor(self, step: int, steps: int | None) -> float:
        """Return the factor for a step (from 0) of a run of `steps`, or one whose length is not decided yet."""

    @abstractmethod
    def steps_from(self, decided_at: int) -> int:
        """Return the length of a run whose decision falls on step `decided_at`."""
