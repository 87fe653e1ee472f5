"""Asking a run's model in anybody's words: many questions at once, on torch."""

from collections.abc import Callable

from abacist.core.errors import AbacistError, QuestionError
from abacist.core.memory import keep_freed_memory
from abacist.evaluation.benchmarking import Answered, Ask
from abacist.problems.expression import parse
from abacist.problems.question import Question, read_question
from abacist.problems.rounding import Rounding
from abacist.runs.problems import ProblemRun


def asker(run: ProblemRun) -> Ask:
    """Return what answers questions with a run's best weights. Raises: RunError if it has none yet."""
    kind, codec, room = run.trained(), run.codec, run.settings.model.context_length
    keep_freed_memory()

    def ask(texts: list[str], places: int | None) -> list[Answered]:
        """Put what can be read as a question in this run's writing; say of the rest why it cannot."""
        answers: dict[int, Answered] = {}
        put: list[tuple[int, Question, list[int]]] = []
        for index, text in enumerate(texts):
            try:
                question, prompt = _prompt(text, places, codec.prompt, run.settings.problems.rounding)
                if len(prompt) >= room:
                    raise QuestionError(f"it takes {len(prompt)} tokens; this model reads at most {room - 1}")
                put.append((index, question, prompt))
            except AbacistError as error:
                answers[index] = Answered(None, unread=str(error))
        written = kind.answer([prompt for _, _, prompt in put])
        for (index, question, _), generated in zip(put, written, strict=True):
            answer = codec.answer(generated.ids, question)
            answers[index] = Answered(answer, codec.chances(generated).product, len(generated.ids))
        return [answers[index] for index in range(len(texts))]

    return ask


def _prompt(
    text: str, places: int | None, write: Callable[[Question], list[int]], usual: Rounding
) -> tuple[Question, list[int]]:
    """Read a question and write it as a prompt, the decimals asked for with it.

    A model that rounds all answers to so many decimals anyway is asked without them; so is one that rounds some of
    them so, if it cannot write the words.
    """
    question = read_question(text)
    parse(question)
    same = places == usual.places
    if places is not None and not (same and usual.exact == "never"):
        asked = (*question, "to", str(places), "decimals")
        try:
            return asked, write(asked)
        except AbacistError:
            if not same:
                raise
    return question, write(question)
