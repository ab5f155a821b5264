"""The server: Streamlit and our own routes in one process, on this machine only."""

from __future__ import annotations

import errno
import socket
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from curator.app import guard, opened
from curator.app.downloads import Downloads
from curator.app.label_api import LabelApi
from curator.app.match_pictures import MatchPictures
from curator.app.pictures import Pictures
from curator.app.theme import THEME
from curator.errors import ConfigError
from curator.store.dataset import Dataset

ADDRESS = "127.0.0.1"
SCRIPT = Path(__file__).with_name("entry.py")

# Given as flags, which beat config files and environment variables alike.
CONFIG: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "type",
    "client.toolbarMode": "minimal",
    # Widgets are set from their page's address and from callbacks, which is no mistake.
    "global.disableWidgetStateDuplicationWarning": True,
    "logger.level": "warning",
    "server.address": ADDRESS,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    **THEME,
}


def serve(folder: Path, *, port: int, browser: bool) -> None:
    """Show a dataset in the browser until the program is stopped.

    Args:
        folder: Of the dataset.
        port: To listen on, at 127.0.0.1.
        browser: Open a browser window.

    Raises:
        NotFound: if there is no dataset.
        StoreError: if it cannot be read.
        ConfigError: if the port is taken or not allowed.
    """
    import uvicorn
    from streamlit.web import bootstrap

    with opened.choose(folder) as dataset, listen(port) as listener:
        # Not ``App.run``, which makes its own socket: slow for small answers, and a port that
        # is taken ends the program without a word to the caller.
        bootstrap.load_config_options({**CONFIG, "server.port": port})
        address = f"http://{ADDRESS}:{port}"
        config = uvicorn.Config(
            build(dataset, address if browser else None),
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            # Pages keep a connection open for as long as they are shown.
            timeout_graceful_shutdown=2,
        )
        note = f"curator shows {dataset.folder} at {address} (Ctrl+C stops it)"
        print(note, file=sys.stderr)  # noqa: T201 - the one line of this program
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def build(dataset: Dataset, address: str | None = None) -> Any:
    """The ASGI application: pages, our own routes, and the guard before both.

    Args:
        dataset: Whose pictures and exports the routes give out.
        address: Opened in a browser once the server runs; None for no browser.
    """
    import streamlit as st

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        if address is not None:
            webbrowser.open(address)
        yield

    routes = [
        *Pictures(dataset).routes(),
        *Downloads(dataset).routes(),
        *LabelApi(dataset).routes(),
        *MatchPictures(dataset).routes(),
    ]
    return st.App(SCRIPT, lifespan=lifespan, routes=routes, middleware=guard.middleware())


def listen(port: int) -> socket.socket:
    """A socket that listens at 127.0.0.1.

    Raises:
        ConfigError: if the port is taken or not allowed.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections inherit this; without it each small answer waits 40 ms for its turn.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(128)
    except OSError as cause:
        listener.close()
        if cause.errno == errno.EADDRINUSE:
            sentence = f"port {port} is taken; choose another with --port"
        else:
            sentence = f"port {port} cannot be used ({cause.strerror}); choose another with --port"
        raise ConfigError(sentence) from cause
    return listener
