from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from curator.evaluate.keypoints import SIGMA, Points, evaluate
from curator.records import Face


def owners_figures(photos: list[Points]) -> list[float]:
    """The same photos through pycocotools."""
    faces, found = [], []
    for photo, said in enumerate(photos, 1):
        for box, points, seen in zip(said.boxes, said.true, said.labelled, strict=True):
            size = box[2:] - box[:2]
            faces.append(
                {
                    "id": len(faces) + 1,
                    "image_id": photo,
                    "category_id": 1,
                    "iscrowd": 0,
                    "bbox": [*box[:2], *size],
                    "area": size.prod(),
                    "keypoints": np.column_stack([points, 2 * seen]).ravel().tolist(),
                    "num_keypoints": int(seen.sum()),
                }
            )
        for box, points, score in zip(said.found_boxes, said.found, said.scores, strict=True):
            found.append(
                {
                    "image_id": photo,
                    "category_id": 1,
                    "bbox": [*box[:2], *(box[2:] - box[:2])],
                    "keypoints": np.column_stack([points, np.ones(5)]).ravel().tolist(),
                    "score": score,
                }
            )
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": photo} for photo in range(1, len(photos) + 1)],
            "annotations": faces,
            "categories": [{"id": 1, "name": "face"}],
        }
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(found), "keypoints")
        judge.params.kpt_oks_sigmas = np.full(5, SIGMA)
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return [float("nan") if value == -1 else float(value) for value in judge.stats]


def made_up(rng: np.random.Generator, faces: int, found: int) -> Points:
    """Points near those of faces, some faces without points, equal scores among the detections."""
    corner = rng.choice([0.0, 10.0, 60.0], (faces, 2))
    boxes = np.concatenate([corner, corner + rng.choice([20.0, 40.0, 110.0], (faces, 1))], axis=1)
    true = corner[:, None] + rng.random((faces, 5, 2)) * 40
    which = rng.integers(0, max(faces, 1), found)
    moved = true[which] if faces else np.zeros((found, 5, 2))
    return Points(
        boxes=boxes,
        true=true,
        labelled=rng.random((faces, 5)) < rng.choice([0, 0.6, 1], (faces, 1)),
        found_boxes=boxes[which] if faces else np.tile([0.0, 0.0, 9.0, 9.0], (found, 1)),
        found=moved + rng.normal(0, rng.choice([0, 1, 8, 90]), (found, 5, 2)),
        scores=rng.choice([0.1, 0.5, 0.9], found),
    )


@settings(max_examples=60)
@given(
    st.integers(0, 2**32), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), max_size=5)
)
def test_every_figure_equals_that_of_pycocotools(seed: int, sizes: list[tuple[int, int]]) -> None:
    rng = np.random.default_rng(seed)
    photos = [made_up(rng, *size) for size in [*sizes, (2, 3)]]
    ours = evaluate(photos)
    assert list(ours.values()) == pytest.approx(owners_figures(photos), abs=1e-9, nan_ok=True)


def test_points_of_any_scheme_are_judged_and_detections_without_points_left_aside() -> None:
    five = ((10.0, 10.0), (30.0, 10.0), (20.0, 20.0), (12.0, 30.0), (28.0, 30.0))
    face = Face(box=(0, 0, 40, 40), landmarks=five, visibility=(2,) * 5, scheme="5")
    bare = Face(box=(50, 0, 90, 40))
    told = Face(box=(0, 0, 40, 40), landmarks=five, score=0.8)
    said = Points.of([face, bare], [told, Face(box=(0, 0, 40, 40), score=0.9)])
    assert len(said.scores) == 1
    assert [sum(map(bool, seen)) for seen in said.labelled] == [5, 0]
    # The face without points does not count, so all that counts was found.
    assert evaluate([said])["AP"] == pytest.approx(1)
