"""Fixtures shared by all tests: where the real photos and weights are, when they are."""

from __future__ import annotations

import signal
import tarfile
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


# A shell that starts the tests in the background lets them ignore interrupts, and some send them.
signal.signal(signal.SIGINT, signal.default_int_handler)


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs the photos and weights kept beside the project ({folder} is absent)")
    return folder


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
