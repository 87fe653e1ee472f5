"""Writing problems to disk: text, CSV, Parquet, or the folder that nanoGPT trains from."""

import gzip
import itertools
import pickle
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from abacist.core.errors import DataError
from abacist.problems.problem import Problem
from abacist.problems.question import text_of
from abacist.problems.task import Task
from abacist.text.format import Format

CHUNK = 50_000
ENDINGS = (".txt", ".txt.gz", ".csv", ".csv.gz", ".parquet")
NANOGPT_FILES = ("train.bin", "val.bin", "meta.pkl")


def write_problems(
    problems: Iterable[Problem],
    path: Path,
    format: Format,
    terms: int | None = None,
    tick: Callable[[int], None] = lambda _: None,
) -> int:
    """Write problems with their answers to a file, its form chosen by the ending; return how many.

    Text lines are in `format`. Tables have the columns question and answer, or, where all problems are
    sums of `terms` numbers, a column for each of them (a, b, c, ...) and then `sum`.
    The file appears when it is complete. `tick` is told of every chunk written.
    Raises: DataError for an unknown ending.
    """
    if not path.name.endswith(ENDINGS):
        raise DataError(f"{path}: the name should end in {', '.join(ENDINGS)}, or have no ending for a nanoGPT folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.part")
    chunks = _chunks(problems)
    try:
        if path.name.endswith((".txt", ".txt.gz")):
            count = _write_text(chunks, unfinished, path.name, format, tick)
        else:
            count = _write_table(chunks, unfinished, path.name, terms, tick)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _chunks(problems: Iterable[Problem]) -> Iterator[list[Problem]]:
    iterator = iter(problems)
    while chunk := list(itertools.islice(iterator, CHUNK)):
        yield chunk


def _line(problem: Problem, format: Format) -> str:
    example = format.render(problem)
    return f"{example.prompt}{example.completion}\n"


def _write_text(
    chunks: Iterable[list[Problem]], path: Path, name: str, format: Format, tick: Callable[[int], None]
) -> int:
    count = 0
    with gzip.open(path, "wt", encoding="utf-8") if name.endswith(".gz") else path.open("w", encoding="utf-8") as file:
        for chunk in chunks:
            file.writelines(_line(problem, format) for problem in chunk)
            count += len(chunk)
            tick(len(chunk))
    return count


def _write_table(
    chunks: Iterable[list[Problem]], path: Path, name: str, terms: int | None, tick: Callable[[int], None]
) -> int:
    import pyarrow as arrow
    import pyarrow.csv
    import pyarrow.parquet

    count, writer, sink = 0, None, None
    try:
        for chunk in chunks:
            try:
                table = arrow.table(_columns(chunk) if terms is None else _sum_columns(chunk, terms))
            except OverflowError:
                raise DataError("sums beyond 64 bits do not fit columns of integers; write .txt instead") from None
            if writer is None and name.endswith(".parquet"):
                writer = arrow.parquet.ParquetWriter(path, table.schema)
            elif writer is None:
                compression = "gzip" if name.endswith(".gz") else None
                sink = arrow.output_stream(path, compression=compression)
                writer = arrow.csv.CSVWriter(sink, table.schema)
            writer.write_table(table)
            count += len(chunk)
            tick(len(chunk))
    finally:
        for opened in (writer, sink):
            if opened is not None:
                opened.close()
    if writer is None:
        raise DataError("there is no problem to write")
    return count


def _columns(chunk: list[Problem]) -> dict[str, Any]:
    return {"question": [text_of(p.question) for p in chunk], "answer": [p.answer() for p in chunk]}


def _sum_columns(chunk: list[Problem], terms: int) -> dict[str, Any]:
    names = "abcdefghijklmnopqrstuvwxyz"[:terms] if terms <= 26 else [f"x{index}" for index in range(terms)]
    columns = {name: [int(p.question[2 * index]) for p in chunk] for index, name in enumerate(names)}
    return columns | {"sum": [int(problem.value()) for problem in chunk]}


def write_nanogpt(
    problems: Iterable[Problem],
    folder: Path,
    task: Task,
    format: Format,
    tick: Callable[[int], None] = lambda _: None,
) -> dict[str, int]:
    """Write `train.bin`, `val.bin` (uint16 character ids) and `meta.pkl` as nanoGPT's character data sets have them.

    Problems of the training side go to train, the others to val; a task that holds nothing out gives
    every tenth to val. `meta.pkl` is the one pickle this project writes; it never reads one.
    Return the number of characters in each.
    """
    lines: dict[str, list[str]] = {"train": [], "val": []}
    for number, problem in enumerate(problems):
        if task.split.held_out or task.split.region:
            side = "train" if task.side(problem.question) == "train" else "val"
        else:
            side = "val" if number % 10 == 9 else "train"
        lines[side].append(_line(problem, format))
        if number % CHUNK == CHUNK - 1:
            tick(CHUNK)
    texts = {side: "".join(rows) for side, rows in lines.items()}
    characters = sorted(set(texts["train"]) | set(texts["val"]))
    ids = {character: index for index, character in enumerate(characters)}
    folder.mkdir(parents=True, exist_ok=True)
    for side, text in texts.items():
        np.array([ids[character] for character in text], dtype=np.uint16).tofile(folder / f"{side}.bin")
    meta = {"vocab_size": len(characters), "stoi": ids, "itos": dict(enumerate(characters))}
    (folder / "meta.pkl").write_bytes(pickle.dumps(meta))
    return {side: len(text) for side, text in texts.items()}
