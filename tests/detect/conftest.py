"""Real photos, opened detectors, and what the owners' own programs see in the same photos."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import insightface
import numpy as np
import pytest
from numpy.typing import NDArray

from curator.detect import Detector, choose
from curator.imaging import decode

T1 = Path(insightface.__file__).parent / "data/images/t1.jpg"


@pytest.fixture(scope="session")
def t1() -> NDArray[np.uint8]:
    """Six people around a table, the photo that comes with insightface."""
    return decode(T1.read_bytes())


@pytest.fixture(scope="session")
def photos(shared_data: Path) -> list[Path]:
    """Crowds, interviews and portraits, wide and high."""
    wider = sorted((shared_data / "wider_val/images").glob("*/*.jpg"))
    helen = sorted((shared_data / "helen").glob("*.jpg"))
    return [T1, *wider[::12], *helen[:160:20]]


@pytest.fixture(scope="session")
def opened(shared_models: Path) -> Callable[..., Detector]:
    """Opens a detector of the shared weights, each once."""

    @cache
    def open_it(name: str, accurate: bool = False, size: int | None = None) -> Detector:
        return choose(name, models=shared_models, accurate=accurate, size=size)

    return open_it
