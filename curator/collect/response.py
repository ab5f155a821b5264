"""The answer of a server: the body as :mod:`http.client` reads it, the head by ourselves.

http.client reads headers as those of an e-mail, which takes longer than all else that is done
for a small picture.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.client import BadStatusLine, HTTPException, HTTPResponse, LineTooLong, RemoteDisconnected

# As in http.client: of one line in bytes, and of lines.
_LONGEST = 65_536
_MOST = 100
_BODILESS = frozenset({204, 304})


class Response(HTTPResponse):
    """The answer to a GET (RFC 9112); the body is not read yet.

    Attributes:
        fields: Every header as it was sent, names in lower case, values as Latin-1.
        first: Name, lower case -> value; of one that was sent twice the first.
    """

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, method="GET")
        self.fields: list[tuple[str, str]] = []
        self.first: dict[str, str] = {}

    def begin(self) -> None:
        """Read the head.

        Raises:
            HTTPException: if it is none.
            OSError: if the connection breaks.
        """
        version, self.status, self.reason = self._status_line()
        while self.status == 100:
            list(self._lines())
            version, self.status, self.reason = self._status_line()
        self.code = self.status
        self.version = 10 if version == "HTTP/1.0" else 11
        self.fields = list(_fields(self._lines()))
        self.first = dict(reversed(self.fields))
        self._frame()

    def _status_line(self) -> tuple[str, int, str]:
        line = self._line()
        if not line:
            raise RemoteDisconnected("the server closed the connection without an answer")
        version, _, rest = line.decode("latin-1").strip().partition(" ")
        code, _, reason = rest.strip().partition(" ")
        if not version.startswith("HTTP/1.") or len(code) != 3 or not code.isdecimal():
            raise BadStatusLine(repr(line[:100]))
        return version, int(code), reason.strip()

    def _frame(self) -> None:
        """Where the body ends, and whether the connection may be used again (RFC 9112, 6.3)."""
        headers = self.first
        connection = headers.get("connection", "").lower()
        self.will_close = "close" in connection or (
            self.version == 10 and "keep-alive" not in connection
        )
        # What http.client keeps of these has no other types.
        self.chunked = headers.get("transfer-encoding", "").strip().lower() == "chunked"
        self.chunk_left = None
        self.length = None if self.chunked else _length(headers.get("content-length", ""))
        if self.status in _BODILESS or self.status < 200:
            self.length = 0
        if self.length is None and not self.chunked:
            self.will_close = True

    def _lines(self) -> Iterator[bytes]:
        count = 0
        while (line := self._line()) not in (b"\r\n", b"\n", b""):
            count += 1
            if count > _MOST:
                raise HTTPException(f"more than {_MOST} headers")
            yield line

    def _line(self) -> bytes:
        line = self.fp.readline(_LONGEST + 1)
        if len(line) > _LONGEST:
            raise LineTooLong("header line")
        return line


def _fields(lines: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    name, value = "", ""
    for line in lines:
        text = line.decode("latin-1")
        if text[0] in " \t":
            # Goes on with the line before, as servers did once (RFC 9112, 5.2).
            value += " " + text.strip()
            continue
        if name:
            yield name, value
        name, _, value = text.partition(":")
        name, value = name.strip().lower(), value.strip()
    if name:
        yield name, value


def _length(stated: str) -> int | None:
    # Python refuses to read numbers of thousands of digits; nothing is that long.
    return int(stated) if stated.isdecimal() and len(stated) < 20 else None
