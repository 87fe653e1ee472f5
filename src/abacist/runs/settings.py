"""The settings of a run: everything that decides what comes out of it."""

from dataclasses import dataclass, field
from typing import Annotated

from abacist import kind as kinds
from abacist.core.catalogue import Part, PartOf
from abacist.core.errors import SettingsError
from abacist.data.curriculum import CURRICULA
from abacist.data.rounds import Rounds
from abacist.data.texts import CorpusSettings
from abacist.evaluation.settings import GradeSettings
from abacist.models.lora import LoRASettings
from abacist.models.settings import ModelSettings
from abacist.problems.task import TaskSettings
from abacist.text.codec import TextSettings
from abacist.training.settings import TrainingSettings


@dataclass(frozen=True)
class DataSettings:
    """Where training problems come from: the task, made on the fly, unless a file is named."""

    file: str | None = None
    """Text lines, CSV or Parquet to train on instead; the split's held-out problems are left out of it."""
    targets: list[str] = field(default_factory=list)
    """Further targets in each batch: operands, carries, running_sums."""
    pack: int | None = None
    """Tokens of a training row that several problems share; longer problems are left away. None: a row each."""
    curriculum: Annotated[Part, PartOf(CURRICULA)] = Part("fixed")
    """How the shares of the mixture's entries follow what is known: fixed, by_accuracy, staged, or your own."""
    rounds: Rounds | None = None
    """Only the first stage of the mixture is taught with true answers; the model labels each later one itself."""


@dataclass(frozen=True)
class StartSettings:
    """Weights to begin with, instead of random ones. Kind, shape and tokenizer are then theirs."""

    weights: str
    """A run folder; or a folder with `config.json`, `model.safetensors` and `tokenizer.json` as transformers has it."""
    lora: LoRASettings | None = None
    """Learn low-rank adapters alone, and leave the weights as they are, but for embedding and head where the alphabet
    grows; null to learn all of them."""


@dataclass(frozen=True)
class RunSettings:
    """One run, whole: the same settings on the same machine give the same weights."""

    training: TrainingSettings
    task: TaskSettings | None = None
    """What is asked, in a run of problems."""
    corpus: CorpusSettings | None = None
    """What is read, in a run of text."""
    start: StartSettings | None = None
    recipe: str = "own"
    """The recipe these settings came from; a label."""
    seed: int = 1
    text: TextSettings = field(default_factory=TextSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    kind: Annotated[Part, PartOf(kinds.FOLDER)] = Part("decoder")
    data: DataSettings = field(default_factory=DataSettings)
    grading: GradeSettings = field(default_factory=GradeSettings)
    questions: list[str] = field(default_factory=list)
    """A few questions to answer for show after training."""

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise SettingsError(f"seed must be at least 0, got {self.seed}")
        if (self.task is None) == (self.corpus is None):
            raise SettingsError("give either a task, to learn from problems, or a corpus, to learn from text")
        if self.training.steps == 0 and self.start is None:
            raise SettingsError("training.steps is 0, and start.weights names nothing that could be left as it is")
        if self.corpus is not None:
            for name, default in (("data", DataSettings()), ("grading", GradeSettings()), ("questions", [])):
                if getattr(self, name) != default:
                    raise SettingsError(f"{name} belongs to runs of problems; this one is of text")
            for name in ("stop_at", "give_up"):
                if getattr(self.training, name) is not None:
                    raise SettingsError(f"training.{name} goes by a share of right answers; a run of text has none")

    @property
    def problems(self) -> TaskSettings:
        """The task of a run of problems. Raises: SettingsError in one of text."""
        if self.task is None:
            raise SettingsError(f"{self.recipe} learns from text, and what is asked for here needs problems")
        return self.task
