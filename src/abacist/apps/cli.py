"""The command line and the arguments of its commands; `calc` has its own in `calc.py`.

argparse alone, and each command imports what it needs when it is run: help and wrong usage answer at once.
"""

import argparse
import contextlib
import functools
import os
import sys
from pathlib import Path

from abacist.apps import export, prove, sample, shrink, size, sweep
from abacist.apps.argument_types import count, folder_name, sizes
from abacist.apps.descriptions import (
    BENCH,
    DATA,
    EXPORT,
    FAR,
    GRADE,
    HELP,
    PROVE,
    SAMPLE,
    SHRINK,
    SIZE,
    SWEEP,
    TEXT,
    TRAIN,
)
from abacist.apps.short_names import COMPARE
from abacist.core.errors import AbacistError, Interrupted


def run() -> int:
    """Run the command line; return the exit status: 0 well, 1 a mistake, 2 wrong usage, 130 stopped, 141 not read."""
    try:
        options = parser().parse_args()
        options.command(options)
    except SystemExit as done:  # argparse has shown help, or what is wrong
        return int(done.code or 0)
    except AbacistError as error:
        for line in str(error).splitlines():
            print(f"abacist: {line}", file=sys.stderr)
        return 130 if isinstance(error, Interrupted) else 1
    except BrokenPipeError:
        # Whoever read has read enough, as `head` does. What is still to be flushed at the exit goes nowhere.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        print(f"abacist: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the arguments of every command."""
    layout = functools.partial(argparse.RawDescriptionHelpFormatter, max_help_position=32)
    result = argparse.ArgumentParser("abacist", description=HELP, formatter_class=layout, allow_abbrev=False)
    result.set_defaults(command=lambda _: result.print_help())
    commands = result.add_subparsers(title="commands", metavar="COMMAND", prog="abacist")
    add = functools.partial(commands.add_parser, formatter_class=layout, allow_abbrev=False)
    # Listed here and run by `entry.py`, which does not wait for the other commands.
    add("calc", help='ask a model to calculate: abacist calc "12+34", or a prompt with no question')
    _recipes(add("recipes", help="list the recipes, or show one: its dials, its size, all its settings"))
    size.arguments(add("size", help="count the parameters of any settings, part by part", description=SIZE), _set)
    _data(add("data", help="write a recipe's problems with their exact answers to a file", description=DATA))
    _text(add("text", help="look into text or LaTeX: documents, faults, how tokenizers cut it", description=TEXT))
    _train(add("train", help="train a model from random weights, grade it, and write a report", description=TRAIN))
    sample.arguments(add("sample", help="let a run of text write", description=SAMPLE))
    about = "train every combination of choices, measure all alike: one table, one plot"
    _compare(add("compare", help=about, description=COMPARE))
    about = "search settings for the smallest model that passes"
    sweep.arguments(add("sweep", help=about, description=SWEEP), _set)
    _grade(add("grade", help="grade a run on its sets, or any text of lines", description=GRADE))
    _far(add("far", help="ask a run beyond the sizes it was trained on", description=FAR))
    shrink.arguments(add("shrink", help="prune and quantize a run's weights", description=SHRINK))
    about = "prove that a run adds all pairs of numbers, or find one it does not"
    prove.arguments(add("prove", help=about, description=PROVE))
    about = "write a run's model for transformers, or as one Python file"
    export.arguments(add("export", help=about, description=EXPORT))
    _bench(add("bench", help="measure every cost on this machine", description=BENCH))
    return result


def _recipes(command: argparse.ArgumentParser) -> None:
    command.description = "List the recipes, or show one: its dials, its size, all its settings."
    command.add_argument("name", nargs="?", help="show this recipe's dials and every setting it makes")
    _set(command)

    def run(options: argparse.Namespace) -> None:
        from abacist.apps.show import list_recipes, show_recipe

        if options.name is None:
            list_recipes()
        else:
            show_recipe(options.name, _assignments(options))

    command.set_defaults(command=run)


def _data(command: argparse.ArgumentParser) -> None:
    command.add_argument("recipe", help="a recipe, a .py file with one, or a run folder")
    command.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="ends in .txt .csv .parquet (.gz); without an ending: a folder for nanoGPT",
    )
    command.add_argument("--rows", type=count, metavar="N", help="how many problems to draw")
    command.add_argument("--all", action="store_true", help="every problem of the task, once")
    command.add_argument("--side", default="any", help="train, held_out, extrapolate or any (default: %(default)s)")
    command.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the draw (default: 1)")
    command.add_argument(
        "--format", default="written", help="how text lines are written: a format's name (default: %(default)s)"
    )
    _set(command)

    def run(options: argparse.Namespace) -> None:
        from abacist.apps.data import write

        changes = _assignments(options)
        write(
            options.recipe, changes, options.out, options.rows, options.all, options.side, options.seed, options.format
        )

    command.set_defaults(command=run)


