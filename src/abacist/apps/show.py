"""`abacist recipes`: what there is to train."""

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from abacist.apps.source import settings_from
from abacist.core.catalogue import own_names
from abacist.core.settings import dump
from abacist.recipe import FOLDER, dials, find, settings_of, summary
from abacist.runs.run import count_from_settings
from abacist.runs.settings import RunSettings


def list_recipes() -> None:
    """Print a table of the recipes."""
    table = Table("recipe", "what it teaches", "dials", "parameters", "budget", box=None, header_style="bold")
    for name in own_names(FOLDER):
        recipe = find(name)
        settings = settings_of(name, [])
        training = settings.training
        budget = f"{training.minutes:g} min" if training.minutes else f"{training.steps:,} steps"
        shown = ", ".join(f"{key}={value}" for key, value in dials(recipe).items())
        table.add_row(name, summary(recipe), shown, _size(settings), budget)
    console = Console()
    console.print(table)
    console.print("\nabacist recipes NAME shows every setting; abacist train NAME --set DIAL=VALUE turns a dial.")


def _size(settings: RunSettings) -> str:
    count = count_from_settings(settings)
    return "by its text" if count is None else f"{count:,}"


def show_recipe(name: str, changes: list[tuple[str, Any]]) -> None:
    """Print one recipe's settings as JSON, whole, with the changes made."""
    settings = settings_from(name, changes)
    Console().print_json(json.dumps(dump(settings)))
