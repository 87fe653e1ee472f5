"""`abacist text` as its user meets it."""

import json
import sys
from pathlib import Path

import pytest

from abacist.apps import cli


@pytest.fixture
def abacist(capsys, monkeypatch):
    """Run a command; return exit status, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["abacist", *arguments])
        status = cli.run()
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def books(tmp_path: Path) -> Path:
    folder = tmp_path / "books"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number}.txt").write_text(f"Book {number}. The cat sat on the mat, again and again.\n" * 20)
    (folder / "broken.txt").write_bytes(b"caf\xc3\xa9 caf\xc3\xa9 \xff end\n")
    (folder / "zeros.bin").write_bytes(bytes(500))
    return folder


def test_a_folder_is_told(abacist, books):
    status, out, err = abacist("text", str(books), "--vocab-size", "300")
    assert (status, err) == (0, "")
    assert out.startswith("13 documents, ")
    assert "2 faults" in out
    assert "zeros.bin: is no text (binary data); left out" in out
    assert "broken.txt, byte 12: bytes that are no UTF-8, replaced: ff" in out
    lines = {line.split("│")[1].strip(): line for line in out.splitlines() if "│" in line}
    assert {"character", "word", "bpe"} == set(lines)
    assert " 300 " in lines["bpe"]
    assert " 1.00 " in lines["character"]


def test_json_has_everything(abacist, books):
    status, out, _ = abacist(
        "text", str(books), "--json", "--tokenizer", "word", "--vocab-size", "8", "--split", "last"
    )
    assert status == 0
    found = json.loads(out)
    assert found["documents"] == 13
    assert {fault["source"] for fault in found["faults"]} == {"broken.txt", "zeros.bin"}
    (word,) = found["tokenizers"]
    assert word["vocabulary"] == 8
    assert 0 < word["unknown"] < word["tokens"]
    assert word["characters_per_token"] == pytest.approx(found["characters"] / word["tokens"])
    assert found["overlap"]["window"] == 50
    assert 0 < found["overlap"]["share"] < 1


@pytest.mark.parametrize(
    ("split", "told"),
    [
        (["document"], "No document fell on the validation side, where a share of 0.1 of them is expected; choose "),
        (
            ["block"],
            "No block fell on the validation side, where a share of 0.1 of them is expected; choose --split last.",
        ),
        (["document", "--validation", "0"], "Nothing is on the validation side: --validation is 0."),
        (["last"], "% of the validation text's stretches of 50 characters stand in the training text, too"),
    ],
)
def test_where_nothing_falls_on_the_validation_side_it_says_what_to_choose(abacist, tmp_path, split, told):
    (tmp_path / "a.txt").write_text("The cat sat on the mat, again and again.\n" * 100)
    status, out, _ = abacist("text", str(tmp_path / "a.txt"), "--tokenizer", "character", "--split", *split)
    assert status == 0
    assert told in out
    assert ("; choose --split last or, for longer documents, --split block." in out) == (split == ["document"])


def test_latex_is_read_as_latex(abacist, tmp_path):
    (tmp_path / "a.tex").write_text("\\newcommand{\\R}{r}\n\\begin{document}\n$\\R$ {\n\\end{document}\n")
    status, out, _ = abacist("text", str(tmp_path), "--tokenizer", "latex", "--set", "macros=expand", "--json")
    assert status == 0
    assert json.loads(out)["characters"] == len("$r$ {\n")
    status, out, _ = abacist("text", str(tmp_path), "--corpus", "files", "--tokenizer", "character", "--json")
    assert json.loads(out)["faults"] == []
    assert json.loads(out)["characters"] == (tmp_path / "a.tex").stat().st_size


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nowhere"], "no file or folder nowhere"),
        (["empty"], "empty holds no text"),
        (["zeros"], "zeros: is no text (binary data)"),
        (["a.txt", "--tokenizer", "bqe"], "did you mean bpe?"),
        (["a.txt", "--corpus", "flies"], "did you mean files?"),
        (["a.txt", "--set", "macros=keep"], "macros: unknown setting"),
        (["a.txt", "--tokenizer", "latex", "--vocab-size", "4"], "latex: vocab_size must be at least"),
        (["a.txt", "--tokenizer", "bpe", "--vocab-size", "4"], "vocab_size must be at least 259"),
        (["a.txt", "--tokenizer", "file"], "file: path: name a tokenizer.json"),
        (["a.txt", "--split", "line"], "by must be one of document, block, last"),
        (["http://127.0.0.1:9/a.txt"], "cannot be fetched"),
    ],
)
def test_a_mistake_gets_one_clear_line(abacist, tmp_path, monkeypatch, arguments, word):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "zeros").write_bytes(bytes(99))
    (tmp_path / "a.txt").write_text("some text\n")
    status, _, err = abacist("text", *arguments)
    assert status == 1
    assert word in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err
