"""The contract of corpora: documents in one order, in parts, without NUL, each time the same."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from abacist.core.catalogue import build, load, own_names, settings_class
from abacist.core.errors import DataError
from abacist.core.settings import check, dump
from abacist.text.corpora.url import Url
from abacist.text.corpus import FOLDER, Corpus, Fault, TokenCorpus, corpus_at, survey, texts

CONTENT = {
    "a.tex": b"One $x$.\r\n",
    "b/c.tex": "Two: \xe9.\n".encode("utf-16"),
    "d.tex": b"\0\0\0\0",
    "e.tex": b"a\xc3\xa9\xffb\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in CONTENT.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(data)
    return tmp_path / "in"


def settings(name: str, folder: Path) -> dict[str, Any]:
    if name != "url":
        return {"paths": [str(folder)]}
    values = {"url": "https://example.org/e.tex", "folder": str(folder.parent / "kept")}
    kept = Url(**values).path  # as if it had been fetched
    kept.parent.mkdir()
    kept.write_bytes(CONTENT["e.tex"])
    return values


with_documents = [name for name in own_names(FOLDER) if issubclass(load(FOLDER, name), Corpus)]
over_every_corpus = pytest.mark.parametrize("name", with_documents)
over_every_token_corpus = pytest.mark.parametrize("name", [n for n in own_names(FOLDER) if n not in with_documents])


@over_every_corpus
def test_documents_are_the_same_each_time(name: str, folder: Path):
    corpus: Corpus = build(FOLDER, {"name": name, **settings(name, folder)})
    one, other = list[Fault](), list[Fault]()
    documents = list(corpus.documents(one))
    assert documents == list(corpus.documents(other))
    assert one == other
    assert documents
    assert all(document.text and not {"\0", "\r"} & set(document.text) for document in documents)
    assert "".join(texts(corpus)) == "".join(document.text for document in documents)
    assert survey(corpus) == survey(corpus)


@over_every_corpus
def test_it_is_lazy(name: str, folder: Path):
    corpus: Corpus = build(FOLDER, {"name": name, **settings(name, folder)})
    assert inspect.isgenerator(corpus.documents([]))


@over_every_corpus
def test_bad_bytes_are_told_with_file_and_place(name: str, folder: Path):
    faults: list[Fault] = []
    list(build(FOLDER, {"name": name, **settings(name, folder)}).documents(faults))
    (fault,) = [fault for fault in faults if fault.offset is not None]
    assert fault.offset == 3
    assert fault.source.endswith("e.tex")


@over_every_corpus
def test_settings_survive_dump_and_check(name: str, folder: Path):
    values = settings(name, folder)
    made = build(FOLDER, {"name": name, **values})
    assert check(settings_class(FOLDER, name), dump(made)) == made


@over_every_corpus
def test_nothing_there_is_an_error_of_one_line(name: str, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    values = {"url": "http://127.0.0.1:9/a", "folder": str(tmp_path)} if name == "url" else {"paths": [str(tmp_path)]}
    with pytest.raises(DataError) as caught:
        list(build(FOLDER, {"name": name, **values}).documents([]))
    assert "\n" not in str(caught.value)


@over_every_token_corpus
def test_one_of_tokens_names_its_files_and_what_their_ids_are(name: str, tmp_path: Path):
    for file in ("train.bin", "val.bin"):
        (tmp_path / file).write_bytes(bytes([0, 0, 1, 0]))
    (tmp_path / "meta.json").write_text('["a", "b"]')
    part = corpus_at([str(tmp_path)])
    assert part.name == name
    corpus: TokenCorpus = build(FOLDER, part)
    assert [path.name for path in corpus.files()] == ["train.bin", "val.bin"]
    found = corpus.tokenizer()
    assert found is not None
    assert found[1].vocabulary[3:] == ["a", "b"]
    assert check(settings_class(FOLDER, name), dump(corpus)) == corpus


@over_every_token_corpus
def test_no_tokens_there_is_an_error_of_one_line(name: str, tmp_path: Path):
    with pytest.raises(DataError) as caught:
        build(FOLDER, {"name": name, "path": str(tmp_path)}).files()
    assert "\n" not in str(caught.value)
