"""The contract of recipes: whole, checked settings that fit each other, whatever the dials say."""

import json
from pathlib import Path

import pytest

from abacist.core.catalogue import own_names
from abacist.core.errors import SettingsError
from abacist.core.settings import check, dump
from abacist.problems.question import read_question
from abacist.recipe import FOLDER, change, dials, find, settings_of, summary
from abacist.runs.problems import ProblemRun
from abacist.runs.run import count_from_settings
from abacist.runs.settings import RunSettings
from abacist.runs.texts import TextRun

over_every_recipe = pytest.mark.parametrize("name", own_names(FOLDER))
OF_TEXT = ["bigram", "character_gpt", "finetune"]
FROM_WEIGHTS = ["distilgpt2_math"]
"""Of problems, but nothing without the weights to begin with: tests/runs/test_pretrained.py has them."""
over_every_recipe_of_problems = pytest.mark.parametrize(
    "name", sorted({*own_names(FOLDER)} - {*OF_TEXT, *FROM_WEIGHTS})
)


@over_every_recipe
def test_its_settings_are_whole_and_survive_json(name: str):
    settings = settings_of(name, [])
    assert settings.recipe == name
    assert check(RunSettings, json.loads(json.dumps(dump(settings)))) == settings


@over_every_recipe_of_problems
def test_its_rows_fit_its_context_and_its_questions_its_vocabulary(name: str, tmp_path: Path):
    run = ProblemRun(tmp_path, settings_of(name, [("training.batch_size", 32)]))
    run.check()
    assert len(run.watched_problems()) > 0
    for text in run.settings.questions:
        prompt = run.codec.prompt(read_question(text))
        assert len(prompt) < run.settings.model.context_length
        assert run.task.problem(read_question(text)).answer()


@pytest.mark.parametrize("name", OF_TEXT)
def test_a_recipe_of_text_takes_any_text_and_asks_for_one(name: str, tmp_path: Path):
    with pytest.raises(SettingsError, match="there is no text to learn from; name a file"):
        TextRun(tmp_path, settings_of(name, [])).check()
    if name == "finetune":
        with pytest.raises(SettingsError, match=r"start\.weights: name what to begin with"):
            TextRun.create(tmp_path / "run", settings_of(name, []))
        return
    (tmp_path / "book.txt").write_text("A line of a book.\n" * 100)
    run = TextRun(tmp_path, settings_of(name, [("corpus", str(tmp_path / "book.txt")), ("training.batch_size", 4)]))
    run.check()
    assert run.batch(0).ids.shape == (4, run.settings.model.context_length + 1)
    assert "".join(sorted(set("A line of a book.\n"))) == "".join(run.codec.tokenizer.vocabulary[3:])


@over_every_recipe
def test_it_says_what_it_does_and_every_dial_has_a_default(name: str):
    recipe = find(name)
    assert summary(recipe)
    assert (count_from_settings(settings_of(name, [])) is None) == (name in OF_TEXT + FROM_WEIGHTS)
    assert settings_of(name, list(dials(recipe).items())) == settings_of(name, [])


@over_every_recipe
def test_a_path_may_be_set_and_a_budget_takes_the_place_of_the_other(name: str):
    timed = settings_of(name, [("training.minutes", 3), ("seed", 7)])
    assert (timed.training.minutes, timed.training.steps, timed.seed) == (3, None, 7)
    counted = change(dump(timed), [("training.steps", 5)])
    assert (counted.training.minutes, counted.training.steps) == (None, 5)


@over_every_recipe
def test_an_unknown_setting_is_refused(name: str):
    with pytest.raises(SettingsError, match="unknown setting; did you mean"):
        settings_of(name, [("training.stepps", 3)])


def test_an_unknown_recipe_says_which_was_meant():
    with pytest.raises(SettingsError, match=r"no recipe 'demoo'; did you mean demo\?"):
        find("demoo")


def test_a_user_s_own_recipe_is_found_by_its_path(tmp_path: Path):
    path = tmp_path / "mine.py"
    path.write_text(
        'def mine(high=9):\n    """Mine."""\n    operation = {"name": "addition", "left": [0, high]}\n'
        '    return {"task": {"mixture": [{"operation": operation}]}, "training": {"steps": 5}}\n'
    )
    settings = settings_of(str(path), [("high", 5), ("training.steps", 6)])
    assert settings.task.mixture[0].operation.settings["left"] == [0, 5]
    assert (settings.recipe, settings.training.steps) == ("mine", 6)
    with pytest.raises(SettingsError, match="no file"):
        find(str(tmp_path / "gone.py"))
    (tmp_path / "other.py").write_text("x = 1\n")
    with pytest.raises(SettingsError, match="should define a function named like the file"):
        find(str(tmp_path / "other.py"))
