"""Run a notebook cell by cell: `python cells.py NOTEBOOK PICTURES`. A cell that fails is shown, with its number.

A process of its own for each notebook: they set threads and seeds, and leave figures and parts behind.
"""

import linecache
import sys
import traceback
import warnings
from pathlib import Path

import jupytext
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def pictures_to(folder: Path) -> None:
    """Save what a cell would show."""

    def show() -> None:
        for number in plt.get_fignums():
            plt.figure(number).savefig(folder / f"{len(list(folder.iterdir())) + 1:02}.png", dpi=80)
        plt.close("all")

    plt.show = show


def run(notebook: Path) -> int:
    """Execute all code cells in one namespace; return 1 where one fails."""
    names = {"__name__": "__main__"}
    cells = [cell for cell in jupytext.read(notebook).cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, start=1):
        title = f"<{notebook.name}, code cell {number} of {len(cells)}>"
        linecache.cache[title] = (len(cell.source), None, cell.source.splitlines(keepends=True), title)
        try:
            exec(compile(cell.source, title, "exec"), names)  # as Jupyter would
        except BaseException:
            print(f"{title} failed:\n\n{cell.source}\n", file=sys.stderr)
            traceback.print_exc()
            return 1
    return 0


if __name__ == "__main__":
    warnings.simplefilter("error")
    pictures_to(Path(sys.argv[2]))
    sys.exit(run(Path(sys.argv[1])))
