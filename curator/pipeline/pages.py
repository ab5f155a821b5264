"""Web pages as they were sent, so that the next crawl need ask only for what has changed."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from curator.collect.fetch import Reply
from curator.store.blobs import write_atomic
from curator.store.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Pages:
    """A part of the cache: may be deleted at any time, then all pages are sent again."""

    folder: Path

    @classmethod
    def of(cls, dataset: Dataset) -> Pages:
        """Those of a dataset."""
        return cls(dataset.cache / "pages")

    def get(self, url: str) -> Reply | None:
        """What was sent for an address, None if nothing was kept or it cannot be read."""
        try:
            return msgspec.msgpack.decode(self._place(url).read_bytes(), type=Reply)
        except (OSError, msgspec.DecodeError):
            return None

    def put(self, url: str, reply: Reply) -> None:
        """Keep it in place of what was kept before.

        Raises:
            StoreError: if it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self._place(url), msgspec.msgpack.encode(reply))

    def clear(self) -> None:
        """Keep none: they name pictures, and nobody knows which."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _place(self, url: str) -> Path:
        return self.folder / hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
