import gzip
import itertools
import pickle
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest

from abacist.core.catalogue import build
from abacist.core.errors import DataError
from abacist.core.settings import check
from abacist.data.datasets import ENDINGS, NANOGPT_FILES, SumColumns, write_nanogpt, write_problems
from abacist.data.files import FileStream, read_lines, read_problems
from abacist.problems.columns import Listed
from abacist.problems.expression import canonical
from abacist.problems.problem import Problem
from abacist.problems.question import read_question, text_of
from abacist.problems.rounding import Rounding
from abacist.problems.task import Drawn, Task, TaskSettings
from abacist.text.codec import Codec, TextSettings

WRITTEN = build("text.formats", "written")
CODEC = Codec.build(check(TextSettings, {"format": "compact"}))


def task(held_out: float = 0.2, **more: Any) -> Task:
    mixture = [{"operation": {"name": name, "left": [0, 99]}} for name in ("addition", "division", "subtraction")]
    return Task(check(TaskSettings, {"mixture": mixture, "split": {"held_out": held_out}, **more}))


def problems(count: int = 200) -> list[Problem]:
    rounded = task(rounding={"places": 3, "mode": "half_even", "pad": True})
    return [rounded.sample(random.Random(index), "any") for index in range(count)]


def chunks(problems: Iterable[Problem], size: int = 1000) -> Iterator[Drawn]:
    """Problems as the writers take them, with no columns."""
    iterator = iter(problems)
    while some := list(itertools.islice(iterator, size)):
        questions = [problem.question for problem in some]
        yield Drawn([Listed(questions)], ["typed"], np.arange(len(some)), some[0].rounding)


