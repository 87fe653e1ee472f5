"""The command that counts parameters."""

import json
import sys

import pytest

from abacist.apps import cli
from abacist.runtime.calculator import SHIPPED


def run(monkeypatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["abacist", "size", *arguments])
    return cli.run()


def test_a_recipe_s_parts_add_up(monkeypatch, capsys):
    assert run(monkeypatch, "demo", "--set", "model.tied=true", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parameters"] == sum(part["parameters"] for part in told["parts"]) == 101_376
    assert told["bytes"] == {"float32": 4 * 101_376, "bfloat16": 2 * 101_376}
    assert told["vocab_size"] == 22


def test_the_table_names_every_part_and_the_whole(monkeypatch, capsys):
    assert run(monkeypatch, "demo", "--set", "model.feed_forward=experts") == 0
    out = capsys.readouterr().out
    for words in ("blocks.*.feed_forward.experts.*", "SquaredReLU", "router", "in float32", "parameters, each counted"):
        assert words in out


def test_text_needs_to_be_told_how_many_tokens_there_are(monkeypatch, capsys):
    assert run(monkeypatch, "character_gpt") == 1
    assert capsys.readouterr().err.strip().endswith("say how many there will be: --vocab-size N")
    assert run(monkeypatch, "character_gpt", "--vocab-size", "65", "--json") == 0
    assert json.loads(capsys.readouterr().out)["vocab_size"] == 65


def test_an_embedding_of_numbers_needs_the_tokens_themselves(monkeypatch, capsys):
    chosen = ("demo", "--set", "model.embedding=fourier", "--json")
    assert run(monkeypatch, *chosen) == 0
    parts = {part["path"]: part["name"] for part in json.loads(capsys.readouterr().out)["parts"]}
    assert (parts["embedding"], parts["head"]) == ("Fourier", "FourierHead")
    assert run(monkeypatch, *chosen, "--vocab-size", "22") == 1
    assert capsys.readouterr().err.strip().endswith("has to know which numbers tokens stand for, and is not told")


def test_a_run_folder_is_counted_as_its_weights_are(monkeypatch, capsys):
    assert run(monkeypatch, str(SHIPPED), "--json") == 0
    assert json.loads(capsys.readouterr().out)["parameters"] > 10_000


@pytest.mark.parametrize("arguments", [("demo", "--set", "model.n_heads=3"), ("nothing",)])
def test_settings_that_make_no_model_are_one_clear_line(arguments, monkeypatch, capsys):
    assert run(monkeypatch, *arguments) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
