"""The contract of curricula: shares that follow from the mixture and the looks so far, and from nothing else."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from abacist.core.catalogue import Part, build, own_names, settings_class
from abacist.core.errors import SettingsError
from abacist.core.settings import check, dump
from abacist.data.curricula.by_accuracy import ByAccuracy
from abacist.data.curricula.scheduled import Scheduled
from abacist.data.curricula.staged import Staged
from abacist.data.curriculum import CURRICULA, Curriculum, Look
from abacist.problems.task import Weighted

MIXTURE = [Weighted(Part("addition"), weight, stage) for weight, stage in ((2, 0), (1, 0), (1, 3), (4, 7))]
WEIGHTS = (0.25, 0.125, 0.125, 0.5)
NOTHING, ALL = (0.0,) * 4, (1.0,) * 4
HISTORIES: list[list[Look]] = [
    [],
    [NOTHING],
    [ALL] * 5,
    [(0.9, 0.95, 0.1, 0.0), (0.2, 0.3, 0.4, 0.5), (1.0, 1.0, 0.91, 0.0)],
    list(itertools.product((0.0, 1.0), repeat=4)),
]

over_every_curriculum = pytest.mark.parametrize("name", own_names(CURRICULA))


def made(name: str, **settings: float) -> Curriculum:
    curriculum: Curriculum = build(CURRICULA, {"name": name, **settings})
    return curriculum


@over_every_curriculum
@pytest.mark.parametrize("looks", HISTORIES, ids=len)
def test_shares_add_up_and_something_is_shown(name: str, looks: Sequence[Look]):
    shares = made(name).shares(MIXTURE, looks)
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1)
    assert min(shares) >= 0


@over_every_curriculum
def test_nothing_is_kept_between_two_questions(name: str):
    one, other = made(name), made(name)
    for looks in HISTORIES:
        one.shares(MIXTURE, looks)
    for looks in reversed(HISTORIES):
        assert one.shares(MIXTURE, looks) == other.shares(MIXTURE, looks)
        # As they come back from a saved state: lists for tuples.
        assert one.shares(MIXTURE, [list(look) for look in looks]) == one.shares(MIXTURE, looks)


@over_every_curriculum
def test_what_is_all_known_is_shown_by_its_weights(name: str):
    assert made(name).shares(MIXTURE, [ALL] * 50) == pytest.approx(WEIGHTS)


@over_every_curriculum
def test_what_follows_nothing_never_moves(name: str):
    curriculum = made(name)
    shares = {curriculum.shares(MIXTURE, looks) for looks in HISTORIES}
    assert (len(shares) > 1) == curriculum.follows


@over_every_curriculum
def test_settings_survive_dump_and_check(name: str):
    cls = settings_class(CURRICULA, name)
    assert check(cls, dump(cls())) == cls()


def test_by_accuracy_turns_to_what_is_not_known():
    curriculum = made("by_accuracy", floor=0.25, strength=2, smoothing=0.5)
    assert curriculum.factors(MIXTURE, [(0.0, 0.5, 1.0, 1.0)]) == [1.25**2, 0.75**2, 0.25**2, 0.25**2]
    smoothed = curriculum.factors(MIXTURE, [(0.0, 0.5, 1.0, 1.0), (1.0, 0.5, 0.0, 1.0)])
    assert smoothed == [0.75**2, 0.75**2, 0.75**2, 0.25**2]
    assert made("by_accuracy", strength=0).shares(MIXTURE, [(0.0, 0.1, 0.5, 1.0)]) == pytest.approx(WEIGHTS)


def test_stages_open_one_after_the_other_and_stay_open():
    curriculum = made("staged", pass_at=0.9, earlier=0.5)
    looks: list[Look] = []
    for look, factors in [
        ((0.9, 0.8, 1.0, 1.0), [1, 1, 0, 0]),  # one of the open entries is not known
        ((0.9, 0.9, 0.0, 0.0), [0.5, 0.5, 1, 0]),
        ((0.1, 0.1, 1.0, 0.0), [0.5, 0.5, 1, 0]),  # what came before must still be known
        ((1.0, 1.0, 0.9, 0.0), [0.5, 0.5, 0.5, 1]),
        (NOTHING, [0.5, 0.5, 0.5, 1]),
        (ALL, [0.5, 0.5, 0.5, 1]),
    ]:
        looks.append(look)
        assert curriculum.factors(MIXTURE, looks) == factors


def test_patience_opens_a_stage_that_is_not_known():
    curriculum = made("staged", patience=2)
    opened = [sum(factor > 0 for factor in curriculum.factors(MIXTURE, [NOTHING] * count)) for count in range(6)]
    assert opened == [2, 2, 3, 3, 4, 4]


def test_stages_must_be_told_apart():
    with pytest.raises(SettingsError, match="staged needs entries of several stages"):
        Staged().shares([Weighted(Part("addition"))] * 2, [])


@pytest.mark.parametrize("factors", [[0.0] * 4, [-1.0, 1, 1, 1], [float("nan")] * 4, [float("inf"), 1, 1, 1]], ids=str)
def test_factors_of_no_use_are_refused(factors: list[float]):
    @dataclass(frozen=True)
    class Wrong(Curriculum):
        def factors(self, mixture: Sequence[Weighted], looks: Sequence[Look]) -> list[float]:
            return factors

    with pytest.raises(SettingsError, match=r"data\.curriculum: factors must be at least 0 and not all 0"):
        Wrong().shares(MIXTURE, [])
    with pytest.raises(SettingsError, match=r"data\.curriculum: one factor for each of 3 entries"):
        Wrong().shares(MIXTURE[1:], [])


@pytest.mark.parametrize("settings", [{"floor": 0}, {"strength": -1}, {"smoothing": 1}, {"smoothing": -0.1}], ids=str)
def test_wrong_settings_of_by_accuracy_are_refused(settings: dict[str, float]):
    with pytest.raises(SettingsError, match="must be"):
        ByAccuracy(**settings)


@pytest.mark.parametrize("settings", [{"pass_at": 0}, {"pass_at": 1.1}, {"patience": 0}, {"earlier": 0}], ids=str)
def test_wrong_settings_of_staged_are_refused(settings: dict[str, float]):
    with pytest.raises(SettingsError, match="must be"):
        Staged(**settings)  # type: ignore[arg-type]


def test_scheduled_factors_go_in_straight_lines_from_turn_to_turn():
    schedule = Scheduled(at=[2, 4, 8], factors_at=[[1, 0, 0, 4], [1, 1, 0, 2], [0, 1, 1, 0]])
    taken = [schedule.factors(MIXTURE, [()] * looks) for looks in (0, 2, 3, 4, 6, 8, 99)]
    assert taken == [
        [1, 0, 0, 4],
        [1, 0, 0, 4],
        [1, 0.5, 0, 3],
        [1, 1, 0, 2],
        [0.5, 1, 0.5, 1],
        [0, 1, 1, 0],
        [0, 1, 1, 0],
    ]


def test_stages_are_scheduled_evenly_where_no_factors_are_given():
    opened = [sum(Scheduled(at=[0, 30]).factors(MIXTURE, [()] * looks)) for looks in (0, 9, 10, 19, 20, 50)]
    assert opened == [2, 2, 3, 3, 4, 4]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"at": []}, "at must be numbers of looks that rise"),
        ({"at": [3, 3]}, "at must be numbers of looks that rise"),
        ({"at": [0, 1], "factors_at": [[1.0]]}, "factors_at must be one list for each of the 2 turns"),
        ({"at": [0], "factors_at": [[1.0]]}, "factors_at needs lists of 4 factors"),
    ],
    ids=str,
)
def test_wrong_settings_of_scheduled_are_refused(settings: dict[str, list[float]], message: str):
    with pytest.raises(SettingsError, match=message):
        made("scheduled", **settings).shares(MIXTURE, [])
