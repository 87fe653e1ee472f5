"""`abacist bench` as its user meets it."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from abacist.apps import bench as app
from abacist.apps import cli
from abacist.bench.measure import FOLDER, Bench, Measure
from abacist.bench.results import Row
from abacist.core.catalogue import own_names


@dataclass(frozen=True)
class Fixed(Measure):
    """Two figures that are always the same."""

    value: float = 4.0

    def quick(self) -> "Fixed":
        """Return another one."""
        return Fixed(2.0)

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield a figure, and one that is missing."""
        bench.say("counting")
        yield Row("one [i]", self.value, "s", settings={"curve": "width", "x": 3})
        yield Row.missing("two", "not here")


@pytest.fixture
def abacist(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder, measures replaced by a fixed one; return exit status, output, errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, real: bool = False) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["abacist", "bench", *arguments])
            if not real:
                patch.setattr(app, "build", lambda _folder, _name: Fixed())
            status = cli.run()
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_results_are_printed_and_kept(abacist, tmp_path):
    status, out, err = abacist("products", "--page", "docs/performance.md")
    assert (status, err) == (0, "")
    assert all(words in out for words in ("one [i]", "4 s", "two", "missing", "not here", "bench.json"))
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert [row["value"] for row in kept["rows"]] == [4.0, None]
    assert kept["runs"][0]["command"][:2] == ["abacist", "bench"]
    assert {"cpu", "cores", "threads", "torch", "dtypes", "device", "abacist"} <= set(kept["runs"][0]["machine"])
    assert "(images/performance.svg)" not in (tmp_path / "docs" / "performance.md").read_text()
    assert (tmp_path / "docs" / "images" / "performance.svg").is_file()


def test_single_measures_merge_into_the_file(abacist, tmp_path):
    abacist("products", "training", "--json", "kept.json")
    abacist("training", "--quick", "--json", "kept.json")
    kept = json.loads((tmp_path / "kept.json").read_text())
    assert {(row["measure"], row["value"]) for row in kept["rows"] if row["value"]} == {
        ("products", 4.0),
        ("training", 2.0),
    }


def test_toy_figures_never_take_the_place_of_real_ones(abacist, tmp_path):
    abacist("products")
    abacist("products", "--quick")
    values = {file.name: json.loads(file.read_text())["rows"][0]["value"] for file in tmp_path.glob("*.json")}
    assert values == {"bench.json": 4.0, "bench.quick.json": 2.0}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trainign"], "did you mean training?"),
        (["products", "--nanogpt", "nowhere"], "no checkout of nanoGPT"),
    ],
)
def test_a_mistake_gets_one_clear_line_before_anything_is_measured(abacist, tmp_path, arguments, words):
    status, out, err = abacist(*arguments, real=True)
    assert (status, out) == (1, "")
    assert words in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_help_names_the_measures(abacist):
    status, out, _ = abacist("--help")
    assert status == 0
    listed = out[out.index("measures:") : out.index("positional")]
    assert sorted(line.split()[0] for line in listed.splitlines()[1:] if line) == list(own_names(FOLDER))
    assert all(word in out for word in ("--nanogpt", "--quick", "--page", "--no-transformers", "--whole-grid"))