def sums(terms: int, count: int = 50, high: int = 999) -> list[Problem]:
    operation = {"name": "sums", "terms": [terms, terms], "bounds": [0, high]}
    made = Task(check(TaskSettings, {"mixture": [{"operation": operation}], "rounding": {"pad": True}}))
    return [made.sample(random.Random(index), "any") for index in range(count)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_reads_back(ending: str, tmp_path: Path):
    path = tmp_path / "new" / f"set{ending}"
    ticks: list[int] = []
    assert write_problems(chunks(problems()), path, WRITTEN, tick=ticks.append) == 200
    read = [(line.question, line.answer) for line in read_problems(path)]
    assert read == [(problem.question, problem.answer()) for problem in problems()]
    assert sum(ticks) == 200
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
def test_long_answers_keep_every_digit(ending: str, tmp_path: Path):
    texts = ["12345678901234567890*98765432109876543210", "1/3", "-9007199254740993+0", "2020-10-12"]
    drawn = [Problem(read_question(text), Rounding(30), "typed") for text in texts]
    write_problems(chunks(drawn), tmp_path / f"set{ending}", WRITTEN)
    read = [(line.question, line.answer) for line in read_problems(tmp_path / f"set{ending}")]
    assert read == [(problem.question, problem.answer()) for problem in drawn]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
@pytest.mark.parametrize("terms", [2, 4, 30])
def test_sums_have_a_column_for_each_number(ending: str, terms: int, tmp_path: Path):
    path = tmp_path / f"set{ending}"
    write_problems(chunks(sums(terms)), path, WRITTEN, SumColumns(terms))
    read = [(line.question, int(line.answer)) for line in read_problems(path)]
    assert read == [(problem.question, problem.value()) for problem in sums(terms)]
    if ending == ".csv" and terms == 4:
        assert path.read_text().splitlines()[0] == '"a","b","c","d","sum"'


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failure_leaves_no_half_written_file(ending: str, tmp_path: Path):
    def breaking() -> Iterator[Problem]:
        yield from problems(120)
        raise RuntimeError("out of problems")

    with pytest.raises(RuntimeError, match="out of problems"):
        write_problems(chunks(breaking(), 50), tmp_path / f"set{ending}", WRITTEN)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_file_that_was_there(tmp_path: Path):
    path = tmp_path / "set.csv"
    write_problems(chunks(problems(5)), path, WRITTEN)
    before = path.read_bytes()
    with pytest.raises(DataError, match="beyond 64 bits"):
        write_problems(chunks(sums(3, high=10**30)), path, WRITTEN, SumColumns(3))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["set.csv"]


@pytest.mark.parametrize("name", ["set", "set.json", "set.gz"])
def test_an_unknown_ending_is_said(name: str, tmp_path: Path):
    with pytest.raises(DataError, match=r"the name should end in \.txt"):
        write_problems(chunks(problems(1)), tmp_path / name, WRITTEN)


def test_the_last_ending_decides(tmp_path: Path):
    path = tmp_path / "set.txt.csv"
    write_problems(chunks(problems(3)), path, WRITTEN)
    assert path.read_text().startswith('"question","answer"')


@pytest.mark.parametrize("name", ["train.txt", "train.txt.gz"])
def test_text_lines_are_in_the_format(name: str, tmp_path: Path):
    write_problems(chunks([Problem(("27", "/", "86"), Rounding(), "division")]), tmp_path / name, WRITTEN)
    raw = (tmp_path / name).read_bytes()
    assert (gzip.decompress(raw) if name.endswith(".gz") else raw) == b"27 / 86 = 0.31\n"


def test_the_nanogpt_folder_decodes_to_the_lines(tmp_path: Path):
    made, drawn = task(), problems(300)
    counts = write_nanogpt(chunks(drawn, 70), tmp_path / "set", made, WRITTEN)
    assert sorted(file.name for file in (tmp_path / "set").iterdir()) == sorted(NANOGPT_FILES)
    meta = pickle.loads((tmp_path / "set" / "meta.pkl").read_bytes())
    assert meta["vocab_size"] == len(meta["stoi"]) == len(meta["itos"])
    texts = {}
    for side in ("train", "val"):
        ids = np.fromfile(tmp_path / "set" / f"{side}.bin", dtype=np.uint16)
        assert len(ids) == counts[side]
        texts[side] = "".join(meta["itos"][int(index)] for index in ids)
        assert [meta["stoi"][character] for character in texts[side]] == ids.tolist()
    for side, text in texts.items():
        lines = text.splitlines()
        expected = [p for p in drawn if (made.side(p.question) == "train") == (side == "train")]
        assert lines == [f"{WRITTEN.prompt(p.question)}{p.answer()}" for p in expected]
        assert expected


def test_a_nanogpt_folder_of_a_task_without_a_split_keeps_every_tenth(tmp_path: Path):
    drawn = problems(100)
    write_nanogpt(chunks(drawn, 7), tmp_path, task(held_out=0), WRITTEN)
    meta = pickle.loads((tmp_path / "meta.pkl").read_bytes())
    text = "".join(meta["itos"][int(index)] for index in np.fromfile(tmp_path / "val.bin", dtype=np.uint16))
    assert text.splitlines() == [f"{WRITTEN.prompt(p.question)}{p.answer()}" for p in drawn[9::10]]


def lines_of_batches(made: FileStream, batches: range) -> list[str]:
    rows = []
    for index in batches:
        rows += [CODEC.tokenizer.decode(row.tolist()) for row in made.batch(index).ids]
    return rows


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_pass_shows_every_line_once_in_a_fresh_order(ending: str, tmp_path: Path):
    drawn, made_task = problems(130), task()
    path = tmp_path / f"set{ending}"
    shown = [p for p in drawn if made_task.side(p.question) == "train"][:80]
    others = [p for p in drawn if made_task.side(p.question) != "train"]
    write_problems(chunks(shown + others), path, WRITTEN)
    made = FileStream([path], made_task, CODEC, seed=1, size=20)
    expected = Counter(f"{text_of(p.question)}={p.answer()}" for p in shown)
    passes = [lines_of_batches(made, range(4 * number, 4 * number + 4)) for number in range(3)]
    assert all(Counter(rows) == expected for rows in passes)
    assert passes[0] != passes[1] != passes[2]
    other = FileStream([path], made_task, CODEC, seed=2, size=20)
    assert lines_of_batches(other, range(4)) != passes[0]
    assert lines_of_batches(FileStream([path], made_task, CODEC, 1, 20), range(8, 12)) == passes[2]


def test_a_batch_may_reach_over_the_end_of_a_pass(tmp_path: Path):
    path = tmp_path / "set.txt"
    path.write_text("".join(f"{n} + 1 = {n + 1}\n" for n in range(7)))
    made = FileStream([path], task(held_out=0), CODEC, seed=1, size=5)
    rows = lines_of_batches(made, range(7))
    assert Counter(rows) == Counter({f"{n}+1={n + 1}": 5 for n in range(7)})


def test_problems_held_out_stay_out_of_a_file_s_batches(tmp_path: Path):
    made_task, drawn = task(held_out=0.5), problems(200)
    write_problems(chunks(drawn), tmp_path / "set.txt", WRITTEN)
    made = FileStream([tmp_path / "set.txt"], made_task, CODEC, seed=1, size=50)
    shown = {row.partition("=")[0] for row in lines_of_batches(made, range(20))}
    sides = {
        side: {text_of(p.question) for p in drawn if made_task.side(p.question) == side}
        for side in ("train", "held_out")
    }
    assert shown == sides["train"]
    assert made.seen == {canonical(read_question(text)) for text in sides["train"]}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("27 / 86", "'27 / 86' is no number; a line should look like"),
        ("27 / 86 = ", "'' is no number"),
        ("27 / 86 = x", "'x' is no number"),
        ("27 / = 3", "ends too early"),
        ("= 3", "nothing is asked"),
        ("27 ~ 86 = 3", "'~' at place 2"),
        ("-" * 300 + "1 = 3", "nested more than"),
    ],
)
def test_a_bad_line_is_named_with_file_and_number(line: str, complaint: str, tmp_path: Path):
    path = tmp_path / "set.txt"
    path.write_text(f"1 + 1 = 2\n\n{line}\n")
    with pytest.raises(DataError, match=rf"set\.txt, line 3: .*{complaint}"):
        list(read_problems(path))


