from abacist.core.overrides import keep_in_step


class Base:
    def one(self) -> int:
        return 1

    def many(self, count: int) -> list[int]:
        return [self.one() for _ in range(count)]

    def __init_subclass__(cls) -> None:
        keep_in_step(cls, Base, {"one": "many"})


class Quick(Base):
    def one(self) -> int:
        return 2

    def many(self, count: int) -> list[int]:
        return [2] * count


class Derived(Quick):
    """Neither is overridden: both stay."""


class Other(Quick):
    def one(self) -> int:
        return 3


class QuickAgain(Other):
    def many(self, count: int) -> list[int]:
        return [3] * count


def test_a_quick_form_is_not_inherited_by_whoever_changes_the_simple_one():
    assert Other().many(2) == [3, 3]
    assert Other.many is Base.many


def test_all_other_quick_forms_stay():
    assert Quick.many is not Base.many
    assert Derived.many is Quick.many
    assert QuickAgain.many is not Base.many
    assert [cls().many(1) for cls in (Base, Quick, Derived, QuickAgain)] == [[1], [2], [2], [3]]
