"""The large text files of an export."""

from __future__ import annotations

from hashlib import sha256


class TextFile:
    """A text file of an export that grows piece by piece; UTF-8."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "xb", buffering=1 << 18)  # noqa: PTH123, SIM115
        self._hash = sha256()

    def write(self, text: str) -> None:
        """Append."""
        data = text.encode()
        self._hash.update(data)
        self._file.write(data)

    def close(self) -> str:
        """Finish; returns the sha256 of the content."""
        self._file.close()
        return self._hash.hexdigest()
