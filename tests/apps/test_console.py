"""What commands show while something runs."""

import io

from rich.console import Console

from abacist.apps.console import reading


def shown(terminal: bool) -> str:
    file = io.StringIO()
    with reading(Console(file=file, force_terminal=terminal, width=100)) as tell:
        tell("reading [b]a.txt", 1000)
        tell("encoding a.txt", 250, 1000)
        tell("encoding a.txt", 500, 1000)
    tell("encoding a.txt", 1000, 1000)  # whoever goes on telling does no harm
    return file.getvalue()


def test_reading_is_shown_on_a_terminal_alone():
    assert "50%" in shown(terminal=True)
    assert shown(terminal=False) == ""


def test_nothing_is_shown_before_anything_is_read():
    file = io.StringIO()
    with reading(Console(file=file, force_terminal=True, width=100)):
        pass
    assert "%" not in file.getvalue()
