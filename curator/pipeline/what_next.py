"""What next: where a model is worst, what there was to learn from, and what would help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curator.errors import NotFound
from curator.evaluate.slices import PERSON, SIZE, SOURCE, Slice, keys_of, worst
from curator.pipeline.export import samples
from curator.records import Match, MatchKind, NewTask, Reason, Run
from curator.store import images, labelling, matches
from curator.store.dataset import Dataset

# What to look for on the web, for more faces of a slice.
_QUERIES = {
    (SIZE, "tiny, below 16 px"): "crowd from far away",
    (SIZE, "small, 16 to 32 px"): "people in a square",
    (SIZE, "medium, 32 to 96 px"): "group of people",
    (SIZE, "large"): "portrait",
    ("blur", "heavy blur"): "people running motion blur",
    ("blur", "normal blur"): "street photography people",
    ("pose", "atypical"): "people dancing, face in profile",
    ("occlusion", "partial"): "people wearing scarves and sunglasses",
    ("occlusion", "heavy"): "people wearing masks",
    ("illumination", "extreme"): "concert audience, stage light",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One part of the faces that more labels would help.

    Attributes:
        query: What to search for to collect more; None where no words describe it.
    """

    slice: Slice
    query: str | None


def suggestions(run: Run, limit: int = 8) -> list[Suggestion]:
    """The slices with the worst recall of a judged run, the worst first."""
    names = ("group", "name", "faces", "found", "trained", "point_error")
    every = [Slice(**{name: one[name] for name in names}) for one in run.metrics.get("slices", [])]
    return [Suggestion(slice=one, query=_query(one)) for one in worst(every)[:limit]]


def relabel(dataset: Dataset, run: Run, chosen: Sequence[Match], detail: str) -> int:
    """Put what a run got wrong into the queue; asked again, nothing waits twice.

    Returns:
        How many wait that did not before.
    """
    tasks = [
        NewTask(
            image_id=one.image_id,
            face_id=one.face_id,
            reason=f"{Reason.REVIEW}{run.name}",
            priority=round(0.5 + 0.4 * (one.score or 0.0), 3),
            detail=detail,
        )
        for one in chosen
    ]
    with dataset.write() as connection:
        return labelling.enqueue(connection, tasks)


def relabel_slice(dataset: Dataset, run: Run, group: str, name: str) -> int:
    """Put the missed faces of one slice into the queue.

    Raises:
        NotFound: if the release that the run judged is gone.
    """
    with dataset.read() as connection:
        missed = matches.of_run(connection, run.id, kind=MatchKind.FN)
        known = images.many(connection, {one.image_id for one in missed})
    if not known:
        raise NotFound(f"run {run.name!r} missed no face")
    inside = {
        (sample.image.id, face.id)
        for sample in samples(dataset, run.params["release"])
        if sample.image.id in known
        for face in sample.faces
        if (group, name) in keys_of(sample.image, face)
    }
    chosen = [one for one in missed if (one.image_id, one.face_id) in inside]
    return relabel(dataset, run, chosen, f"missed by {run.method}: {group}, {name}")


def _query(one: Slice) -> str | None:
    if one.group in (PERSON, SOURCE):
        return one.name if one.group == PERSON else None
    return _QUERIES.get((one.group, one.name))
