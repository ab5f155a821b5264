"""Fixtures shared by all tests: where the real photos and weights are, when they are."""

from __future__ import annotations

import signal
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
