import dataclasses
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from abacist.core import catalogue
from abacist.core.catalogue import Part
from abacist.core.errors import SettingsError
from abacist.problems.operations.addition import Addition

PACKAGE = Path(catalogue.PACKAGE)


def part_folders() -> list[str]:
    """Every folder whose files stand in the catalogue."""
    return [
        "kinds",
        *(
            ".".join(path.relative_to(PACKAGE).parts)
            for path in sorted(PACKAGE.glob("*/*/"))
            # Of the folders in rooms two are a thing in several files, not a folder of parts.
            if (path / "__init__.py").is_file() and path not in (PACKAGE / "text" / "steps", PACKAGE / "text" / "latex")
        ),
    ]


def all_parts() -> list[tuple[str, str]]:
    return [(folder, name) for folder in part_folders() for name in catalogue.own_names(folder)]


def test_the_folders_of_parts_are_found():
    assert {"kinds", "models.positions", "problems.operations", "text.formats"} <= set(part_folders())


@pytest.mark.parametrize(("folder", "name"), all_parts())
def test_each_file_of_a_part_defines_its_class(folder: str, name: str):
    cls = catalogue.load(folder, name)
    assert cls.__name__.lower() == name.replace("_", "")
    assert cls.__module__ == f"abacist.{folder}.{name}"
    assert dataclasses.is_dataclass(catalogue.settings_class(folder, name))


def test_names_are_listed_without_importing_a_part():
    code = (
        "import sys; from abacist.core.catalogue import names\n"
        "assert 'rope' in names('models.positions') and 'addition' in names('problems.operations')\n"
        "wrong = [m for m in sys.modules if m == 'torch' or m.startswith(('abacist.models', 'abacist.problems'))]\n"
        "assert not wrong, wrong"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_says_which_was_meant():
    with pytest.raises(SettingsError, match=r"no part 'addtion'.*did you mean addition\?.*there are .*division"):
        catalogue.load("problems.operations", "addtion")


def test_a_name_like_no_other_lists_all_names():
    with pytest.raises(SettingsError) as caught:
        catalogue.load("models.norms", "zzz")
    assert "did you mean" not in str(caught.value)
    assert "layer_norm, rms_norm" in str(caught.value)


def test_a_user_s_own_file_is_a_part(own_operation: Path):
    made = catalogue.build("problems.operations", {"name": str(own_operation), "left": (0, 9)})
    assert type(made).__name__ == "GCD"
    assert made.left == (0, 9)
    assert made.solve(12, 18) == 6


def test_two_own_files_of_one_name_stay_apart(tmp_path: Path):
    for folder, value in (("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        text = f"from dataclasses import dataclass\n@dataclass\nclass Mine:\n    value: int = {value}\n"
        (tmp_path / folder / "mine.py").write_text(text)
    values = [catalogue.build("text.formats", str(tmp_path / f / "mine.py")).value for f in ("one", "two")]
    assert values == [1, 2]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("class Other: pass\n", "should define a class named like the file"),
        ("class Mine: pass\n", "needs @dataclass or a nested Settings"),
        ("from dataclasses import dataclass as Mine\n", "should define a class named like the file"),
        ("1 / 0\n", "cannot be loaded as a part of text.formats: ZeroDivisionError"),
        ("def broken(:\n", "cannot be loaded as a part of text.formats: SyntaxError"),
    ],
)
def test_a_wrong_own_file_is_explained(tmp_path: Path, text: str, complaint: str):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(SettingsError, match=complaint):
        catalogue.load("text.formats", str(path))


def test_a_missing_own_file_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"no file .*gone\.py"):
        catalogue.load("text.formats", str(tmp_path / "gone.py"))


def test_parts_of_other_packages_come_through_entry_points(monkeypatch: pytest.MonkeyPatch):
    def from_elsewhere(group: str) -> list[SimpleNamespace]:
        found = SimpleNamespace(name="elsewhere", load=lambda: Addition)
        return [found] if group == "abacist.test.folder" else []

    monkeypatch.setattr("importlib.metadata.entry_points", from_elsewhere)
    assert catalogue.names("test.folder") == ["elsewhere"]
    assert catalogue.load("test.folder", "elsewhere") is Addition
    catalogue._entry_points.cache_clear()
    catalogue.load.cache_clear()


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("rope", Part("rope")),
        ({"name": "rope", "base": 3}, Part("rope", {"base": 3})),
        (Part("nope"), Part("nope")),
    ],
)
def test_a_part_is_read_from_text_dict_or_part(value: object, part: Part):
    assert Part.read(value) == part


@pytest.mark.parametrize("value", [3, None, {"base": 3}, {"name": 3}, ["rope"]])
def test_what_is_no_part_is_refused(value: object):
    with pytest.raises(SettingsError, match="expected a part's name"):
        Part.read(value)


def test_the_hash_of_a_file_is_its_sha256(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    assert catalogue.file_hash(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