def test_a_byte_that_is_no_text_is_named(tmp_path: Path):
    (tmp_path / "set.txt").write_bytes(b"1+1=2\n1+\xff=2\n")
    with pytest.raises(DataError, match=r"set\.txt, line 2: byte 3 is not UTF-8"):
        list(read_problems(tmp_path / "set.txt"))


def test_lines_are_numbered_and_freed_of_marks_and_ends(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf1+1=2\r\n\n3")
    assert list(read_lines(tmp_path / "a.txt")) == [(1, "1+1=2"), (2, ""), (3, "3")]


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "a.csv", "a.parquet"])
def test_a_missing_file_is_said(name: str, tmp_path: Path):
    with pytest.raises(DataError, match=f"no file .*{name}"):
        list(read_problems(tmp_path / name))


@pytest.mark.parametrize("name", ["a.txt.gz", "a.csv.gz", "a.parquet"])
@pytest.mark.parametrize("content", [b"nothing of use", b"", b"\x1f\x8b\x08\x00half"])
def test_a_broken_file_is_said(name: str, content: bytes, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    if name == "a.txt.gz" and not content:
        assert list(read_problems(tmp_path / name)) == []
        return
    with pytest.raises(DataError, match="cannot be read"):
        list(read_problems(tmp_path / name))


def test_a_table_with_other_columns_is_said(tmp_path: Path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(DataError, match=r"has the columns \['x', 'y'\]; give question and answer"):
        list(read_problems(tmp_path / "a.csv"))


@pytest.mark.parametrize("answer", [None, "x"])
def test_a_bad_row_of_a_table_is_named(answer: str | None, tmp_path: Path):
    table = arrow.table({"question": ["1+1", "2+2"], "answer": ["2", answer]})
    arrow.parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet, row 2: .* is no number"):
        list(read_problems(tmp_path / "a.parquet"))


def test_a_table_of_numbers_is_read_as_written(tmp_path: Path):
    arrow.parquet.write_table(arrow.table({"question": ["1+1"], "answer": [2]}), tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text("answer,question,note\n2.50,5/2,x\n")
    assert [line.answer for line in read_problems(tmp_path / "a.parquet")] == ["2"]
    assert [line.answer for line in read_problems(tmp_path / "a.csv")] == ["2.50"]


def test_a_file_with_nothing_to_train_on_is_said(tmp_path: Path):
    (tmp_path / "a.txt").write_text("\n")
    with pytest.raises(DataError, match="holds no problem to train on"):
        FileStream([tmp_path / "a.txt"], task(), CODEC, 1, 4)


def test_tinymath_reads_whole(data_folder: Path):
    lines = list(read_problems(data_folder / "tinymath" / "math_dataset_90.txt"))
    assert len(lines) == 90_000
    assert (lines[0].question, lines[0].answer) == (("27", "/", "86"), "0.31")
