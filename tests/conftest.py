"""Fixtures shared by all tests: where the real photos and weights are, when they are."""

from __future__ import annotations

import signal
import socket
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import SystemRandom

import pytest
from hypothesis import HealthCheck, settings

SHARED = Path(__file__).resolve().parents[2] / "shared"


# A shell that starts the tests in the background lets them ignore interrupts, and some send them.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no failure, and the same examples are tried in every run: a run that fails can
# be run again. ``--hypothesis-profile=explore`` looks for new ones.
settings.register_profile(
    "explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("repeat", settings.get_profile("explore"), derandomize=True)
settings.load_profile("repeat")


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs the photos and weights kept beside the project ({folder} is absent)")
    return folder


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Finds a port for a server that is started a little later, or a second time.

    None of those that the system gives to connections by itself (by default 32768 and above):
    nothing else gets it meanwhile, and whoever knocks while the server is down meets nobody.
    """

    def find() -> int:
        for port in SystemRandom().sample(range(20_000, 30_000), 100):
            with suppress(OSError), socket.socket() as there:
                there.bind(("127.0.0.1", port))
                return port
        raise AssertionError("no port is free")

    return find


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real photos with their owners' annotation files."""
    return _folder("data")


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Real weights, in the layout that the setting CURATOR_MODELS expects."""
    return _folder("models")


@pytest.fixture(scope="session")
def synthetic_predictions(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with made-up detections for all photos of WIDER FACE's validation split."""
    folder = tmp_path_factory.mktemp("wider")
    with tarfile.open(shared_data / "wider_val" / "synthetic_predictions.tar.gz") as archive:
        # File by file: the first releases of Python 3.11 do not know the filters of extractall.
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                place = folder / member.name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content.read())
    return folder / "synthetic_predictions"
