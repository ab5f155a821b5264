"""Connections that can be cut: by their deadline, and all of them when the work is called off.

A server that drips one byte now and then never runs into a read time-out. So every request
holds a second handle to its socket, and one watching thread shuts down those that are over
time; the reader then wakes up at once, wherever it waits.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from curator.collect.guard import Guard

_TICK = 0.1


class Line:
    """One request on the network, from resolving the name to the last byte."""

    def __init__(self, deadline: float, guard: Guard) -> None:
        self.deadline = deadline
        self.guard = guard
        self.is_cut = False
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None

    def hold(self, sock: socket.socket) -> None:
        """From now on this is the socket to cut.

        Raises:
            TimeoutError: if the request was cut already.
        """
        with self._lock:
            self._drop()
            if self.is_cut:
                raise TimeoutError("cut")
            # A handle of our own: TLS and keep-alive pass the original around and close it.
            self._handle = socket.fromfd(sock.fileno(), sock.family, sock.type)

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
            self._drop()

    def _drop(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None


# The request of the running thread: urllib3 offers no way to hand it down.
_line: ContextVar[Line] = ContextVar("_line")


class Wire:
    """All requests of one source."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.closed = threading.Event()
        self._lines: set[Line] = set()
        self._lock = threading.Lock()
        self._watch = threading.Thread(target=self._cut_overdue, name="wire", daemon=True)
        self._watch.start()

    @contextlib.contextmanager
    def request(self, seconds: float) -> Iterator[Line]:
        """A request of at most this many seconds; what this thread connects to belongs to it."""
        line = Line(time.monotonic() + seconds, self._guard)
        with self._lock:
            self._lines.add(line)
        if self.closed.is_set():
            line.cut()
        token = _line.set(line)
        try:
            yield line
        finally:
            _line.reset(token)
            with self._lock:
                self._lines.discard(line)
            line.release()

    def close(self) -> None:
        """Cut everything, and let nothing start any more."""
        self.closed.set()
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            line.cut()
        self._watch.join()

    def _cut_overdue(self) -> None:
        while not self.closed.wait(_TICK):
            now = time.monotonic()
            with self._lock:
                overdue = [line for line in self._lines if line.deadline <= now]
            for line in overdue:
                line.cut()


def dial(host: str, port: int, timeout: float) -> socket.socket:
    """Resolve the host and connect to the first of its addresses that answers.

    Raises:
        Refusal: ``forbidden-address`` if the guard objects.
        OSError: of the last address tried, ``socket.gaierror`` if there is none.
    """
    line = _line.get()
    trouble: OSError = socket.gaierror(socket.EAI_NONAME, f"{host} has no address")
    for family, kind, protocol, _, address in line.guard.addresses(host, port):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(timeout)
            line.hold(sock)
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            trouble = error
        else:
            return sock
    raise trouble


class _Plain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return dial(self.host, self.port, _seconds(self))

    def getresponse(self) -> Any:
        _line.get().hold(self.sock)
        return super().getresponse()


class _Secure(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return dial(self.host, self.port or 443, _seconds(self))

    def getresponse(self) -> Any:
        _line.get().hold(self.sock)
        return super().getresponse()


def _seconds(connection: HTTPConnection) -> float:
    # urllib3 allows more kinds of time-outs; requests states a number with every request.
    return cast(float, connection.timeout)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class Adapter(HTTPAdapter):
    """Lets a requests session connect through :func:`dial`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use our connections in every pool."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
