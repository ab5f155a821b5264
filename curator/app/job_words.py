"""Jobs in words: what one does, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from curator.app.text import duration, number, of_many
from curator.pipeline.curves import told_of
from curator.records import Job, RunStatus


def title(job: Job) -> str:
    """What the job does, such as ``Collecting from web: https://example.org``."""
    say = _TITLES.get(job.task)
    return say(job.params) if say else job.task


def outcome(job: Job) -> str:
    """What came of it, in one line; for one that is not done, what it says of itself."""
    say = _OUTCOMES.get(job.task)
    done = job.status is RunStatus.DONE and job.result
    return say(job.result) if say and done else job.message


def took(job: Job) -> str:
    """From the moment it was asked for to its end, or to now."""
    return duration((job.finished_at or datetime.now(UTC)) - job.created_at)


def is_live(job: Job) -> bool:
    """Whether it waits or runs."""
    return job.status in (RunStatus.QUEUED, RunStatus.RUNNING)


def _collecting(params: Mapping[str, Any]) -> str:
    return f"Collecting from {params['source']}: {params['target']}"


def _detecting(params: Mapping[str, Any]) -> str:
    careful = ", accurate" if params.get("accurate") else ""
    return f"Detecting faces with {params.get('detector') or 'the default detector'}{careful}"


def _releasing(params: Mapping[str, Any]) -> str:
    return f"Making release {params['name']}"


def _exporting(params: Mapping[str, Any]) -> str:
    return f"Exporting {params['release']} as {params['format']}"


def _training(params: Mapping[str, Any]) -> str:
    what = params["trainer"] + (f" ({params['recipe']})" if params.get("recipe") else "")
    return f"Training {what} on {params['release']}"


def _evaluating(params: Mapping[str, Any]) -> str:
    what = params.get("detector") or params.get("predictions")
    return f"Judging {what} on {params['release']}, {params.get('split', 'val')}"


def _reviewing(params: Mapping[str, Any]) -> str:
    return f"Showing {params['run']} in FiftyOne"


def _pulling(params: Mapping[str, Any]) -> str:
    return f"Taking over the tags of {params['run']}"


def _collected(result: Mapping[str, Any]) -> str:
    parts = [of_many(result["kept"], "new image")]
    for count, words in (
        (result["duplicates"], "with the content of one we have"),
        (sum(result["refused"].values()), "refused"),
        (sum(result["failed"].values()), "failed, to be tried again"),
        (result["settled"], "known from before"),
        (result.get("unchanged"), "asked for again and unchanged"),
        (result.get("gone"), "not to be had any more, and kept"),
    ):
        if count:
            parts.append(f"{number(count)} {words}")
    return ", ".join(parts)


def _detected(result: Mapping[str, Any]) -> str:
    said = f"{of_many(result['faces'], 'face')} on {of_many(result['images'], 'image')}"
    bad = len(result["unreadable"])
    return f"{said}, {number(bad)} unreadable" if bad else said


def _released(result: Mapping[str, Any]) -> str:
    return f"{of_many(result['images'], 'image')}, {of_many(result['faces'], 'face')}"


def _exported(result: Mapping[str, Any]) -> str:
    images, faces = sum(result["images"].values()), sum(result["faces"].values())
    return f"{of_many(images, 'image')}, {of_many(faces, 'face')}"


def _trained(result: Mapping[str, Any]) -> str:
    losses, figures = told_of(result["figures"])
    # Nothing is judged where nobody has vouched for a face of the validation split.
    best = ", ".join(f"{name} {value:.3g}" for name, value in [*(figures or losses).items()][:4])
    return (
        f"{of_many(result['steps'], 'step')}: {best}" if best else of_many(result["steps"], "step")
    )


def _evaluated(result: Mapping[str, Any]) -> str:
    told = {"AP": result["AP"], "AP at IoU 0.5": result["AP50"], "best F1": result["f1"]}
    return ", ".join(f"{name} {value:.3f}" for name, value in told.items() if value is not None)


def _reviewed(result: Mapping[str, Any]) -> str:
    return of_many(result["samples"], "sample")


def _pulled(result: Mapping[str, Any]) -> str:
    said = [of_many(result["found"], "tag"), f"{of_many(result['tasks'], 'new task')} in the queue"]
    if result["edits"]:
        said.append(f"{of_many(result['edits'], 'face')} marked invalid")
    if result["verdicts"]:
        said.append(f"{number(result['verdicts'])} dropped")
    if result["settled"]:
        said.append(f"{number(result['settled'])} known from before")
    return ", ".join((*said, *result["strange"]))


def _preparing(params: Mapping[str, Any]) -> str:
    return f"Detecting, measuring and judging faces for {params.get('preset', 'detection')}"


def _measuring(params: Mapping[str, Any]) -> str:
    return "Measuring faces"


def _looking(params: Mapping[str, Any]) -> str:
    return "Looking for copies"


def _measured(result: Mapping[str, Any]) -> str:
    return f"{of_many(result['faces'], 'face')} on {of_many(result['images'], 'image')}"


def _prepared(result: Mapping[str, Any]) -> str:
    verdicts = [f"{number(n)} {name}" for name, n in result["verdicts"].items() if n]
    said = [_measured({"faces": result["faces"], "images": result["images"]})]
    if result["unreadable"]:
        said.append(f"{number(result['unreadable'])} unreadable")
    if verdicts:
        said.append(f"all faces judged: {', '.join(verdicts)}")
    if result["asked"]:
        said.append(f"{number(result['asked'])} new in the queue")
    return "; ".join(said)


def _looked(result: Mapping[str, Any]) -> str:
    said = f"{of_many(result['copies'], 'pair')} of copies, {number(result['similar'])} similar"
    return f"{said}, among {of_many(result['images'], 'image')}"


_TITLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "collect": _collecting,
    "detect": _detecting,
    "prepare": _preparing,
    "measure": _measuring,
    "duplicates": _looking,
    "release": _releasing,
    "train": _training,
    "evaluate": _evaluating,
    "review": _reviewing,
    "pull": _pulling,
    "export": _exporting,
}
_OUTCOMES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "collect": _collected,
    "detect": _detected,
    "prepare": _prepared,
    "measure": _measured,
    "duplicates": _looked,
    "release": _released,
    "train": _trained,
    "evaluate": _evaluated,
    "review": _reviewed,
    "pull": _pulled,
    "export": _exported,
}
