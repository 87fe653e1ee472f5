"""Bytes to text: encodings are found, bad bytes are told with their place, and nothing stops."""

import codecs
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.text.corpus import LISTED, Fault
from abacist.text.decoding import CHUNK, REPLACEMENT, encoding_of, read_text, whole_text

FRENCH = "Là où l'été a été gâché, l'élève naïf préfère la forêt; le cœur – déçu – « espère »…\n"
CHINESE = "我们研究代数几何，特别是概形。\n这是第二行。\n"
GERMAN = "Größe und Übung ändern Mühlräder.\nWeiß, süß, schön.\n"


def read(tmp_path: Path, data: bytes) -> tuple[str, list[Fault]]:
    faults: list[Fault] = []
    (tmp_path / "a.txt").write_bytes(data)
    return whole_text(tmp_path / "a.txt", "a.txt", faults), faults


@pytest.mark.parametrize(
    "text", [FRENCH, CHINESE, GERMAN, "plain\nlines\n", "😀 and more\n"], ids=["fr", "zh", "de", "en", "x"]
)
@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
def test_encodings_are_found(tmp_path: Path, mark: bytes, name: str, text: str):
    assert read(tmp_path, mark + text.encode(name)) == (text, [])


@pytest.mark.parametrize("text", [FRENCH, GERMAN])
def test_windows_1252_is_read_and_told(tmp_path: Path, text: str):
    found, faults = read(tmp_path, text.encode("cp1252"))
    assert found == text
    assert [str(fault) for fault in faults] == ["a.txt: is not UTF-8; read as Windows-1252"]


def test_a_sign_beyond_ascii_deep_in_a_file_decides(tmp_path: Path):
    plain = "only ASCII here\n" * (CHUNK // 8)
    assert read(tmp_path, (plain + GERMAN).encode("cp1252"))[0].endswith(GERMAN)
    assert read(tmp_path, (plain + CHINESE).encode())[0] == plain + CHINESE


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff"), max_size=40), cut=st.integers(1, 7))
def test_utf_8_is_itself(tmp_path_factory: pytest.TempPathFactory, text: str, cut: int):
    path = tmp_path_factory.getbasetemp() / "u.txt"
    path.write_bytes(b"text: " + text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("abacist.text.decoding.CHUNK", cut)
        if text.encode().count(0) == 0 and encoding_of(path.read_bytes()) == ("utf-8", 0):
            assert whole_text(path, "u", []) == f"text: {text}"


def test_bad_bytes_are_replaced_and_told_with_their_place(tmp_path: Path):
    data = "é one ".encode() + b"\xff\xfe" + b" two " + b"\xc3" + b" three"
    text, faults = read(tmp_path, data)
    assert text == f"é one {REPLACEMENT}{REPLACEMENT} two {REPLACEMENT} three"
    assert [(fault.offset, fault.source) for fault in faults] == [(7, "a.txt"), (14, "a.txt")]
    assert "ff fe" in faults[0].what
    assert str(faults[1]) == "a.txt, byte 14: bytes that are no UTF-8, replaced: c3"


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 64])
def test_places_do_not_depend_on_chunks(tmp_path: Path, chunk: int, monkeypatch):
    data = "äöü 漢字\r\n".encode() * 3 + b"\xf0\x9f" + b" end\r" + b"\nx\0y"
    whole = read(tmp_path, data)
    monkeypatch.setattr("abacist.text.decoding.CHUNK", chunk)
    monkeypatch.setattr("abacist.text.decoding._sample", lambda file: data)
    text, faults = read(tmp_path, data)
    assert text == whole[0] == "äöü 漢字\n" * 3 + f"{REPLACEMENT} end\nx{REPLACEMENT}y"
    assert [fault.offset for fault in faults] == [fault.offset for fault in whole[1]] == [45, 54]


def test_a_cut_character_at_the_end_is_told(tmp_path: Path):
    text, (fault,) = read(tmp_path, "aéb漢".encode()[:-1])
    assert (text, fault.offset) == (f"aéb{REPLACEMENT}", 4)
    text, (fault,) = read(tmp_path, codecs.BOM_UTF16_LE + "ab".encode("utf-16-le") + b"c")
    assert (text, fault.offset) == (f"ab{REPLACEMENT}", 6)


def test_many_bad_bytes_are_counted_not_listed(tmp_path: Path):
    _, faults = read(tmp_path, "ééé ".encode() * 200 + b"a\xff " * 100)
    assert len(faults) == LISTED + 1
    assert faults[-1].what == "bad bytes at 80 more places, replaced"


@pytest.mark.parametrize(
    "data",
    [b"\0" * 5000, bytes(range(256)) * 40, b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 50, b"\x7fELF\2\1\1" + b"\0" * 64],
)
def test_what_is_no_text_is_refused_in_one_line(tmp_path: Path, data: bytes):
    text, faults = read(tmp_path, data)
    assert text == ""
    assert [str(fault) for fault in faults] == ["a.txt: is no text (binary data); left out"]


def test_an_empty_file_is_told(tmp_path: Path):
    assert read(tmp_path, b"") == ("", [Fault("a.txt", "is empty")])


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path):
    faults: list[Fault] = []
    assert list(read_text(tmp_path, "folder", faults)) == []
    assert "cannot be read" in str(faults[0])


@given(data=st.binary(max_size=300))
def test_no_bytes_stop_anything(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    path = tmp_path_factory.getbasetemp() / "b.txt"
    path.write_bytes(data)
    text = whole_text(path, "b", faults := [])
    assert "\0" not in text
    assert text or faults


def test_memory_stays_flat(tmp_path: Path):
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        for _ in range(48):
            file.write(FRENCH.encode() * (2**20 // len(FRENCH.encode())))
    tracemalloc.start()
    try:
        characters = sum(map(len, read_text(path, "big", [])))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert characters > 38_000_000
    assert peak < 12 * 2**20
