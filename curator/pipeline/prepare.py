"""Prepare: detect, measure and judge what has just been collected, in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from curator.pipeline.annotate import DetectRequest, detect
from curator.pipeline.measure import MeasureRequest, measure
from curator.pipeline.quality import ask_people, judged, read_rules
from curator.progress import Progress
from curator.store.dataset import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareReport:
    """What came of the three steps.

    Attributes:
        images: A detector looked at now.
        faces: It proposed.
        unreadable: Images that it could not read.
        measured: Faces measured now.
        verdicts: ``keep``, ``ask``, ``drop`` -> how many of all faces of the dataset.
        asked: Doubtful faces that are new in the queue of those who label.
    """

    images: int
    faces: int
    unreadable: int
    measured: int
    verdicts: Mapping[str, int]
    asked: int


def prepare(dataset: Dataset, preset: str, progress: Progress) -> PrepareReport:
    """Detect faces with the default detector, measure them, judge them by the rules of a preset.

    Each step goes on where it was, so that all may be killed and run again. Nothing is deleted.

    Raises:
        ConfigError: if there is no such preset or detector.
        StoreError: if the dataset cannot be written.
    """
    rules = read_rules(preset, None)
    found = detect(dataset, DetectRequest(), progress)
    measured = measure(dataset, MeasureRequest(), progress)
    progress.begin(f"judging faces by the rules for {preset}", None)
    table, judgement = judged(dataset, rules)
    return PrepareReport(
        images=found.images,
        faces=found.faces,
        unreadable=len(found.unreadable),
        measured=measured.faces,
        verdicts={str(name): count for name, count in judgement.counts().items()},
        asked=ask_people(dataset, table, judgement),
    )
