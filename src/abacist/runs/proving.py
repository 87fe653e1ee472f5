"""The proof of a run: of its best weights, kept in its folder with their hash."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from abacist.core.catalogue import file_hash
from abacist.core.errors import RunError, SettingsError
from abacist.evaluation.addition_rows import AdditionRows
from abacist.evaluation.proof import Proof, Told, check_provable, prove
from abacist.problems.operations.addition import Addition
from abacist.runs.folder import write_json
from abacist.runs.problems import ProblemRun
from abacist.training.loop import WEIGHTS

PROOF = "proof.json"


@dataclass(frozen=True)
class RunProof:
    """A proof, the weights it is of, and what the model writes where it is wrong."""

    proof: Proof
    weights: str
    """SHA-256 of the file of weights."""
    written: str | None = None
    right: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        told = {"weights_sha256": self.weights, **self.proof.as_json()}
        return told | ({} if self.right is None else {"written": self.written, "right": self.right})


def prove_run(run: ProblemRun, digits: int | None, seconds: float, told: Told) -> RunProof:
    """Prove that a run adds all pairs of so many digits, or find one that it answers wrongly; write it down.

    Raises: SettingsError or RunError that says what hinders a proof.
    """
    if not any(type(operation) is Addition for operation in run.task.operations):
        raise SettingsError("task: a proof is of the addition of two numbers, which this run has not learned")
    check_provable(run.without_weights)
    rows = AdditionRows.of(run.codec, digits)
    if len(rows.template) > run.settings.model.context_length + 1:
        raise RunError(f"{run.path}: rows of {len(rows.template)} tokens do not fit the model's context")
    kind = run.trained()
    proof = prove(kind, rows, seconds, told)  # type: ignore[arg-type]  # checked above
    weights = file_hash(run.path / WEIGHTS)
    made = RunProof(proof, weights)
    if proof.counterexample is not None:
        made = _confirmed(run, made, *proof.counterexample)
    write_json(run.path / PROOF, made.as_json())
    return made


def _confirmed(run: ProblemRun, made: RunProof, left: int, right: int) -> RunProof:
    """Ask the model, as everybody asks it, what was found to be answered wrongly."""
    question = (str(left), "+", str(right))
    (generated,) = run.kind.answer([run.codec.prompt(question)])
    answer = run.codec.answer(generated.ids, question)
    if answer == str(left + right):
        why = f"{left}+{right} is answered wrongly in some sums of float32, and rightly where it is asked alone"
        return dataclasses.replace(
            made, proof=dataclasses.replace(made.proof, verdict="undecided", why=why, counterexample=None)
        )
    written = answer if answer is not None else run.codec.tokenizer.decode(generated.ids)
    return dataclasses.replace(made, written=written, right=str(left + right))
