"""The house rules that a machine can check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import abacist

PACKAGE = Path(abacist.__file__).parent
ROOT = PACKAGE.parent.parent
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def undocumented(path: Path) -> list[str]:
    """Name every public module, class, method and function without a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    missing = [] if ast.get_docstring(tree) else [path.stem]
    pending = [(path.stem, node) for node in tree.body]
    while pending:
        owner, node = pending.pop()
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        name = f"{owner}.{node.name}"
        if not ast.get_docstring(node):
            missing.append(name)
        if isinstance(node, ast.ClassDef):
            pending += [(name, inner) for inner in node.body]
    return missing


def test_the_files_are_found():
    assert len(FILES) > 60
    assert len(TESTS) > 20


def test_rooms_import_in_one_direction():
    command = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [path for path in FILES if path.name == "__init__.py"], ids=relative)
def test_package_init_files_are_empty(path: Path):
    assert path.read_text(encoding="utf-8").strip() == ""


@pytest.mark.parametrize("path", [path for path in FILES if path.name != "__init__.py"], ids=relative)
def test_everything_public_has_a_docstring(path: Path):
    assert undocumented(path) == []


@pytest.mark.parametrize("path", FILES + TESTS, ids=relative)
def test_files_stay_short(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_names_say_what_they_name(path: Path):
    words = set(re.split(r"[_/.]", str(path.relative_to(PACKAGE))))
    assert not words & {"utils", "util", "common", "helpers", "helper", "manager"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            assert not re.search(r"(?i)(utils|helpers?|manager)$", node.name), node.name


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_nothing_is_executed_from_text_and_no_pickle_is_read(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("exec", "eval", "pickle.load", "pickle.loads", "torch.load"), called


@pytest.mark.parametrize(
    "path", [p for p in FILES if p.parent.name == "recipes" and p.name != "__init__.py"], ids=relative
)
def test_a_recipe_is_one_function(path: Path):
    functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    assert path.stem in {function.name for function in functions}
    assert [function.name for function in functions if not function.name.startswith("_")] == [path.stem]


def test_the_rule_about_docstrings_finds_what_lacks_one(tmp_path: Path):
    (tmp_path / "a.py").write_text('"""A."""\nclass B:\n    """B."""\n    def c(self): ...\n    def _d(self): ...\n')
    assert undocumented(tmp_path / "a.py") == ["a.B.c"]
