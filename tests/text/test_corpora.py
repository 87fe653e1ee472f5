"""Files, folders and addresses: what they yield, in which order, and what is said where there is nothing."""

import errno
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.errors import DataError, SettingsError
from abacist.text.corpora.files import Files
from abacist.text.corpora.url import Url
from abacist.text.corpus import Document, Fault, corpus_at, in_pieces, survey


def documents(corpus: Any) -> tuple[list[tuple[str, str]], list[str]]:
    faults: list[Fault] = []
    whole: dict[str, str] = {}
    for document in corpus.documents(faults):
        assert (document.part == 0) == (document.name not in whole)
        whole[document.name] = whole.get(document.name, "") + document.text
    return list(whole.items()), list(map(str, faults))


def test_a_folder_comes_in_alphabetical_order(tmp_path: Path):
    for name in ("b.txt", "a/z.txt", "a.txt", "a/.hidden", ".git/config", "B.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"text of {name}\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    found, faults = documents(Files([str(tmp_path)]))
    assert found == [(name, f"text of {name}\n") for name in ("B.txt", "a.txt", "a/z.txt", "b.txt")]
    assert faults == ["picture.png: is no text (binary data); left out"]


def test_several_paths_keep_their_order_and_name_their_folders(tmp_path: Path):
    for name in ("one/x.txt", "two/x.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)
    found, _ = documents(Files([str(tmp_path / "two"), str(tmp_path / "one"), str(tmp_path / "one" / "x.txt")]))
    assert found == [("two/x.txt", "two/x.txt"), ("one/x.txt", "one/x.txt"), ("x.txt", "one/x.txt")]


def test_endings_choose(tmp_path: Path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "a.py").write_text("b")
    assert documents(Files([str(tmp_path)], [".txt"]))[0] == [("a.txt", "a")]
    with pytest.raises(DataError, match=r"no file that ends in \.md in this folder"):
        documents(Files([str(tmp_path)], [".md"]))


def test_nothing_is_one_clear_line(tmp_path: Path):
    with pytest.raises(DataError, match="holds no text: there is no file in this folder"):
        documents(Files([str(tmp_path)]))
    with pytest.raises(DataError, match=r"no file or folder .*absent"):
        documents(Files([str(tmp_path / "absent")]))
    (tmp_path / "zeros").write_bytes(bytes(999))
    with pytest.raises(DataError, match=r"holds no text: zeros: is no text \(binary data\)"):
        documents(Files([str(tmp_path)]))
    with pytest.raises(SettingsError, match="at least one"):
        Files([])


def test_a_long_document_comes_in_parts_at_line_ends(tmp_path: Path, monkeypatch):
    text = "".join(f"line {number}\n" for number in range(400_000))
    (tmp_path / "long.txt").write_text(text)
    parts = list(Files([str(tmp_path / "long.txt")]).documents([]))
    assert [document.part for document in parts] == list(range(len(parts)))
    assert len(parts) > 3
    assert all(document.text.endswith("\n") for document in parts)
    assert "".join(document.text for document in parts) == text


@given(chunks=st.lists(st.text("ab\n", max_size=30)), size=st.integers(1, 20))
def test_pieces_are_the_whole(chunks: list[str], size: int):
    pieces = list(in_pieces(chunks, size))
    assert "".join(pieces) == "".join(chunks)
    assert all(0 < len(piece) <= size for piece in pieces)
    assert all(piece.endswith("\n") or "\n" not in piece for piece in pieces[:-1])


def test_a_survey_counts_and_its_digest_tells_corpora_apart(tmp_path: Path):
    def of(**files: str) -> str:
        folder = tmp_path / str(abs(hash(tuple(files.items()))))
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        return survey(Files([str(folder)])).digest

    digests = [of(a="é\n", b="x"), of(a="é\n", c="x"), of(a="é\nx", b=""), of(a="é\n", b="y"), of(a="é\nb1x", b="x")]
    assert len(set(digests)) == len(digests)
    (tmp_path / "u16").mkdir()
    (tmp_path / "u16" / "a").write_bytes("é\r\n".encode("utf-16"))
    (tmp_path / "u16" / "b").write_text("x")
    found = survey(Files([str(tmp_path / "u16")]))
    assert (found.documents, found.characters, found.utf8_bytes, found.faults) == (2, 3, 4, [])
    assert found.digest == digests[0]


def test_how_a_document_is_cut_does_not_change_the_digest(tmp_path: Path, monkeypatch):
    (tmp_path / "a").write_text("one\ntwo\nthree\n" * 100)
    whole = survey(Files([str(tmp_path)]))
    monkeypatch.setattr("abacist.text.corpora.files.in_pieces", lambda chunks: in_pieces(chunks, 7))
    assert survey(Files([str(tmp_path)])) == whole


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/a%20book.txt"
        self.send_response(200 if found else 404)
        self.end_headers()
        if found:
            self.wfile.write("from afar: é\n".encode())

    def log_message(self, format: str, *arguments: Any) -> None:
        """Stay silent."""


@pytest.fixture
def server(monkeypatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    served = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    thread.join()
    served.server_close()


def test_an_address_is_fetched_once_and_kept(server: str, tmp_path: Path):
    corpus = Url(f"{server}/a%20book.txt", str(tmp_path / "kept"))
    assert list(corpus.documents([])) == [Document(corpus.url, "from afar: é\n")]
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.name.endswith("-a book.txt")
    kept.write_text("what is kept")
    assert list(corpus.documents([])) == [Document(corpus.url, "what is kept")]


def test_an_address_that_fails_is_one_clear_line(server: str, tmp_path: Path):
    for url in (f"{server}/absent", "http://127.0.0.1:9/x.txt", "http://no.such.host.invalid/x.txt"):
        with pytest.raises(DataError, match=r"cannot be fetched: .*give the path of a file instead") as caught:
            list(Url(url, str(tmp_path)).documents([]))
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SettingsError, match="must begin with http"):
        Url("file:///etc/passwd")


def test_an_address_is_kept_in_the_user_s_cache(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Url("https://example.org/a/b.txt?c=d").path.parent == tmp_path / "abacist"
    assert Url("https://example.org/").path.name.endswith("-index")


def test_the_corpus_is_chosen_by_its_paths(tmp_path: Path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "a.tex").write_text("a")
    (tmp_path / "a.txt").write_text("a")
    assert corpus_at(["https://example.org/a.txt"]).name == "url"
    assert corpus_at([str(tmp_path / "t")]).name == corpus_at([str(tmp_path / "t" / "a.tex")]).name == "latex"
    assert corpus_at([str(tmp_path / "a.txt"), str(tmp_path / "t")]).name == "files"
    for name in ("b.tex", "b.txt", "c.md", "d.png", ".e.txt"):
        (tmp_path / "t" / name).write_text("a")
    assert corpus_at([str(tmp_path / "t")]).name == "files"  # as many texts of other kinds as LaTeX
    (tmp_path / "t" / "below").mkdir()
    (tmp_path / "t" / "below" / "c.tex").write_text("a")
    assert corpus_at([str(tmp_path / "t")]).name == "latex"


def test_what_is_no_file_is_left_out_and_told(tmp_path: Path):
    folder = tmp_path / "books"
    folder.mkdir()
    (folder / "a.txt").write_text("a book\n")
    os.mkfifo(folder / "pipe.txt")
    (folder / "gone.txt").symlink_to(tmp_path / "nowhere")
    (folder / "round.txt").symlink_to(folder / "round.txt")
    (folder / "more").symlink_to(tmp_path)
    found, faults = documents(Files([str(folder)]))
    assert found == [("a.txt", "a book\n")]
    left_out = [f"{name}.txt: is no file that can be read; left out" for name in ("gone", "pipe", "round")]
    assert [str(each) for each in faults] == ["more: is a link to a folder; left out", *left_out]
    with pytest.raises(DataError, match=r"pipe\.txt is neither a file nor a folder"):
        documents(Files([str(folder / "pipe.txt")]))
    with pytest.raises(DataError, match="no file or folder x"):
        documents(Files(["x" * 300]))


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "closed").mkdir()
    for name in ("a.txt", "closed/b.txt"):
        (tmp_path / name).write_text(name)
    listed = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found, faults = documents(Files([str(tmp_path)]))
    assert found == [("a.txt", "a.txt")]
    assert [str(each) for each in faults] == ["closed: cannot be read: Permission denied; left out with all in it"]
    with pytest.raises(DataError, match=r"there is no file in this folder \(\.: cannot be read: Permission denied"):
        documents(Files([str(tmp_path / "closed")]))
