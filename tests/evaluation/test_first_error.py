import pytest

from abacist.evaluation.first_error import first_error


@pytest.mark.parametrize(
    ("answer", "truth", "place", "digits", "length"),
    [
        ("1235", "1234", 1, 4, "as long"),
        ("2234", "1234", 4, 4, "as long"),
        ("1334", "1244", 2, 4, "as long"),
        ("234", "1234", 4, 4, "too short"),
        ("123", "1234", 1, 4, "too short"),
        ("11234", "1234", 5, 5, "too long"),
        ("0012", "112", 3, 3, "too short"),
        ("12", "-12", None, 2, "as long"),
        ("-13", "12", 1, 2, "as long"),
        ("5", "0", 1, 1, "as long"),
    ],
)
def test_the_first_error_is_the_least_place_at_which_they_differ(answer, truth, place, digits, length):
    error = first_error(answer, truth)
    assert error is not None
    assert (error.place, error.digits, error.length) == (place, digits, length)


@pytest.mark.parametrize(("answer", "truth"), [(None, "1"), ("1.5", "1"), ("1", "1.5"), ("", "1"), ("two", "2")])
def test_what_is_no_whole_number_has_none(answer, truth):
    assert first_error(answer, truth) is None


@pytest.mark.parametrize(
    ("answer", "truth", "share"),
    [("12341", "12345", 0), ("12045", "12345", 0.5), ("2345", "12345", 1), ("4", "5", 0), ("-12", "12", 0)],
)
def test_its_share_runs_from_the_ones_to_the_leading_digit(answer, truth, share):
    error = first_error(answer, truth)
    assert error is not None
    assert error.share == share
