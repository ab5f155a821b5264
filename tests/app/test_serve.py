"""What the server promises: on this machine only, telling nobody, stopping when told to."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from curator.app.serve import listen, serve
from curator.errors import ConfigError, NotFound
from curator.store.dataset import create_dataset

EXPECTED = {
    "server.address": "127.0.0.1",
    "browser.gatherUsageStats": False,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
    "server.headless": True,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served") / "faces"
    create_dataset(folder).close()
    return folder


def get(port: int, path: str = "/", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"host": f"127.0.0.1:{port}"} | headers)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def port(folder: Path, apps: Any) -> Iterator[int]:
    """Of the app as a user starts it, in a process of its own."""
    with apps.running(folder) as running:
        yield running.port
    # One line that says where it is: no traceback, no advertisement, no chatter.
    assert running.said.count("\n") == 1, running.said
    assert f"http://127.0.0.1:{running.port}" in running.said
    with pytest.raises(OSError, match="refused"):
        get(running.port)


def test_it_answers_with_the_app_and_its_own_routes(port: int) -> None:
    response, body = get(port)
    assert response.status == 200
    assert b'<div id="root">' in body
    assert get(port, "/pictures/1")[0].status == 404


def test_it_listens_at_127_0_0_1_and_nowhere_else(port: int) -> None:
    listening = {
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port:04X}")
    }
    assert listening <= {f"0100007F:{port:04X}"}
    if sys.platform == "linux":
        assert listening


@pytest.mark.parametrize(
    "path", ["/", "/browse", "/_stcore/health", "/_stcore/host-config", "/nothing/here.js"]
)
def test_every_answer_is_guarded(port: int, path: str) -> None:
    headers = get(port, path)[0].headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "0.0.0.0"])
def test_pages_of_other_names_are_turned_away(port: int, host: str) -> None:
    assert get(port, host=host)[0].status == 400
    assert get(port, host="localhost")[0].status == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "null"])
def test_requests_of_other_sites_are_turned_away(port: int, origin: str) -> None:
    assert get(port, origin=origin)[0].status == 400
    assert get(port, origin=f"http://127.0.0.1:{port}")[0].status == 200


@pytest.mark.parametrize("header", ["Host: evil.example", "Origin: https://evil.example"])
def test_other_sites_cannot_open_the_socket_of_the_pages(port: int, header: str) -> None:
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        *(["Host: 127.0.0.1"] if header.startswith("Origin") else []),
        header,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        assert raw.recv(64).split()[1] == b"403"


def test_the_settings_hold_whatever_the_machine_says(folder: Path, apps: Any) -> None:
    code = """
import json, sys, uvicorn
from pathlib import Path
from typing import Any
from curator.app.serve import serve
def run(server, sockets):
    from streamlit import config
    names = json.loads(sys.argv[2])
    print(json.dumps({name: config.get_option(name) for name in names}))
    [listener] = sockets
    print(json.dumps(listener.getsockopt(6, 1)))
uvicorn.Server.run = run
serve(Path(sys.argv[1]), port=0, browser=False)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), json.dumps(list(EXPECTED))],
        env=apps.environment,
        capture_output=True,
        check=True,
        text=True,
    )
    settings, no_delay = done.stdout.splitlines()
    assert json.loads(settings) == EXPECTED
    # Without TCP_NODELAY each small answer waits for the browser's delayed acknowledgement.
    assert json.loads(no_delay) == 1


def test_a_taken_port_is_one_sentence(folder: Path, apps: Any) -> None:
    with listen(0) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {taken} is taken; choose another with --port"):
            serve(folder, port=taken, browser=False)
        done = subprocess.run(
            apps.command(folder, taken), capture_output=True, check=False, text=True
        )
    assert done.returncode == 2
    assert f"port {taken} is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_without_a_dataset_is_one_sentence(tmp_path: Path, apps: Any) -> None:
    with pytest.raises(NotFound, match="no dataset here"):
        serve(tmp_path, port=apps.free_port(), browser=False)
