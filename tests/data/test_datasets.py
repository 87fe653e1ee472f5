import gzip
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from abacist.core.catalogue import build
from abacist.core.errors import DataError
from abacist.core.settings import check
from abacist.data.datasets import ENDINGS, SumColumns, write_nanogpt, write_problems
from abacist.problems.columns import Columns, Listed
from abacist.problems.task import Drawn, Task, TaskSettings

WRITTEN = build("text.formats", "written")
NAMES = ("addition", "subtraction", "division", "sums", "nested")


def task(*operations: dict[str, Any], **more: Any) -> Task:
    return Task(check(TaskSettings, {"mixture": [{"operation": each} for each in operations], **more}))


def grid(high: int, terms: int = 3, *more: dict[str, Any]) -> Task:
    return task({"name": "sums", "terms": [terms, terms], "bounds": [0, high]}, *more)


def listed(chunks: Iterator[Drawn]) -> Iterator[Drawn]:
    """The same problems one by one."""
    for chunk in chunks:
        questions = [problem.question for problem in chunk.problems]
        yield Drawn([Listed(questions)], ["typed"], np.arange(len(chunk)), chunk.rounding)


def drawn(made: Task, chunks: int = 3) -> Iterator[Drawn]:
    for seed in range(chunks):
        yield made.sample_batch(np.random.default_rng(seed), "any", 90)


@pytest.mark.parametrize("ending", ENDINGS)
def test_columns_are_written_as_their_rows_are(ending: str, tmp_path: Path):
    made = task(*({"name": name} for name in NAMES), rounding={"places": 3})
    sizes = [
        write_problems(each, tmp_path / f"{i}{ending}", WRITTEN)
        for i, each in enumerate((drawn(made), listed(drawn(made))))
    ]
    assert sizes == [270, 270]
    assert (tmp_path / f"0{ending}").read_bytes() == (tmp_path / f"1{ending}").read_bytes()


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize("high", [3, 127, 10**6, 10**15])
def test_sums_in_columns_are_written_as_their_rows_are(ending: str, high: int, tmp_path: Path):
    made, sums = grid(high), SumColumns(3, high)
    for index, each in enumerate((drawn(made), listed(drawn(made)))):
        write_problems(each, tmp_path / f"{index}{ending}", WRITTEN, sums)
    assert (tmp_path / f"0{ending}").read_bytes() == (tmp_path / f"1{ending}").read_bytes()


def test_a_nanogpt_folder_of_columns_is_that_of_their_rows(tmp_path: Path):
    made = task(*({"name": name} for name in NAMES))
    for index, each in enumerate((drawn(made), listed(drawn(made)))):
        write_nanogpt(each, tmp_path / str(index), made, WRITTEN)
    for name in ("train.bin", "val.bin", "meta.pkl"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_problems_make_the_same_bytes(ending: str, tmp_path: Path):
    for index in range(2):
        write_problems(grid(5).table_batch(50), tmp_path / f"{index}{ending}", WRITTEN, SumColumns(3, 5))
    assert (tmp_path / f"0{ending}").read_bytes() == (tmp_path / f"1{ending}").read_bytes()


def test_a_grid_is_whole_and_in_order(tmp_path: Path):
    made, names = grid(9), ["a", "b", "c", "sum"]
    rows = [[*numbers, sum(numbers)] for numbers in itertools.product(range(10), repeat=3)]
    assert made.table_size() == 1000
    assert write_problems(made.table_batch(64), tmp_path / "grid.parquet", WRITTEN, SumColumns(3, 9)) == 1000
    table = pyarrow.parquet.read_table(tmp_path / "grid.parquet")
    assert table.column_names == names
    assert list(zip(*(table[name].to_pylist() for name in names), strict=True)) == list(map(tuple, rows))
    write_problems(made.table_batch(64), tmp_path / "grid.csv.gz", WRITTEN, SumColumns(3, 9))
    text = gzip.decompress((tmp_path / "grid.csv.gz").read_bytes()).decode()
    assert text == '"a","b","c","sum"\n' + "".join(f"{','.join(map(str, row))}\n" for row in rows)


@pytest.mark.parametrize(
    ("largest", "types"),
    [
        (9, "int8 int8"),
        (63, "int8 int8"),
        (64, "int8 int16"),
        (127, "int8 int16"),
        (128, "int16 int16"),
        (2**15, "int32 int32"),
        (2**31 - 1, "int32 int64"),
        (2**62, "int64 int64"),
        (10**30, "int64 int64"),
    ],
)
def test_the_smallest_types_that_hold_the_numbers(largest: int, types: str):
    assert [str(each) for each in SumColumns(2, largest).types()[1:]] == types.split()


def test_operations_of_one_table_are_enumerated_once():
    made = grid(4, 3, {"name": "sums", "terms": [3, 3], "bounds": [0, 4], "draw": "digits"})
    assert made.table_size() == 125
    assert len(list(made.table())) == 125
    both = task({"name": "addition", "left": [0, 9]}, {"name": "addition", "left": [0, 9], "draw": "carries"})
    assert both.table_size() == 100
    overlapping = task({"name": "addition", "left": [0, 9]}, {"name": "addition", "left": [5, 14]})
    assert len(list(overlapping.table())) == 175
    assert sum(map(len, overlapping.table_batch(30))) == 175


@pytest.mark.parametrize("side", ["train", "held_out", "extrapolate", "any"])
def test_the_table_of_a_side(side: str):
    made = task({"name": "addition", "left": [0, 20]}, split={"held_out": 0.3, "region": [19, 20]})
    found = [problem for chunk in made.table_batch(50, side) for problem in chunk.problems]
    assert found == [p for p in made.table() if side in ("any", made.side(p.question))]
    assert all(isinstance(group, Columns) for chunk in made.table_batch(50, side) for group in chunk.groups)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_table_of_nothing_is_no_table(ending: str, tmp_path: Path):
    with pytest.raises(DataError, match="there is no problem to write"):
        write_problems(grid(4).table_batch(50, "extrapolate"), tmp_path / f"set{ending}", WRITTEN)
    assert list(tmp_path.iterdir()) == []
