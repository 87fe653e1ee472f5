"""A run's model with torch, for the calculator: slower to start, and it runs every part."""

from pathlib import Path

from abacist.runs.problems import ProblemRun
from abacist.text.generated import Generated


class TorchDecoder:
    """Answers one prompt at a time with a run's best weights."""

    def __init__(self, path: Path):
        run = ProblemRun.open(path)
        self.task, self.codec = run.task, run.codec
        self.context_length = run.settings.model.context_length
        self.kind = run.trained()

    def answer(self, prompt: list[int]) -> Generated:
        """Write after a prompt."""
        return self.kind.answer([prompt])[0]

    def inside(self, prompt: list[int]) -> list[str]:
        """Return as lines what is worked out inside the model."""
        return self.kind.inside(prompt)
