"""A text file from an address."""

import hashlib
import os
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from abacist.core.errors import DataError, SettingsError
from abacist.text.corpora.files import Files
from abacist.text.corpus import Corpus, Document, Fault

SECONDS = 30
"""Waited for an answer, and for each part of it."""


@dataclass(frozen=True)
class Url(Corpus):
    """One text file from the network, kept on disk: it is fetched once, and a kept one needs no network."""

    url: str
    folder: str = ""
    """Where it is kept; empty for `abacist` in the user's cache folder."""

    def __post_init__(self) -> None:
        if urllib.parse.urlsplit(self.url).scheme not in ("http", "https"):
            raise SettingsError(f"url must begin with http:// or https://, got {self.url!r}")

    @property
    def path(self) -> Path:
        """Where the file is kept: its own name behind a hash of the address."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "abacist"
        name = Path(urllib.parse.unquote(urllib.parse.urlsplit(self.url).path)).name or "index"
        return Path(self.folder or cache) / f"{hashlib.sha256(self.url.encode()).hexdigest()[:12]}-{name}"

    def documents(self, faults: list[Fault]) -> Iterator[Document]:
        """Yield the file. Raises: DataError if it has to be fetched and cannot be, or if it is no text."""
        path = self.path
        if not path.is_file():
            self._fetch(path)
        for document in Files([str(path)]).documents(faults):
            yield Document(self.url, document.text, document.part)

    def _fetch(self, path: Path) -> None:
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            request = urllib.request.Request(self.url, headers={"User-Agent": "abacist"})
            with urllib.request.urlopen(request, timeout=SECONDS) as answer, unfinished.open("wb") as file:
                shutil.copyfileobj(answer, file, 2**20)
                expected = answer.headers.get("Content-Length")
            if expected is not None and unfinished.stat().st_size != int(expected):
                raise HTTPException("the answer broke off")
            unfinished.replace(path)
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise DataError(
                f"{self.url} cannot be fetched: {reason}; where there is no network, give the path of a file instead"
            ) from None
        finally:
            unfinished.unlink(missing_ok=True)
