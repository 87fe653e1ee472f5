"""Pages that are written by hand, with parts in them that are made from measurements."""

import re
from pathlib import Path

from abacist.core.errors import SettingsError


def filled(page: Path, name: str, part: str) -> str:
    """Return a page with a part between its marks, `<!-- begin NAME -->` and `<!-- end NAME -->`, the rest as it is.

    Raises: SettingsError if there is no such page, or its marks do not stand there once each, one below the other.
    """
    if not page.is_file():
        raise SettingsError(f"{page}: there is no such page")
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    text = page.read_text(encoding="utf-8")
    found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", text, re.DOTALL)
    if found is None or text.count(begin) != 1 or text.count(end) != 1:
        raise SettingsError(f"{page}: {begin.strip()} and {end} must stand on it once each, the first on its own line")
    return f"{text[: found.start()]}{begin}{part}{end}{text[found.end() :]}"


def copied(page: Path, folder: Path) -> Path:
    """Copy a page to a folder, where a trial may write.

    Raises: SettingsError if there is no such page, or the folder lies where the page does.
    """
    if not page.is_file():
        raise SettingsError(f"{page}: there is no such page")
    copy = folder / page.name
    if copy.resolve().is_relative_to(page.resolve().parent):
        raise SettingsError(f"--runs {folder}: a smoke writes nothing into {page.resolve().parent}")
    folder.mkdir(parents=True, exist_ok=True)
    copy.write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
    return copy
