"""Scripts that write the measured parts of a page of docs/: their options, stages, and what goes wrong in one line.

The page is prose with marks in it, `<!-- begin NAME -->` and `<!-- end NAME -->`; what stands between the marks of a
stage is written anew, the rest is left as it is.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from abacist.bench.machine import told
from abacist.core.errors import AbacistError, Interrupted, SettingsError
from abacist.evaluation.filling import copied, filled

MACHINE = "machine"
"""The part of a page that says where its figures come from."""


@dataclass(frozen=True)
class Asked:
    """What a script was asked for."""

    page: Path
    runs: Path
    smoke: bool
    """Everything at toy sizes."""
    command: str
    """The command that goes on where it stopped."""

    @property
    def images(self) -> Path:
        """The folder of the page's pictures; it is made where there is none."""
        folder = self.page.parent / "images"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@dataclass(frozen=True)
class PageScript:
    """A script of scripts/, named as the page that it writes."""

    name: str
    summary: str
    page: Path
    runs: Path
    stages: Collection[str]
    """Their names, which are those of the marks, in their order."""

    def run(self, arguments: Sequence[str], made: Callable[[str, Asked], str]) -> int:
        """Make the parts of the stages and fill the page; return the exit status: 0 well, 1 a mistake, 130 stopped."""
        options = self._read(arguments)
        try:
            runs = options.runs or (self.runs.with_name(f"{self.name}-smoke") if options.smoke else self.runs)
            names = self._chosen(options.only)
            page = copied(options.page or self.page, runs) if options.smoke else options.page or self.page
            asked = Asked(page, runs, options.smoke, shlex.join(["python", f"scripts/{self.name}.py", *arguments]))
            for name in [*names, MACHINE]:
                filled(page, name, "")  # a mark that is missing is said before any work
            for name in names:
                print(f"\n== {name}", flush=True)
                page.write_text(filled(page, name, made(name, asked)), encoding="utf-8")
                page.write_text(filled(page, MACHINE, told()), encoding="utf-8")
        except AbacistError as error:
            print("\n".join(f"{self.name}: {line}" for line in str(error).splitlines()), file=sys.stderr)
            return 130 if isinstance(error, Interrupted) else 1
        except KeyboardInterrupt:
            return 130
        print(f"\npage    {page}")
        return 0

    def _read(self, arguments: Sequence[str]) -> argparse.Namespace:
        parser = argparse.ArgumentParser(f"{self.name}.py", description=self.summary, allow_abbrev=False)
        parser.add_argument(
            "--page", type=Path, metavar="FILE", help=f"the page to fill (default: docs/{self.name}.md)"
        )
        parser.add_argument("--runs", type=Path, metavar="DIR", help=f"where the runs lie (default: {self.runs})")
        parser.add_argument("--only", metavar="NAME[,NAME]", help=f"only these stages: {', '.join(self.stages)}")
        parser.add_argument(
            "--smoke", action="store_true", help="everything at toy sizes, on a copy of the page in --runs"
        )
        return parser.parse_args(arguments)

    def _chosen(self, only: str | None) -> list[str]:
        """Return the names of the stages to run, in their order. Raises: SettingsError for one that there is not."""
        asked = list(self.stages) if only is None else only.split(",")
        unknown = [name for name in asked if name not in self.stages]
        if unknown:
            raise SettingsError(f"--only: no stage {unknown[0]!r}; there are {', '.join(self.stages)}")
        return [name for name in self.stages if name in asked]
