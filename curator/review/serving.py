"""Serve: FiftyOne's own app at 127.0.0.1, for the Review page or a tab."""

from __future__ import annotations

import socket
from collections.abc import Callable

from curator.errors import ConfigError, NotFound, RunError
from curator.review.process import Bridge
from curator.store import runs
from curator.store.dataset import Dataset

ADDRESS = "127.0.0.1"


def serve(dataset: Dataset, name: str | None, port: int, tell: Callable[[str], None]) -> None:
    """Serve until interrupted.

    Args:
        dataset: Whose review.
        name: Of the run to show; the newest judged one without it.
        port: To listen on, at 127.0.0.1 only.
        tell: Told the address once it answers.

    Raises:
        NotFound: if there is no such run, or none at all.
        ConfigError: if the port is taken.
        MissingExtra: if FiftyOne is not installed.
        RunError: if it stops by itself.
    """
    with dataset.read() as connection:
        judged = runs.every(connection, kind="evaluate")
        if not judged:
            raise NotFound("no run has judged anything yet; first: curator evaluate release NAME")
        run = judged[0] if name is None else runs.named(connection, name, kind="evaluate")
    if is_open(port):
        raise ConfigError(f"port {port} is taken; choose another with --port")
    bridge = Bridge(dataset)
    with bridge.started("open", bridge.name_of(run), str(port)) as process:
        for line in process.stdout or ():
            if line.startswith("serving "):
                tell(f"http://{ADDRESS}:{port}")
    if process.returncode:
        raise RunError("FiftyOne stopped by itself; curator doctor tells more")


def is_open(port: int) -> bool:
    """Whether something listens at this port of this machine."""
    try:
        socket.create_connection((ADDRESS, port), timeout=0.5).close()
    except OSError:
        return False
    return True
