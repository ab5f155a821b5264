"""What FiftyOne's own page may do in a browser: speak with its own server, and nobody else."""

from __future__ import annotations

import re
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from curator.environments import REVIEW, problem, python_of
from curator.review.bridge import POLICY, keep_to_itself

WHERE = "import importlib.util as u; print(u.find_spec('fiftyone').submodule_search_locations[0])"


def asked_of_others(browser: Any, folder: Path) -> dict[str, str]:
    """The addresses of other hosts that the page in this folder asks, and what became of each."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        # None of them is let out, whatever network there is.
        page.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
        failed: dict[str, str] = {}
        page.on("requestfailed", lambda request: failed.update({request.url: request.failure}))
        page.goto(f"http://127.0.0.1:{server.server_port}/", wait_until="networkidle")
        page.close()
        server.shutdown()
    return {url: why for url, why in failed.items() if "//127.0.0.1" not in url}


def test_it_asks_nobody_but_its_own_server(playwright: Any, chromium: str, tmp_path: Path) -> None:
    if (said := problem(REVIEW)) is not None:
        pytest.skip(said)
    command = [str(python_of(REVIEW)), "-P", "-c", WHERE]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    own = Path(found, "server", "static", "index.html").read_text(encoding="utf-8")
    page = tmp_path / "index.html"
    # A review may have been opened in this environment before.
    page.write_text(own.replace(POLICY, ""), encoding="utf-8")
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    before = asked_of_others(browser, tmp_path)
    assert before
    assert "csp" not in before.values()
    for _ in range(2):
        keep_to_itself(page)
        assert page.read_text(encoding="utf-8").count("Content-Security-Policy") == 1
        after = asked_of_others(browser, tmp_path)
        assert after.keys() == before.keys()
        assert set(after.values()) == {"csp"}
    browser.close()
