"""A quick start, held without a clock: by what is imported, and by what the process is told."""

import io
import json
import os
import subprocess
import sys

import pytest

from abacist.apps.entry import LONGEST_NUMBER, main, write_any_text

CHILD = """
import gc, json, os, sys
from abacist.apps.entry import main

sys.argv[0] = "abacist"
try:
    main()
except SystemExit as done:
    status = done.code
facts = {"status": status, "modules": sorted(sys.modules), "threads": os.environ.get("OPENBLAS_NUM_THREADS")}
print(json.dumps({**facts, "collecting": gc.isenabled()}), file=sys.stderr)
"""

HEAVY = {"torch", "pydantic", "rich", "typer", "click", "scipy", "matplotlib", "accelerate", "pyarrow", "jinja2"}


def start(*arguments: str, **environment: str) -> dict:
    """Run the command in a process of its own; return what it printed and what it was at the end."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=True, env=environment
    )
    return {"out": done.stdout, **json.loads(done.stderr.splitlines()[-1])}


@pytest.fixture
def environment(monkeypatch) -> dict[str, str]:
    """The environment of a user who has set no number of threads."""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    return dict(os.environ)


def test_one_answer_imports_little(environment):
    facts = start("calc", "--json", "12+34", **environment)
    assert facts["status"] == 0
    assert json.loads(facts["out"])["answer"] == "46"
    modules = set(facts["modules"])
    # shutil brings every compression there is, difflib and importlib.metadata are for mistakes and foreign parts.
    assert not modules & (HEAVY | {"shutil", "difflib", "importlib.metadata", "numpy.random", "abacist.apps.cli"})
    assert {name for name in modules if name.startswith("abacist.")} >= {"abacist.runtime.decoder"}
    rooms = {name.split(".")[1] for name in modules if name.startswith("abacist.")}
    assert rooms == {"apps", "core", "problems", "runtime", "text"}


def test_one_answer_starts_one_thread_and_collects_garbage_again(environment):
    facts = start("calc", "12+34", **environment)
    assert facts["threads"] == "1"
    assert facts["collecting"]


def test_a_number_of_threads_that_was_set_stays(environment):
    assert start("calc", "12+34", **{**environment, "OPENBLAS_NUM_THREADS": "2"})["threads"] == "2"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 0),
        (["--help"], 0),
        (["train", "--help"], 0),
        (["data", "-h"], 0),
        (["trian"], 2),
        (["train", "--stesp"], 2),
    ],
)
def test_help_and_wrong_usage_import_next_to_nothing(environment, arguments, status):
    facts = start(*arguments, **environment)
    assert facts["status"] == status
    assert not set(facts["modules"]) & (HEAVY | {"numpy", "dataclasses", "inspect"})
    assert facts["threads"] is None


@pytest.fixture
def limit():
    """Python's limit on the digits of numbers, as it was again after the test."""
    before = sys.get_int_max_str_digits()
    yield before
    sys.set_int_max_str_digits(before)


def test_numbers_of_thousands_of_digits_are_graded(limit, monkeypatch, tmp_path, capsys):
    nines, more = "9" * 5000, "1" + "0" * 5000
    (tmp_path / "lines.txt").write_text(f"{nines} + 1 = {more}\n{nines} + 2 = {more}\n")
    monkeypatch.setattr(sys, "argv", ["abacist", "grade", "--file", str(tmp_path / "lines.txt")])
    with pytest.raises(SystemExit) as done:
        main()
    out = capsys.readouterr().out
    assert done.value.code == 0
    assert "1 of 2 right" in out
    assert "999999…999999 (5,000 digits) + 2" in out
    assert len(out) < 500


@pytest.mark.parametrize(("own", "kept"), [(0, 0), (1_000_000, 1_000_000), (4300, LONGEST_NUMBER)])
def test_a_higher_limit_of_one_s_own_stays(limit, monkeypatch, capsys, own, kept):
    sys.set_int_max_str_digits(own)
    monkeypatch.setattr(sys, "argv", ["abacist", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert sys.get_int_max_str_digits() == kept


def test_what_an_encoding_lacks_is_written_as_escapes(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    write_any_text()
    print("漢 é ⏎", flush=True)
    assert raw.getvalue() == b"\\u6f22 \\xe9 \\u23ce\n"
