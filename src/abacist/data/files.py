"""Problems with their answers from a file: text lines, CSV or Parquet.

Text lines are `27 / 86 = 0.31`. A table has the columns `question` and `answer`, or operand columns
followed by a last column `sum`, as in `a,b,c,d,sum`.
"""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from abacist.core.errors import AbacistError, DataError, SettingsError
from abacist.core.seeds import generator
from abacist.data.curriculum import Shares
from abacist.problems.columns import Integers
from abacist.problems.expression import canonical
from abacist.problems.question import Question, read_question
from abacist.problems.task import Task
from abacist.text.batch import Batch, batch_of
from abacist.text.characters import characters
from abacist.text.codec import Codec
from abacist.text.format import is_answer


@dataclass(frozen=True, slots=True)
class Line:
    """One problem with the answer the file gives."""

    question: Question
    answer: str


def decoded(lines: Iterable[bytes], source: str) -> Iterator[tuple[int, str]]:
    """Yield lines of bytes as text, numbered from 1. Raises: DataError where a byte is not UTF-8."""
    for number, raw in enumerate(lines, 1):
        try:
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DataError(f"{source}, line {number}: byte {error.start + 1} is not UTF-8 text") from None


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file, plain or gzipped, with their numbers from 1.

    Raises: DataError that names the file, and the line where a byte is not UTF-8.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            yield from decoded(file, str(path))
    except FileNotFoundError:
        raise DataError(f"no file {path}") from None
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None


def read_problems(path: Path) -> Iterator[Line]:
    """Yield the problems of a file by its ending: .txt, .csv, .csv.gz, .parquet.

    Raises: DataError that names the file and the first line that is no problem.
    """
    if not path.is_file():
        raise DataError(f"no file {path} to take problems from")
    if path.name.endswith((".csv", ".csv.gz", ".parquet")):
        yield from _read_table(path)
        return
    for number, text in read_lines(path):
        if text.strip():
            yield _line(*text.rpartition("=")[::2], f"{path}, line {number}")


def _read_table(path: Path) -> Iterator[Line]:
    import pyarrow as arrow
    import pyarrow.csv
    import pyarrow.parquet

    try:
        if path.suffix == ".parquet":
            table = arrow.parquet.read_table(path)
        else:
            with arrow.csv.open_csv(path) as reader:
                names = reader.schema.names
            # As text: a guessed type would round long answers and rewrite 12.00 as 12.0.
            options = arrow.csv.ConvertOptions(column_types=dict.fromkeys(names, arrow.string()))
            table = arrow.csv.read_csv(path, convert_options=options)
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from None
    columns = table.column_names
    if {"question", "answer"} <= set(columns):
        pairs = zip(table["question"].to_pylist(), table["answer"].to_pylist(), strict=True)
        for number, (question, answer) in enumerate(pairs, 1):
            yield _line(str(question), str(answer), f"{path}, row {number}")
    elif len(columns) > 2 and columns[-1] == "sum":
        for number, row in enumerate(zip(*(table[name].to_pylist() for name in columns), strict=True), 1):
            yield _line("+".join(map(str, row[:-1])), str(row[-1]), f"{path}, row {number}")
    else:
        raise DataError(f"{path} has the columns {columns}; give question and answer, or operands and then sum")


def _line(question: str, answer: str, where: str) -> Line:
    answer = answer.strip()
    if not is_answer(answer):
        raise DataError(f"{where}: {answer!r} is no number; a line should look like 27 / 86 = 0.31")
    try:
        line = Line(read_question(question), answer)
        canonical(line.question)
    except AbacistError as error:
        raise DataError(f"{where}: {error}") from None
    return line


class FileStream:
    """Endless batches from files, each pass over them in a fresh order; problems held out by the split stay out."""

    def __init__(self, paths: Sequence[Path], task: Task, codec: Codec, seed: int, size: int):
        lines = [line for path in paths for line in read_problems(path)]
        named = ", ".join(map(str, paths))
        train = [line for line in lines if task.side(line.question) == "train"]
        if not train:
            raise DataError(f"{named} holds no problem to train on (read {len(lines)} lines)")
        self.seen = {canonical(line.question) for line in train}
        prompts = characters([codec.format.prompt(line.question) for line in train])
        completions = characters([codec.format.completion(line.answer, line.question) for line in train])
        try:
            self.rows = codec.joined(prompts, completions)
        except DataError as error:
            raise DataError(f"{named}: {error}") from None
        self.codec, self.seed, self.size = codec, seed, size
        self._order = lru_cache(maxsize=2)(self._order_of_pass)

    def _order_of_pass(self, number: int) -> Integers:
        return generator(self.seed, "pass", number).permutation(len(self.rows))

    def batch(self, index: int, shares: Shares | None = None) -> Batch:
        """Make batch `index`, counted over all passes. Raises: SettingsError if it is asked for shares."""
        if shares is not None:
            raise SettingsError("data.curriculum: problems from a file come as the file has them; set it to fixed")
        count = len(self.rows)
        places = range(index * self.size, (index + 1) * self.size)
        rows = np.array([self._order(place // count)[place % count] for place in places])
        return batch_of(self.rows.take(rows), self.codec.classes)

    def longest(self) -> int:
        """Return the number of tokens of the longest row."""
        return int(self.rows.lengths.max())
