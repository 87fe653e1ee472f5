"""The command line: data, recipes, train, grade, calc."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from abacist.core.errors import AbacistError, Interrupted

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Build language models from scratch and teach them mathematics with tokens.

    [bold]Start here[/]: [cyan]abacist calc "12+34"[/] asks the model that comes with abacist;
    [cyan]abacist train demo[/] trains one of your own in about a minute and writes a report.""",
)

SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="PATH=VALUE", help="Change a setting or turn a dial; may be given often."),
]


def run() -> int:
    """Run the command line; return the exit status."""
    import click

    try:
        app(standalone_mode=False)
    except AbacistError as error:
        for line in str(error).splitlines():
            print(f"abacist: {line}", file=sys.stderr)
        return 130 if isinstance(error, Interrupted) else 1
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except OSError as error:
        print(f"abacist: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.exceptions.Exit as exit:
        return exit.exit_code
    return 0


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def calc(arguments: Annotated[list[str] | None, typer.Argument(metavar="[QUESTION]...")] = None) -> None:
    """Ask a model to calculate: [cyan]abacist calc "12+34"[/], or a prompt with no question."""
    from abacist.apps.calc import calc as command

    raise typer.Exit(command(arguments or []))


@app.command()
def recipes(
    name: Annotated[str | None, typer.Argument(help="Show this recipe's dials and every setting it makes.")] = None,
    changes: SetOption = None,
) -> None:
    """List the recipes, or show one: its dials, its size, all its settings."""
    from abacist.apps.show import list_recipes, show_recipe

    if name is None:
        list_recipes()
    else:
        show_recipe(name, _assignments(changes))


@app.command()
def data(
    recipe: Annotated[str, typer.Argument(help="A recipe, a .py file with one, or a run folder.")],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="Ends in .txt .csv .parquet (.gz); without an ending: a folder for nanoGPT."),
    ],
    rows: Annotated[int | None, typer.Option(min=1, help="How many problems to draw.")] = None,
    all: Annotated[bool, typer.Option("--all", help="Every problem of the task, once.")] = False,
    side: Annotated[str, typer.Option(help="train, held_out, extrapolate or any.")] = "any",
    seed: Annotated[int, typer.Option(help="Seed of the draw.")] = 1,
    format: Annotated[str, typer.Option(help="How text lines are written: a format's name.")] = "written",
    changes: SetOption = None,
) -> None:
    """Write a recipe's problems with their exact answers to a file.

    [cyan]abacist data tinymath --rows 1000 --out sample.txt[/]
    """
    from abacist.apps.data import write

    write(recipe, _assignments(changes), out, rows, all, side, seed, format)


@app.command()
def train(
    recipe: Annotated[
        str | None, typer.Argument(help="A recipe, a .py file with one, a settings.json, or a run folder to repeat.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; its folder is runs/NAME.")] = None,
    runs: Annotated[Path, typer.Option(help="Where run folders are made.")] = Path("runs"),
    minutes: Annotated[float | None, typer.Option(help="Time budget; the schedule ends when the time does.")] = None,
    steps: Annotated[int | None, typer.Option(help="Step budget.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights and problems.")] = None,
    changes: SetOption = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run where it stopped.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a run of the same name.")] = False,
    grade: Annotated[bool, typer.Option(help="Grade it and write the report when training ends.")] = True,
) -> None:
    """Train a model from random weights, grade it, and write a report.

    [cyan]abacist train demo[/]
    [cyan]abacist train addition --set digits=7 --minutes 2 --name seven[/]
    [cyan]abacist train --resume runs/seven[/]
    """
    from abacist.apps.train import begin, go_on

    if resume is not None:
        if recipe is not None or changes or steps or minutes or seed is not None:
            raise AbacistError("--resume goes on with a run's own settings; give no recipe, --set or budget with it")
        go_on(resume, grade)
        return
    if recipe is None:
        raise AbacistError("what shall be trained? abacist recipes lists them; abacist train demo is a start")
    budget: list[tuple[str, object]] = []
    if minutes is not None:
        budget.append(("training.minutes", minutes))
    if steps is not None:
        budget.append(("training.steps", steps))
    if seed is not None:
        budget.append(("seed", seed))
    begin(recipe, [*_assignments(changes), *budget], runs, name, overwrite, grade)


@app.command()
def grade(
    run: Annotated[Path | None, typer.Argument(help="A run folder: grade it again and rewrite its report.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Grade lines such as 48 + 24 = 72.00 from any source instead; - reads them in.")
    ] = None,
    places: Annotated[int, typer.Option(help="Decimals of the true answers to a file's lines.")] = 2,
    rounding: Annotated[str, typer.Option(help="half_up, half_even or binary64.")] = "half_up",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    changes: SetOption = None,
) -> None:
    """Grade a run on its sets, or any text of lines.

    [cyan]abacist grade runs/demo[/]
    [cyan]abacist grade --file lines.txt[/]
    """
    from abacist.apps.grade import grade_file, grade_run

    if (run is None) == (file is None):
        raise AbacistError("give a run folder to grade, or --file with lines to grade")
    if file is not None:
        grade_file(file, places, rounding, json)
    elif run is not None:
        grade_run(run, _assignments(changes), json)


def _assignments(changes: list[str] | None) -> list[tuple[str, object]]:
    from abacist.core.settings import read_assignment

    return [read_assignment(text) for text in changes or []]