def _text(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", nargs="+", metavar="PATH", help="files, folders, or an http address")
    command.add_argument(
        "--corpus", metavar="NAME", help="files, latex, url or your own .py file (default: by the paths)"
    )
    command.add_argument(
        "--tokenizer",
        default="character,word,bpe",
        metavar="NAME[,NAME]",
        help="tokenizers that learn from it (default: %(default)s)",
    )
    command.add_argument("--vocab-size", type=count, metavar="N", help="tokens at most, where a tokenizer asks")
    command.add_argument(
        "--split", metavar="BY", help="document, block or last: divide it, and count what is on both sides"
    )
    command.add_argument(
        "--validation", type=float, default=0.1, metavar="SHARE", help="of that (default: %(default)s)"
    )
    command.add_argument("--json", action="store_true", help="print JSON, with every fault")
    _set(command)

    def run(options: argparse.Namespace) -> None:
        from abacist.apps.text import look

        names, split = options.tokenizer.split(","), (options.split, options.validation)
        look(options.paths, options.corpus, _assignments(options), names, options.vocab_size, split, options.json)

    command.set_defaults(command=run)


def _train(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "recipe", nargs="?", help="a recipe, a .py file with one, a settings.json, or a run folder to repeat"
    )
    command.add_argument("--name", type=folder_name, help="name of the run; its folder is runs/NAME")
    _budget(command)
    command.add_argument("--seed", type=int, metavar="N", help="seed of weights and problems")
    _set(command)
    command.add_argument(
        "--over",
        action="append",
        default=[],
        metavar="PATH=A,B,...",
        help="a model of the same shape for each value, all trained at once; may be given often",
    )
    command.add_argument("--resume", type=Path, metavar="RUN", help="go on with this run where it stopped")
    command.add_argument("--overwrite", action="store_true", help="replace a run of the same name")
    command.add_argument("--no-grade", dest="grade", action="store_false", help="train only: no grade, no report")

    def run(options: argparse.Namespace) -> None:
        from abacist.apps.train import begin, begin_together, go_on
        from abacist.core.settings import read_choices

        budgets = (("training.minutes", options.minutes), ("training.steps", options.steps), ("seed", options.seed))
        budget = [(path, value) for path, value in budgets if value is not None]
        if options.resume is not None:
            if options.recipe is not None or options.changes or options.over or budget:
                raise AbacistError(
                    "--resume goes on with a run's own settings; give no recipe, --set or budget with it"
                )
            go_on(options.resume, options.grade)
            return
        if options.recipe is None:
            raise AbacistError("what shall be trained? abacist recipes lists them; abacist train demo is a start")
        changes = [*_assignments(options), *budget]
        where = (options.runs, options.name, options.overwrite, options.grade)
        if options.over:
            begin_together(options.recipe, changes, [read_choices(text) for text in options.over], *where)
        else:
            begin(options.recipe, changes, *where)

    command.set_defaults(command=run)


def _compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("recipe", help="a recipe, a .py file with one, a settings.json, or a run folder")
    command.add_argument(
        "--over",
        action="append",
        required=True,
        metavar="PATH=A,B,...",
        help="what is compared: parts' names or JSON; given often, every combination is trained",
    )
    command.add_argument(
        "--seeds", type=count, default=1, metavar="N", help="train each with the seeds 1 to N (default: 1)"
    )
    command.add_argument(
        "--name", type=folder_name, help="name of the comparison; its folder is runs/NAME (default: compare-RECIPE)"
    )
    _budget(command)
    _set(command)
    command.add_argument("--overwrite", action="store_true", help="make runs anew that were made with other settings")

    def run(options: argparse.Namespace) -> None:
        from abacist.apps.compare import compare
        from abacist.core.settings import read_choices

        budgets = (("training.minutes", options.minutes), ("training.steps", options.steps))
        changes = [*_assignments(options), *((path, value) for path, value in budgets if value is not None)]
        over = [read_choices(text) for text in options.over]
        compare(options.recipe, over, changes, options.seeds, options.runs, options.name, options.overwrite)

    command.set_defaults(command=run)


def _grade(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", nargs="?", type=Path, help="a run folder: grade it again and rewrite its report")
    command.add_argument("--on", metavar="NAME[,NAME]", help="grade it on these public benchmarks instead")
    command.add_argument("--data", type=Path, metavar="PATH", help="the benchmark's files, as its authors publish them")
    command.add_argument("--fresh", type=count, metavar="N", help="draw N problems a group anew instead of any files")
    command.add_argument(
        "--seed", type=int, default=2026, metavar="N", help="seed of problems drawn anew (default: %(default)s)"
    )
    command.add_argument(
        "--apart", type=Path, metavar="FILE", help="write down, as digests, which problems benchmarks hold"
    )
    command.add_argument(
        "--file", type=Path, help="grade lines such as 48 + 24 = 72.00 from any source instead; - reads them in"
    )
    command.add_argument(
        "--places",
        type=int,
        default=2,
        metavar="N",
        help="decimals of the true answers to a file's lines (default: %(default)s)",
    )
    command.add_argument("--rounding", default="half_up", help="half_up, half_even or binary64 (default: %(default)s)")
    command.add_argument("--json", action="store_true", help="print JSON")
    _set(command)

    def run(options: argparse.Namespace) -> None:
        if options.apart is not None or options.on is not None:
            _benchmarks(options)
            return
        if options.data is not None or options.fresh is not None:
            raise AbacistError("--data and --fresh go with --on: name a benchmark to grade on")
        from abacist.apps.grade import grade_file, grade_run

        if (options.run is None) == (options.file is None):
            raise AbacistError("give a run folder to grade, or --file with lines to grade")
        if options.file is not None:
            grade_file(options.file, options.places, options.rounding, options.json)
        else:
            grade_run(options.run, _assignments(options), options.json)

    command.set_defaults(command=run)


def _benchmarks(options: argparse.Namespace) -> None:
    from abacist.apps.benchmark import grade_on, keep_apart

    if options.file is not None or options.changes or (options.apart is not None and options.on is not None):
        raise AbacistError("--on and --apart stand alone: leave --file, --set and the other of the two away")
    if options.apart is not None:
        keep_apart(options.apart, options.data)
        return
    if options.run is None:
        raise AbacistError("--on grades a run: give its folder, or the word shipped for the model of the package")
    grade_on(options.run, options.on, options.data, options.fresh, options.seed, options.json)


def _far(command: argparse.ArgumentParser) -> None:
    command.add_argument("run", type=Path, help="a run folder, or the word shipped for the model of the package")
    for option, what in (
        ("--lengths", "digits of two operands: every pair of these lengths"),
        ("--operands", "how many numbers a sum has"),
        ("--depths", "how many parentheses stand within one another"),
    ):
        command.add_argument(option, type=sizes, default=(), metavar="N,N,...", help=what)
    command.add_argument("--count", type=count, default=20, metavar="N", help="problems a size (default: %(default)s)")
    command.add_argument(
        "--seed", type=int, default=2026, metavar="N", help="seed of the problems (default: %(default)s)"
    )
    command.add_argument("--json", action="store_true", help="print JSON, and write nothing")
    _set(command)

    def run(options: argparse.Namespace) -> None:
        from abacist.apps.far import far
        from abacist.evaluation.far import Plan

        plan = Plan(options.lengths, options.operands, options.depths, options.count, options.seed)
        far(options.run, plan, _assignments(options), options.json)

    command.set_defaults(command=run)


def _bench(command: argparse.ArgumentParser) -> None:
    command.add_argument("measures", nargs="*", metavar="MEASURE", help="what to measure (default: all)")
    command.add_argument("--nanogpt", type=Path, metavar="FOLDER", help="a checkout of nanoGPT to compare with")
    command.add_argument(
        "--transformers",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="compare with the transformers library, where it is installed",
    )
    command.add_argument(
        "--loss",
        type=count,
        default=0,
        metavar="STEPS",
        help="peers: train each for so many steps on the same batches, and show the losses",
    )
    command.add_argument("--whole-grid", action="store_true", help="data: write all 100,000,000 sums of four, too")
    command.add_argument("--quick", action="store_true", help="toy sizes and few rounds: figures not to be quoted")
    command.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="keep the figures here; measures not run again stay in it (default: bench.json, bench.quick.json)",
    )
    command.add_argument("--page", type=Path, metavar="FILE", help="write all of the file's figures as Markdown")

    def run(options: argparse.Namespace) -> None:
        from abacist.apps.bench import bench
        from abacist.bench.measure import Bench

        chosen = Bench(options.quick, options.nanogpt, options.transformers, options.loss, options.whole_grid)
        # Toy figures never take the place of real ones.
        file = options.json or Path("bench.quick.json" if options.quick else "bench.json")
        bench(options.measures, chosen, file, options.page)

    command.set_defaults(command=run)


def _budget(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--runs",
        type=Path,
        default=Path("runs"),
        metavar="FOLDER",
        help="where run folders are made (default: runs)",
    )
    command.add_argument("--minutes", type=float, metavar="N", help="time budget; the schedule ends when the time does")
    command.add_argument("--steps", type=int, metavar="N", help="step budget")


def _set(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-s",
        "--set",
        dest="changes",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="change a setting or turn a dial; may be given often",
    )


def _assignments(options: argparse.Namespace) -> list[tuple[str, object]]:
    from abacist.core.settings import read_assignment

    return [read_assignment(text) for text in options.changes]
