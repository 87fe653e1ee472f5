import numpy as np
import pytest

from abacist.problems.columns import Columns, Group, Listed, exact

COLUMNS = Columns(np.array([[1, 2], [-3, 4], [0, -5]]), ("/",), np.array([1, -3, 0]), np.array([2, 4, 5]))
QUESTIONS = [("1", "/", "2"), ("-", "3", "/", "4"), ("0", "/", "-", "5")]


@pytest.mark.parametrize("group", [COLUMNS, Listed(QUESTIONS)], ids=lambda group: type(group).__name__)
def test_rows_are_chosen_by_mask_or_by_index(group: Group):
    assert len(group) == 3
    assert group.questions() == QUESTIONS
    assert group.take(np.array([False, True, True])).questions() == QUESTIONS[1:]
    assert group.take(np.array([2, 0])).questions() == [QUESTIONS[2], QUESTIONS[0]]
    assert group.take(np.array([], dtype=np.int64)).questions() == []


def test_values_go_with_their_rows():
    chosen = COLUMNS.take(np.array([2, 1]))
    assert chosen.numerator.tolist() == [0, -3]
    assert chosen.denominator is not None
    assert chosen.denominator.tolist() == [5, 4]


def test_what_64_bits_do_not_hold_is_no_column():
    assert exact([2**62, -(2**63)]).dtype == np.int64
    with pytest.raises(OverflowError):
        exact([2**63])
