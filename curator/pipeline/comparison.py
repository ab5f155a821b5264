"""Judged models side by side: how large, how fast here, how good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curator.records import Run
from curator.store import runs
from curator.store.dataset import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One judged model; None for what is not known.

    Attributes:
        bytes: Of the weights, on the disk.
        milliseconds: An image, on one thread of the machine that judged.
        ap: COCO's, 0..1.
        ap50: At IoU 0.5, 0..1.
        point_error: Mean, in parts of the distance between the eyes.
        f1: At its best confidence.
    """

    run: str
    method: str
    release: str
    split: str
    licence: str | None
    bytes: float | None
    parameters: float | None
    milliseconds: float | None
    ap: float | None
    ap50: float | None
    f1: float | None
    point_error: float | None


def comparison(dataset: Dataset, names: Sequence[str]) -> list[ModelRow]:
    """The runs of these names, or all that judged something, the best first.

    Raises:
        NotFound: if there is no such run.
    """
    with dataset.read() as connection:
        if names:
            told = [runs.named(connection, name, kind="evaluate") for name in names]
        else:
            told = [run for run in runs.every(connection, kind="evaluate") if run.metrics]
    return sorted(map(row_of, told), key=lambda row: -(row.ap or 0.0))


def row_of(run: Run) -> ModelRow:
    """What one run says of its model."""
    said = run.metrics
    figures, model = said.get("figures", {}), said.get("model", {})
    return ModelRow(
        run=run.name,
        method=run.method,
        release=run.params["release"],
        split=run.params["split"],
        licence=run.licence,
        bytes=model.get("bytes"),
        parameters=model.get("parameters"),
        milliseconds=model.get("milliseconds"),
        ap=figures.get("AP"),
        ap50=figures.get("AP50"),
        f1=(said.get("working") or {}).get("f1"),
        point_error=(said.get("points") or {}).get("mean"),
    )
