"""The weights that come with the package, on a machine that has nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from curator.config import settings
from curator.detect import choose
from curator.detect.own import WEIGHTS
from curator.testing import DetectorContract


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No models folder, no setting, an empty home."""
    for variable in ("CURATOR_MODELS", "CURATOR_DETECTOR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    settings.cache_clear()
    yield
    settings.cache_clear()


class TestContract(DetectorContract):
    @pytest.fixture(autouse=True)
    def given(self, t1: NDArray[np.uint8]) -> None:
        self._photo = np.ascontiguousarray(t1[:, :640])

    def detector(self):
        return choose()

    def photo(self) -> NDArray[np.uint8]:
        return self._photo


def test_six_people_are_six_faces(t1: NDArray[np.uint8]) -> None:
    found = choose()(t1)
    assert len(found) == 6
    # One in each place where a person sits, by eye, in pixels of the photo.
    for x, y in [(110, 335), (320, 210), (520, 345), (790, 410), (945, 130), (1175, 335)]:
        left, top, right, bottom = found.boxes.T
        assert ((left < x) & (x < right) & (top < y) & (y < bottom)).sum() == 1


def test_the_weights_are_small_and_carry_the_notice_of_those_they_began_with() -> None:
    for file in WEIGHTS.glob("*.onnx"):
        assert file.stat().st_size <= 2_000_000
    notice = (WEIGHTS / "NOTICE").read_text()
    assert "MIT License" in notice
    assert "face_detection_yunet" in notice
    assert "Copyright (c) 2020 Shiqi Yu" in notice


def test_insightface_loads_them_too(t1: NDArray[np.uint8]) -> None:
    from insightface.model_zoo import get_model

    detector = get_model(str(WEIGHTS / "retinaface.onnx"), providers=["CPUExecutionProvider"])
    detector.prepare(ctx_id=-1, input_size=(640, 640), det_thresh=0.5)
    boxes, points = detector.detect(np.ascontiguousarray(t1[..., ::-1]))
    assert boxes.shape == (6, 5)
    assert points.shape == (6, 5, 2)
