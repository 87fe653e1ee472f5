"""What is kept of a model's own answers, and how it is mixed with what is true."""

from collections import Counter
from pathlib import Path

import pytest

from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.data.files import FileStream, read_problems
from abacist.data.rounds import Label, PooledStream, Rounds, agreed, long_enough, write_pool
from abacist.data.stream import ProblemStream
from abacist.problems.question import read_question
from abacist.problems.task import Task, TaskSettings
from abacist.text.codec import Codec, TextSettings

CODEC = Codec.build(check(TextSettings, {"format": "compact"}))


def questions(*texts: str) -> list[tuple[str, ...]]:
    return [read_question(text) for text in texts]


def test_what_enough_models_answer_alike_is_kept_right_or_wrong():
    asked = questions("10+10", "10+11", "10+12", "10+13")
    ballots = [["20", "21", "99", "23"], ["20", "7", "99", "24"], ["5", "8", "22", "25"]]
    assert agreed(asked, ballots, 2) == [Label(asked[0], "20", 2), Label(asked[2], "99", 2)]
    assert [label.answer for label in agreed(asked, ballots, 1)] == ["20", "21", "99", "23"]
    assert agreed(asked, ballots, 3) == []


def test_malformed_answers_and_words_have_no_vote():
    asked = questions("1+1", "1+2")
    assert agreed(asked, [[None, "three"], [None, "three"], ["2", None]], 2) == []
    assert [label.votes for label in agreed(asked, [[None, "three"], [None, "three"], ["2", None]], 1)] == [1]


def test_answers_far_shorter_than_their_like_are_left_away():
    long = [Label(question, "1234", 3) for question in questions("999+9", "998+8", "997+7", "996+6")]
    short = [Label(read_question("995+5"), "123", 3), Label(read_question("994+4"), "12", 3)]
    other = [Label(question, "1", 3) for question in questions("9+9", "999-9")]
    labels = [*long, *short, *other]
    assert long_enough(labels, 1) == [*long, short[0], *other], "those of other lengths or signs are not its like"
    assert long_enough(labels, 0) == [*long, *other]
    assert long_enough(labels, 2) == labels


def test_one_answer_without_end_drops_no_other():
    labels = [Label(question, "1234", 3) for question in questions("999+9", "998+8", "997+7")]
    endless = Label(read_question("996+6"), "1" * 40, 3)
    assert long_enough([*labels, endless], 1) == [*labels, endless]


def test_a_pool_is_a_file_of_problems(tmp_path: Path):
    path = tmp_path / "rounds" / "01.csv"
    labels = [Label(question, "7", 2) for question in questions("12+3", "(2+3)*4", "5--3")]
    write_pool(path, labels)
    assert [(line.question, line.answer) for line in read_problems(path)] == [(label.question, "7") for label in labels]
    assert path.read_text().splitlines()[:2] == ["question,answer,votes", "12+3,7,2"]
    assert [each.name for each in path.parent.iterdir()] == ["01.csv"]


def test_a_batch_holds_true_rows_and_below_them_rows_of_all_pools(tmp_path: Path):
    mixture = [{"operation": {"name": "addition", "left": [0, 9]}}]
    task = Task(check(TaskSettings, {"mixture": mixture, "split": {"held_out": 0}}))
    paths = [tmp_path / f"{number}.csv" for number in (1, 2)]
    for path, first in zip(paths, (10, 100), strict=True):
        write_pool(path, [Label(read_question(f"{first + n}+1"), "5", 2) for n in range(4)])
    stream = PooledStream(ProblemStream(task, CODEC, 1, 6), FileStream(paths, task, CODEC, 1, 4))
    shown: Counter[str] = Counter()
    for index in range(4):
        batch = stream.batch(index)
        rows = [CODEC.tokenizer.decode(row.tolist()) for row in batch.ids]
        assert batch.ids.shape == batch.coordinates.shape[:2] == batch.loss_mask.shape
        assert len(rows) == 10
        for row in rows[:6]:
            left, _, right = row.partition("=")[0].partition("+")
            assert int(left) + int(right) == int(row.partition("=")[2])
        shown.update(rows[6:])
    assert shown == {f"{first + n}+1=5": 2 for first in (10, 100) for n in range(4)}, "two passes, both pools alike"
    assert stream.longest() == len("103+1=5") + 2


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"voters": 0}, "voters must be at least 1"),
        ({"measure": -1}, "measure must be at least 0"),
        ({"share": 1.0}, "share must be above 0 and below 1"),
        ({"voters": 3, "agree": 4}, r"agree must be from 1 to voters \(3\)"),
    ],
)
def test_wrong_settings_are_said(values: dict[str, float], words: str):
    with pytest.raises(SettingsError, match=words):
        check(Rounds, values)


@pytest.mark.parametrize(("voters", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_more_than_half_must_agree_unless_said_otherwise(voters: int, needed: int):
    assert Rounds(voters=voters).majority == needed
