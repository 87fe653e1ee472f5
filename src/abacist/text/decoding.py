"""Bytes of unknown encoding to text, a chunk at a time; bad bytes are told with their place, and nothing stops."""

import codecs
import io
import threading
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from abacist.core.errors import DataError
from abacist.text.corpus import LISTED, Fault

CHUNK = 2**20
"""Bytes read at once."""

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# UTF-32 before UTF-16, whose mark it begins with.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks and the encodings they tell."""

DECODERS: dict[str, Callable[[bytes, str, bool], tuple[str, int]]] = {
    "utf-8": codecs.utf_8_decode,
    "utf-16-le": codecs.utf_16_le_decode,
    "utf-16-be": codecs.utf_16_be_decode,
    "utf-32-le": codecs.utf_32_le_decode,
    "utf-32-be": codecs.utf_32_be_decode,
    "cp1252": lambda data, errors, _: codecs.getdecoder("cp1252")(data, errors),
}
"""Functions of (bytes, errors, whether these are the last) to (text, how many bytes it is of)."""

MOST_CONTROLS = 0.01
"""Share of control characters above which bytes are no text; a few there may be in any."""

_TEXT_CONTROLS = b"\t\n\x0b\x0c\r\x1b"
_CONTROLS = bytes(set(range(32)) - set(_TEXT_CONTROLS) | {127})


def encoding_of(sample: bytes) -> tuple[str, int] | None:
    """Return the encoding that bytes from the start of a file are in, and the length of its mark; None for no text.

    A byte order mark decides. Without one: text whose every second byte is NUL is UTF-16, what decodes is UTF-8,
    what decodes to ordinary characters and spaces is UTF-16 again, what has control characters is no text. Of
    what remains, bytes that stand as letters among letters are Windows-1252 (of which printable Latin-1 is a
    part), and others are damage in UTF-8.
    """
    for mark, name in MARKS:
        if sample.startswith(mark):
            return name, len(mark)
    zeros = sample.count(0)
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if zeros and max(even, odd) > len(sample) / 5:
        name = "utf-16-le" if odd > even else "utf-16-be"
        return (name, 0) if _is_plausible(sample, name) else None
    damage: list[tuple[int, int]] = []
    text, _ = _decode("utf-8", sample, False, damage)
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    binary = controls > 3 + MOST_CONTROLS * len(sample)
    if not damage and not binary:
        return "utf-8", 0
    if zeros:
        likely = [name for name in ("utf-16-le", "utf-16-be") if _is_plausible(sample, name)]
        if likely:
            return likely[0], 0
    if binary:
        return None
    multibyte = sum(character > "\x7f" and character != REPLACEMENT for character in text)
    if multibyte >= len(damage):
        return "utf-8", 0
    return ("cp1252", 0) if _is_western(sample) else ("utf-8", 0)


def _is_plausible(sample: bytes, name: str) -> bool:
    """Tell whether bytes read as UTF-16 are assigned characters with spaces or line ends among them."""
    damage: list[tuple[int, int]] = []
    text, _ = _decode(name, sample, False, damage)
    odd = sum(unicodedata.category(each) in ("Cc", "Cn", "Co", "Cs") and each not in "\t\n\r\f\v" for each in text)
    spaces = sum(each in " \n\r\t\u3000\u3001\u3002" for each in text)
    return len(text) > 0 and odd <= MOST_CONTROLS * len(text) and spaces * 200 >= min(len(text), 200)


def _is_western(sample: bytes) -> bool:
    """Tell whether the bytes above 127 make sense in Windows-1252: letters beside letters, and signs of print."""
    text = sample.decode("cp1252", "replace")
    high = [place for place, character in enumerate(text) if character > "\x7f"]

    def fits(place: int) -> bool:
        character = text[place]
        if character in f"ÿþ{REPLACEMENT}":  # bytes FE and FF are in binary data far more often than in texts
            return False
        beside = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
        return not character.isalpha() or any(each.isalpha() for each in beside) or not beside.strip()

    return sum(map(fits, high)) > 0.9 * len(high)


_noted = threading.local()


