"""The golden file: what a trained model computes, to the number, for every runtime to replay."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from abacist.core.errors import RunError
from abacist.kinds.decoder import Decoder
from abacist.kinds.guided import Guided
from abacist.problems.question import read_question
from abacist.runs.folder import write_json
from abacist.runs.problems import ProblemRun
from abacist.text.coordinates import coordinates

GOLDEN = "golden.json"


def record(run: ProblemRun, questions: Iterable[str]) -> list[dict[str, Any]]:
    """Answer questions and note prompt, ids and coordinates of the whole row, logits and answer.

    Logits are those after the prompt and after each generated token but the last, computed without the
    cache. Shape: (generated tokens, vocab_size). Raises: RunError for another kind than a decoder.
    """
    kind = run.trained()
    if not (isinstance(kind, Decoder) and type(kind) in (Decoder, Guided)):
        raise RunError(f"{run.path} is no decoder; golden files are of decoders alone")
    entries = []
    for text in questions:
        question = read_question(text)
        prompt = run.codec.prompt(question)
        (generated,) = kind.answer([prompt])
        ids = [*prompt, *generated.ids]
        places = coordinates(np.array([ids]), run.codec.classes)
        with torch.inference_mode():
            kind.model.eval()
            logits = kind.model(torch.tensor([ids]).to(kind.device), torch.from_numpy(places).to(kind.device))[
                0, len(prompt) - 1 : -1
            ]
        entries.append(
            {
                "question": text,
                "prompt": run.codec.format.prompt(question),
                "prompt_length": len(prompt),
                "ids": ids,
                "coordinates": places[0].tolist(),
                "logits": [[round(value, 5) for value in row] for row in logits.tolist()],
                "answer": run.codec.answer(generated.ids, question),
            }
        )
    return entries


def write(run: ProblemRun, questions: Iterable[str], folder: Path) -> None:
    """Record questions into a folder's golden file."""
    write_json(folder / GOLDEN, record(run, questions))
