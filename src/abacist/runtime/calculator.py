"""The calculator: a question in, the model's answer out, held against the truth."""

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from abacist.core.errors import AbacistError, QuestionError
from abacist.problems.expression import parse
from abacist.problems.problem import same_number
from abacist.problems.question import Question, brief, read_question, text_of
from abacist.problems.task import Task
from abacist.runtime.decoder import NumpyDecoder
from abacist.text.codec import Codec
from abacist.text.confidence import Calibration
from abacist.text.format import Format, turned
from abacist.text.generated import Generated

SHIPPED = Path(__file__).parent / "shipped"
"""The model that comes with the package: a run folder without its training state."""


@dataclass(frozen=True)
class Reply:
    """What the calculator says to one question."""

    question: str
    answer: str | None = None
    """The model's answer; None if it gave none, or none that can be read."""
    truth: str | None = None
    """The exact answer where it can be computed."""
    correct: bool | None = None
    confidence: float | None = None
    """Where the run is calibrated the share of answers like this one that are right; else the product of the
    probabilities of every token that had to be what it is."""
    sure: bool | None = None
    """Whether the confidence reaches what the run's calibration asks for; None where
    that is not known."""
    doubt: str | None = None
    """What to think of an answer that is not sure, in one line."""
    seconds: float = 0.0
    tokens: list[tuple[str, float]] = field(default_factory=list)
    """What the model wrote, in the order it wrote it, each with its probability; the end is `<end>`."""
    digits: list[tuple[str, float]] = field(default_factory=list)
    """The answer alone, in reading order, each sign with its probability."""
    steps: list[str] = field(default_factory=list)
    """The work that the model wrote, arranged as on paper, if it was wanted; none if it answers without."""
    trained: str | None = None
    """Where the question stands: shown in training, held out of it, or outside of its range."""
    error: str | None = None
    """Why there is no answer, in one line."""

    def as_json(self) -> dict[str, Any]:
        """Return the reply as JSON values."""
        return asdict(self)


class Decoder(Protocol):
    """What the calculator needs of a model, whatever runs it."""

    @property
    def codec(self) -> Codec:
        """Format and tokenizer."""

    @property
    def task(self) -> Task:
        """What it was trained on."""

    @property
    def context_length(self) -> int:
        """Most tokens in a row."""

    def answer(self, prompt: list[int]) -> Generated:
        """Write after a prompt."""

    def inside(self, prompt: list[int]) -> list[str]:
        """Return as lines what is worked out inside the model; none where nothing is."""


class Calculator:
    """Answers questions with a trained model, that of the package unless another is given with its calibration."""

    def __init__(self, decoder: Decoder | None = None, calibration: Calibration | None = None):
        self.calibration = Calibration.read(SHIPPED) if decoder is None else calibration
        self.decoder = decoder or NumpyDecoder(SHIPPED)
        # Reading a question needs the symbols of the task's own operations.
        self.task = self.decoder.task

    def reply(self, text: str, steps: bool = False) -> Reply:
        """Answer whatever was typed, with the steps if they are wanted; never raises for it."""
        began = time.perf_counter()
        shown = " ".join(text.split())
        try:
            question = read_question(text)
            parse(question)
            truth = self._truth(question)
            generated = self._ask(question)
        except AbacistError as error:
            return Reply(shown, error=str(error), seconds=time.perf_counter() - began)
        codec = self.decoder.codec
        answer = codec.answer(generated.ids, question)
        tokens = [codec.tokenizer.vocabulary[index] for index in generated.ids]
        seconds = time.perf_counter() - began
        rule, chances = self.calibration, codec.chances(generated)
        confidence = chances.product if rule is None else rule(chances)
        return Reply(
            question=text_of(question),
            answer=answer,
            truth=truth,
            correct=None if truth is None else same_number(answer, truth),
            confidence=confidence,
            sure=None if rule is None else rule.sure(confidence),
            doubt=None if rule is None else rule.doubt(confidence),
            seconds=seconds,
            tokens=list(zip(tokens, generated.probabilities, strict=True)),
            digits=_in_reading_order(codec.format, tokens, generated.probabilities, answer),
            steps=self._steps(question, generated) if steps else [],
            trained=self._standing(question),
            error=None if answer is not None else f"the model wrote {brief(''.join(tokens))!r}, which is no number",
        )

    def _ask(self, question: Question) -> Generated:
        """Let the model answer from the prompt alone. Raises: QuestionError if the prompt is too long for it."""
        prompt = self.decoder.codec.prompt(question)
        if len(prompt) >= self.decoder.context_length:
            raise QuestionError(
                f"the question takes {len(prompt)} tokens; this model reads at most {self.decoder.context_length - 1}"
            )
        return self.decoder.answer(prompt)

    def _steps(self, question: Question, generated: Generated) -> list[str]:
        """Return the work that was written, or else what was worked out inside the model."""
        codec = self.decoder.codec
        written = codec.format.on_paper(codec.tokenizer.decode(generated.ids), question)
        return written or self.decoder.inside(codec.prompt(question))

    def _truth(self, question: Question) -> str | None:
        """Return the exact answer, or None where it is beyond checking. Raises: QuestionError if there is none."""
        try:
            return self.task.problem(question).answer()
        except QuestionError:
            raise
        except (ArithmeticError, ValueError):  # numbers too long for Python to write out, or beyond binary64
            return None

    def _standing(self, question: Question) -> str:
        side = self.task.side(question)
        if side == "extrapolate" or not self.task.covers(question):
            return "outside"
        return "shown" if side == "train" else "held_out"


def _is_turned(written: str, answer: str) -> bool:
    """Tell whether an answer was written from its last digit; zeros that pad it are not looked at."""
    in_order = written.lstrip("-").lstrip("0") == answer.lstrip("-").lstrip("0")
    return not in_order and turned(written).lstrip("-").lstrip("0") == answer.lstrip("-").lstrip("0")


def _in_reading_order(
    format: Format, tokens: list[str], chances: list[float], answer: str | None
) -> list[tuple[str, float]]:
    """Return the answer's signs with their probabilities, first digit first, without the end token."""
    if answer is None:
        return []
    signs = format.answer_signs(tokens)
    if signs is not None:
        return [(sign, chances[place]) for sign, place in signs]
    pairs = [pair for pair in zip(tokens, chances, strict=True) if len(pair[0]) == 1]
    written = "".join(token for token, _ in pairs)
    if not _is_turned(written, answer):
        return pairs
    sign = 1 if written.startswith("-") else 0
    return pairs[:sign] + pairs[sign:][::-1]
