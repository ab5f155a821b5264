"""The nouns: frozen records that every step takes and returns.

Conventions, everywhere: a box is ``(x_min, y_min, x_max, y_max)``, float, absolute pixels of
the image as displayed (EXIF orientation applied), edges, and may leave the image. Points are
``(x, y)`` in the same frame, in the order of their scheme. Visibility is COCO's: 0 not
labelled, 1 hidden, 2 visible. Times are aware UTC. An ``id`` of None is a record not stored yet.
"""

from __future__ import annotations

from curator.records.faces import (
    Attributes,
    Box,
    Detections,
    Face,
    FaceStatus,
    LabelledImage,
    Origin,
    Point,
    Points,
)
from curator.records.images import (
    Candidate,
    Fetched,
    Image,
    ImageStatus,
    Outcome,
    Refused,
    Unchanged,
)
from curator.records.labelling import (
    Edit,
    Lease,
    NewTask,
    Op,
    Opinion,
    Reason,
    Role,
    Step,
    StepKind,
    Task,
    User,
)
from curator.records.quality import CopyKind, Decision, Measure, Measures, Pair, Verdict
from curator.records.releases import SPLITS, Release, Sample
from curator.records.runs import Job, Match, MatchKind, Mistake, Run, RunStatus

__all__ = [
    "SPLITS",
    "Attributes",
    "Box",
    "Candidate",
    "CopyKind",
    "Decision",
    "Detections",
    "Edit",
    "Face",
    "FaceStatus",
    "Fetched",
    "Image",
    "ImageStatus",
    "Job",
    "LabelledImage",
    "Lease",
    "Match",
    "MatchKind",
    "Measure",
    "Measures",
    "Mistake",
    "NewTask",
    "Op",
    "Opinion",
    "Origin",
    "Outcome",
    "Pair",
    "Point",
    "Points",
    "Reason",
    "Refused",
    "Release",
    "Role",
    "Run",
    "RunStatus",
    "Sample",
    "Step",
    "StepKind",
    "Task",
    "Unchanged",
    "User",
    "Verdict",
]
