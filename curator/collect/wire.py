"""Connections that can be cut: by their deadline, and all of them when the work is called off.

Connections are kept open and used again, each for one host alone; the guard is asked in the one
place where a new one is made.

A server that drips one byte now and then never runs into a read time-out. So every connection
has a second handle to its socket, and one watching thread shuts down those that are over
time; the reader then wakes up at once, wherever it waits.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from functools import cache
from http.client import InvalidURL
from urllib.parse import urlsplit

import certifi
from urllib3.util import wait_for_read

from curator.collect.addresses import split
from curator.collect.guard import Guard
from curator.collect.response import Response

_TICK = 0.1
_PORTS = {"http": 80, "https": 443}
# Of so many hosts connections are kept open; a crawl of the whole web must not keep them all.
_REMEMBERED = 64


class Line:
    """One request on the network, from resolving the name to the last byte."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.is_cut = False
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None

    def hold(self, handle: socket.socket) -> None:
        """From now on this is the socket to cut.

        Raises:
            TimeoutError: if the request was cut already.
        """
        with self._lock:
            if self.is_cut:
                raise TimeoutError("cut")
            self._handle = handle

    def cut(self) -> None:
        """Wake the reader up with the end of the stream; from any thread."""
        with self._lock:
            self.is_cut = True
            if self._handle is not None:
                with contextlib.suppress(OSError):
                    self._handle.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """The request is over; the connection may live on."""
        with self._lock:
            self._handle = None


class _Connection:
    """To one host, at an address that the guard allows; opened with the first request."""

    def __init__(self, scheme: str, netloc: str, timeout: float, guard: Guard) -> None:
        parts = urlsplit(f"//{netloc}")
        self.host = parts.hostname or ""
        self.port = parts.port or _PORTS[scheme]
        self.sock: socket.socket | None = None
        self.handle: socket.socket | None = None
        self._is_secure = scheme == "https"
        self._timeout = timeout
        self._guard = guard

    def ask(self, request: bytes, line: Line) -> Response:
        """Send a request and read the head of its answer.

        Raises:
            Refusal: ``forbidden-address`` if the guard objects.
            OSError, HTTPException: for whatever else may go wrong.
        """
        if self.handle is not None:
            line.hold(self.handle)
        sock = self.sock or self._connect(line)
        sock.sendall(request)
        response = Response(sock)
        try:
            response.begin()
        except BaseException:
            response.close()
            raise
        return response

    def _connect(self, line: Line) -> socket.socket:
        """Resolve the host and connect to the first of its addresses that answers."""
        trouble: OSError = socket.gaierror(socket.EAI_NONAME, f"{self.host} has no address")
        for family, kind, protocol, _, address in self._guard.addresses(self.host, self.port):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(self._timeout)
                self._hold(sock, line)
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                trouble = error
            else:
                self.sock = sock
                if self._is_secure:
                    self.sock = _trust().wrap_socket(sock, server_hostname=self.host)
                return self.sock
        raise trouble

    def _hold(self, sock: socket.socket, line: Line) -> None:
        # A handle of our own: TLS passes the original around and closes it.
        self._release()
        self.handle = socket.fromfd(sock.fileno(), sock.family, sock.type)
        line.hold(self.handle)

    def _release(self) -> None:
        if self.handle is not None:
            self.handle.close()
            self.handle = None

    def end(self) -> None:
        """Let go of the socket for good."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None
        self._release()

    def is_fresh(self) -> bool:
        """Whether the server has left it open since the last answer, and sent nothing unasked."""
        return self.sock is not None and not wait_for_read(self.sock, 0)


@cache
def _trust() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


class Wire:
    """All requests of one source.

    Args:
        guard: Asked about every new connection.
        timeout: Seconds without any sign of life.
    """

    def __init__(self, guard: Guard, timeout: float) -> None:
        self._guard = guard
        self._timeout = timeout
        self.closed = threading.Event()
        self._lines: set[Line] = set()
        self._idle: OrderedDict[tuple[str, str], list[_Connection]] = OrderedDict()
        self._lock = threading.Lock()
        self._watch = threading.Thread(target=self._cut_overdue, name="wire", daemon=True)
        self._watch.start()

    @contextlib.contextmanager
    def request(self, seconds: float) -> Iterator[Line]:
        """A request of at most this many seconds."""
        line = Line(time.monotonic() + seconds)
        with self._lock:
            self._lines.add(line)
        if self.closed.is_set():
            line.cut()
        try:
            yield line
        finally:
            with self._lock:
                self._lines.discard(line)
            line.release()

    @contextlib.contextmanager
    def ask(self, url: str, headers: bytes, line: Line) -> Iterator[Response]:
        """The answer to a GET, its body not read yet; what is left of it is not read either.

        Args:
            url: A canonical address.
            headers: But for ``Host``; see :func:`lines`.
            line: The request that this is part of.

        Raises:
            Refusal: ``forbidden-address`` if the guard objects.
            OSError, HTTPException, ValueError: for whatever else may go wrong.
        """
        scheme, netloc, target = split(url)
        head = f"GET {target} HTTP/1.1\r\nHost: {netloc}\r\n"
        if not head.isascii() or head.count(" ") != 3 or head.count("\r") + head.count("\n") != 4:
            raise InvalidURL(url)
        connection = self._take(scheme, netloc)
        is_done = False
        try:
            with connection.ask(head.encode() + headers, line) as response:
                yield response
                if response.length == 0:
                    # Nothing is left to be read, which is said by reading it.
                    response.read()
                is_done = response.isclosed() and not response.will_close
        finally:
            line.release()
            self._put_back((scheme, netloc), connection, is_done=is_done and not line.is_cut)

    def close(self) -> None:
        """Cut everything, and let nothing start any more."""
        self.closed.set()
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.cut()
        self._watch.join()
        with self._lock:
            kept, self._idle = self._idle, OrderedDict()
        for connections in kept.values():
            _end(connections)

    def _take(self, scheme: str, netloc: str) -> _Connection:
        while True:
            with self._lock:
                idle = self._idle.get((scheme, netloc))
                connection = idle.pop() if idle else None
            if connection is None:
                return _Connection(scheme, netloc, self._timeout, self._guard)
            if connection.is_fresh():
                return connection
            connection.end()

    def _put_back(self, origin: tuple[str, str], connection: _Connection, *, is_done: bool) -> None:
        if not is_done or self.closed.is_set():
            connection.end()
            return
        oldest: list[_Connection] = []
        with self._lock:
            self._idle.setdefault(origin, []).append(connection)
            self._idle.move_to_end(origin)
            if len(self._idle) > _REMEMBERED:
                _, oldest = self._idle.popitem(last=False)
        _end(oldest)

    def _cut_overdue(self) -> None:
        while not self.closed.wait(_TICK):
            now = time.monotonic()
            with self._lock:
                overdue = [line for line in self._lines if line.deadline <= now]
            for line in overdue:
                line.cut()


def lines(headers: Mapping[str, str]) -> bytes:
    """Headers as they are sent, with the empty line that ends them.

    Raises:
        ValueError: if a value would be more than one header.
    """
    for value in headers.values():
        if "\r" in value or "\n" in value:
            raise ValueError(f"{value!r}: is no value of a header")
    text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{text}\r\n".encode("latin-1", "replace")


def _end(connections: list[_Connection]) -> None:
    for connection in connections:
        connection.end()