def _note(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    _noted.damage.append((error.start, error.end))
    return REPLACEMENT, error.end


codecs.register_error("abacist.note", _note)


def _decode(name: str, data: bytes, last: bool, damage: list[tuple[int, int]]) -> tuple[str, int]:
    """Decode as many bytes as are whole characters; add where the damage is, from the first of them."""
    _noted.damage = damage
    return DECODERS[name](data, "abacist.note", last)


def read_text(path: Path, source: str, faults: list[Fault]) -> Iterator[str]:
    """Yield the text of a file a chunk at a time: without mark, its lines ended by a newline alone.

    Bytes that are no character, and NUL, become the replacement character; `faults` gets where they are, under
    the name `source`. So does a file that is not UTF-8 or UTF-16, is no text, is empty or cannot be read: of
    the last three nothing is yielded.
    """
    try:
        with path.open("rb") as file:
            found = encoding_of(_sample(file))
            size = file.seek(0, io.SEEK_END)
            if size == 0:
                faults.append(Fault(source, "is empty"))
                return
            if found is None:
                faults.append(Fault(source, "is no text (binary data); left out"))
                return
            name, start = found
            if name == "cp1252":
                faults.append(Fault(source, "is not UTF-8; read as Windows-1252"))
            file.seek(start)
            yield from _decoded(file, start, name, source, faults)
    except OSError as error:
        faults.append(Fault(source, f"cannot be read: {error.strerror or error}"))


def whole_text(path: Path, source: str, faults: list[Fault]) -> str:
    """Return the text of a file at once, empty where `read_text` yields nothing."""
    return "".join(read_text(path, source, faults))


def _sample(file: BinaryIO) -> bytes:
    """Return the first chunk with anything but ASCII in it, or the very first: it tells the encoding."""
    first = b""
    while chunk := file.read(CHUNK):
        first = first or chunk
        if not chunk.isascii() or b"\0" in chunk:
            # A chunk from the middle may begin within a character, and with what looks like a mark.
            return chunk if chunk is first else b"\n" + chunk.lstrip(bytes(range(0x80, 0xC0)))
    return first


def _decoded(file: BinaryIO, start: int, name: str, source: str, faults: list[Fault]) -> Iterator[str]:
    lines = io.IncrementalNewlineDecoder(None, translate=True)
    pending, base, listed, untold = b"", start, 0, 0
    last = False
    while not last:
        read = file.read(CHUNK)
        last = not read
        data = pending + read
        damage: list[tuple[int, int]] = []
        text, used = _decode(name, data, last, damage)
        if "\0" in text:
            damage += _zeros(name, text, data[:used])
            text = text.replace("\0", REPLACEMENT)
        for begin, end in _runs(damage):
            if listed < LISTED:
                shown = data[begin : min(end, begin + 8)].hex(" ")
                more = "" if end - begin <= 8 else " ..."
                what = "NUL bytes" if not any(data[begin:end]) else f"bytes that are no {name.upper()}"
                faults.append(Fault(source, f"{what}, replaced: {shown}{more}", offset=base + begin))
                listed += 1
            else:
                untold += 1
        pending, base = data[used:], base + used
        yield lines.decode(text, last)
    if untold:
        faults.append(Fault(source, f"bad bytes at {untold:,} more places, replaced"))


def _zeros(name: str, text: str, data: bytes) -> list[tuple[int, int]]:
    """Return where characters NUL stand in bytes; nearby where there is other damage before them."""
    width = len("\0".encode(name))
    if width == 1:
        return [(place, place + 1) for place, byte in enumerate(data) if not byte]
    places, at = [], 0
    for character in text:
        size = len(character.encode(name))
        if character == "\0":
            places.append((at, at + size))
        at += size
    return places


def _runs(places: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join places that touch."""
    begin = end = -1
    for first, after in sorted(places):
        if first == end:
            end = after
            continue
        if end > begin:
            yield begin, end
        begin, end = first, after
    if end > begin:
        yield begin, end


def found(path: str) -> Path:
    """Return a path that exists. Raises: DataError."""
    result = Path(path)
    try:
        exists = result.exists()
    except OSError:  # such as a name that is too long
        exists = False
    if not exists:
        raise DataError(f"no file or folder {path} to take text from")
    return result
