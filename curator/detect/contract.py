"""What every detector does, as a test class; :mod:`curator.testing` offers it with the others."""
# ruff: noqa: D102, S101 - the name of a test is its promise

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from curator.detect.detectors import Detector
from curator.records import Detections


class DetectorContract:
    """What every detector does.

    A subclass defines :meth:`detector` and :meth:`photo`.
    """

    def detector(self) -> Detector:
        """The detector under test; it may be the same at each call."""
        raise NotImplementedError

    def photo(self) -> NDArray[np.uint8]:
        """RGB, shape (H, W, 3), with some upright faces that the detector finds."""
        raise NotImplementedError

    def test_it_says_what_it_is(self) -> None:
        detector = self.detector()
        for text in (detector.name, detector.licence, detector.method):
            assert text.strip()
            assert len(text.splitlines()) == 1
        assert re.fullmatch("[0-9a-f]{64}", detector.weights_sha256)

    def test_faces_come_best_first_and_none_below_the_lowest_score(self) -> None:
        detector = self.detector()
        scores = detector(self.photo()).scores
        assert len(scores) > 0
        assert (np.diff(scores) <= 0).all()
        assert detector.min_score <= scores.min() <= scores.max() <= 1

    def test_points_stand_where_they_stand_in_a_face(self) -> None:
        found = self.detector()(self.photo())
        left_eye, right_eye, nose, left_mouth, right_mouth = found.landmarks.transpose(1, 0, 2)
        assert (left_eye[:, 0] < right_eye[:, 0]).all()
        assert (left_mouth[:, 0] < right_mouth[:, 0]).all()
        assert (left_eye[:, 1] < left_mouth[:, 1]).all()
        assert (right_eye[:, 1] < right_mouth[:, 1]).all()
        assert (found.boxes[:, :2] < nose).all()
        assert (nose < found.boxes[:, 2:]).all()

    def test_no_face_is_arrays_of_length_zero(self) -> None:
        _check_shapes(self.detector()(np.zeros((300, 400, 3), np.uint8)), 0)

    def test_an_image_may_have_any_size(self) -> None:
        for height, width in ((1, 1), (3, 5), (20, 10_000), (10_000, 20)):
            found = self.detector()(np.full((height, width, 3), 127, np.uint8))
            _check_shapes(found, len(found))

    def test_a_larger_photo_has_larger_boxes(self) -> None:
        photo = self.photo()
        small = self.detector()(photo)
        large = self.detector()(photo.repeat(2, axis=0).repeat(2, axis=1))
        best = small.boxes[0] * 2
        distance = np.abs(large.boxes - best).max(axis=1).min()
        assert distance < (best[2] - best[0]) / 4

    def test_the_photo_is_not_changed_and_may_be_a_view(self) -> None:
        photo = self.photo()
        before = photo.copy()
        whole = self.detector()(photo)
        view = self.detector()(photo[:, ::-1].copy()[:, ::-1])
        assert (photo == before).all()
        assert _equal(whole, view)

    def test_threads_do_not_disturb_each_other(self) -> None:
        detector, photo = self.detector(), self.photo()
        alone = detector(photo)
        with ThreadPoolExecutor(3) as pool:
            together = list(pool.map(detector, [photo, photo[:, : photo.shape[1] // 2], photo]))
        assert _equal(together[0], alone)
        assert _equal(together[2], alone)


def _check_shapes(found: Detections, count: int) -> None:
    for array, shape in (
        (found.boxes, (count, 4)),
        (found.scores, (count,)),
        (found.landmarks, (count, 5, 2)),
    ):
        assert array.shape == shape
        assert array.dtype == np.float32
        assert np.isfinite(array).all()


def _equal(one: Detections, other: Detections) -> bool:
    return (
        np.array_equal(one.boxes, other.boxes)
        and np.array_equal(one.scores, other.scores)
        and np.array_equal(one.landmarks, other.landmarks)
    )
