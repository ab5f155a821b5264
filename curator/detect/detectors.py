"""The seam: what a detector is, and which there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from curator.detect.options import UNKNOWN_LICENCE, Options
from curator.detect.packs import LICENCE
from curator.records import Detections
from curator.registry import Entry, Registry


class Detector(Protocol):
    """Finds the faces of one photo; safe to call from several threads.

    Attributes:
        name: What opens it again, ``detector:variant``.
        licence: Of the weights, stored with every run.
        weights_sha256: Hex digest of the file of weights.
        method: The weights and the input sizes: two runs of one method are the same work.
        min_score: Faces below this are not returned.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def licence(self) -> str: ...  # noqa: D102
    @property
    def weights_sha256(self) -> str: ...  # noqa: D102
    @property
    def method(self) -> str: ...  # noqa: D102
    @property
    def min_score(self) -> float: ...  # noqa: D102

    def __call__(self, image: NDArray[np.uint8], /) -> Detections:
        """The faces of an RGB image, shape (H, W, 3), in its pixels, best first.

        Raises:
            RunError: if the network cannot run.
        """


class Scalable(Detector, Protocol):
    """A detector that also looks at a photo larger or smaller than it would by itself."""

    def __call__(self, image: NDArray[np.uint8], /, *, size: int | None = None) -> Detections:
        """As :class:`Detector`, with ``size`` pixels as the long side of the network's input."""


OWN_LICENCE = "Apache-2.0 AND MIT"
DEFAULT = "curator"

Opener = Callable[[str | None, Options], Scalable]

DETECTORS: Registry[Opener] = Registry(
    "detector",
    {
        "curator": Entry(
            "curator.detect.own:open_own",
            "our own RetinaFace, part of this package",
            licence=OWN_LICENCE,
        ),
        "insightface": Entry(
            "curator.detect.insightface:open_pack",
            "a pack of insightface's model zoo, buffalo_l unless named, downloaded on first use",
            licence=LICENCE,
        ),
        "retinaface": Entry(
            "curator.detect.retinaface:open_retinaface",
            "RetinaFace weights in the published three-output layout",
            licence="MIT",
        ),
        "yunet": Entry(
            "curator.detect.yunet:open_yunet", "YuNet weights, small and fast", licence="MIT"
        ),
        "scrfd": Entry(
            "curator.detect.scrfd:open_scrfd",
            "weights in SCRFD's nine-output layout, from a file",
            licence=UNKNOWN_LICENCE,
        ),
        "yolo": Entry(
            "curator.detect.yolo:open_yolo",
            "weights that Ultralytics exported as ONNX, from a file",
            licence="that of the file; Ultralytics' own: AGPL-3.0",
        ),
        "run": Entry(
            "curator.detect.trained:open_run",
            "weights of a training run of this dataset",
            licence="that of the trainer and of what it learned from",
        ),
    },
)
