import numpy as np
import pytest

from abacist.text.rows import Rows


def rows(prompts: list[list[int]], completions: list[list[int]]) -> Rows:
    return Rows.of(np.array(prompts, dtype=np.int32), np.array(completions, dtype=np.int32), 1, 2)


def test_gaps_between_prompt_and_completion_close():
    made = rows([[5, 0, 6], [0, 7, 0]], [[0, 8], [9, 9]])
    assert made.ids.tolist() == [[1, 5, 6, 8, 2], [1, 7, 9, 9, 2]]
    assert made.prompt_lengths.tolist() == [3, 2]
    assert made.lengths.tolist() == [5, 5]


@pytest.mark.parametrize(("start", "end"), [(0, 2), (1, 0)])
def test_a_start_or_an_end_of_id_0_is_refused(start: int, end: int):
    with pytest.raises(ValueError, match="0 is no token in rows"):
        Rows.of(np.array([[5]], dtype=np.int32), np.array([[6]], dtype=np.int32), start, end)


def test_rows_join_and_part_again():
    one, other = rows([[5]], [[6]]), rows([[7, 7, 7], [8, 0, 0]], [[9], [9]])
    both = Rows.join([one, other])
    assert both.ids.tolist() == [[1, 5, 6, 2, 0, 0], [1, 7, 7, 7, 9, 2], [1, 8, 9, 2, 0, 0]]
    assert both.take(np.array([2, 0])).ids.tolist() == [[1, 8, 9, 2], [1, 5, 6, 2]]
    assert both.take(slice(1, 2)).lengths.tolist() == [6]
