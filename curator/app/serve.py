"""The server: Streamlit and our own routes in one process, on this machine unless told otherwise.

Beyond it only a team is let in: people with names and passwords.
"""

from __future__ import annotations

import errno
import socket
import sys
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from curator.app import guard, opened, session
from curator.app.accounts import Accounts, require_owner
from curator.app.canvas import scripts
from curator.app.downloads import Downloads
from curator.app.grid_api import GridApi
from curator.app.label_api import LabelApi
from curator.app.login import Login
from curator.app.match_pictures import MatchPictures
from curator.app.people_api import PeopleApi
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


def serve(
    folder: Path, *, port: int, browser: bool, host: str = ADDRESS, team: bool = False
) -> None:
    """Show a dataset in the browser until the program is stopped.

    Args:
        folder: Of the dataset.
        port: To listen on.
        browser: Open a browser window.
        host: Address to listen at; beyond this machine only with a team.
        team: Let those in who log in, and nobody else.

    Raises:
        NotFound: if there is no dataset.
        StoreError: if it cannot be read.
        ConfigError: if the port is taken or not allowed, the host is beyond this machine without
            a team, or the team has no owner.
    """
    import uvicorn
    from streamlit.web import bootstrap

    if not team and not is_loopback(host):
        raise ConfigError(
            f"without --team the app listens on this machine only, not at {host}: everybody who "
            "reaches it could see and change everything"
        )
    with opened.choose(folder) as dataset, listen(port, host) as listener:
        accounts = Accounts(dataset) if team else None
        if team:
            require_owner(dataset)
        # Not ``App.run``, which makes its own socket: slow for small answers, and a port that
        # is taken ends the program without a word to the caller.
        bootstrap.load_config_options({**CONFIG, "server.address": host, "server.port": port})
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        config = uvicorn.Config(
            build(dataset, address if browser else None, accounts),
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            # Pages keep a connection open for as long as they are shown.
            timeout_graceful_shutdown=2,
        )
        note = f"curator shows {dataset.folder} at {address} (Ctrl+C stops it)"
        if not is_loopback(host):
            note += "; passwords travel unencrypted unless a proxy in front speaks https"
        print(note, file=sys.stderr)  # noqa: T201 - the one line of this program
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def build(dataset: Dataset, address: str | None = None, accounts: Accounts | None = None) -> Any:
    """The ASGI application: pages, our own routes, and the guard before both.

    Args:
        dataset: Whose pictures and exports the routes give out.
        address: Opened in a browser once the server runs; None for no browser.
        accounts: Who may come in; None where there is nobody but the one at this machine.
    """
    import streamlit as st

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        if address is not None:
            webbrowser.open(address)
        yield

    session.use(accounts)
    routes = [
        *Pictures(dataset).routes(),
        *Downloads(dataset).routes(),
        *LabelApi(dataset).routes(),
        *GridApi(dataset).routes(),
        *PeopleApi(dataset).routes(),
        *scripts.routes(),
        *(Login(accounts).routes() if accounts is not None else ()),
        *MatchPictures(dataset).routes(),
    ]
    return st.App(SCRIPT, lifespan=lifespan, routes=routes, middleware=guard.middleware(accounts))


def is_loopback(host: str) -> bool:
    """Whether an address is of this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def listen(port: int, host: str = ADDRESS) -> socket.socket:
    """A socket that listens at an address.

    Raises:
        ConfigError: if the port is taken or not allowed, or the address is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted connections inherit this; without it each small answer waits 40 ms for its turn.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as cause:
        listener.close()
        if cause.errno == errno.EADDRINUSE:
            sentence = f"port {port} is taken; choose another with --port"
        elif cause.errno == errno.EADDRNOTAVAIL or isinstance(cause, socket.gaierror):
            sentence = f"{host} is no address of this machine; choose another with --host"
        else:
            sentence = f"port {port} cannot be used ({cause.strerror}); choose another with --port"
        raise ConfigError(sentence) from cause
    return listener
