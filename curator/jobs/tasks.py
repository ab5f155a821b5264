"""The long work that can be asked for, each with parameters that are checked when asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curator.errors import ConfigError
from curator.pipeline.annotate import DetectRequest, detect
from curator.pipeline.duplicates import DuplicatesRequest, find_duplicates
from curator.pipeline.evaluate import EvaluateRequest, evaluate
from curator.pipeline.export import export, folder_of
from curator.pipeline.ingest import CollectRequest, collect
from curator.pipeline.measure import MeasureRequest, measure
from curator.pipeline.prepare import prepare
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Progress
from curator.review.plotting import plot
from curator.review.pulling import pull
from curator.review.pushing import push
from curator.review.serving import serve
from curator.split import SHARES
from curator.store.dataset import Dataset


class Params(BaseModel):
    """Parameters of a task; unknown ones are an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CollectParams(Params):
    """What to collect."""

    source: str
    target: str
    licence: str | None = None
    author: str | None = None
    max_images: int | None = Field(None, ge=1)
    min_side: int = Field(1, ge=1)
    depth: int = Field(3, ge=0)
    also_hosts: tuple[str, ...] = ()
    filters: dict[str, str] = {}
    max_results: int = Field(200, ge=1, le=4000)
    frames: Literal["every", "scenes", "tracks"] = "scenes"
    frame_seconds: float = Field(1.0, gt=0)
    max_megabytes: int | None = Field(None, ge=1)
    max_minutes: float | None = Field(None, gt=0)
    obey: bool = True
    allow_hosts: tuple[str, ...] = ()
    refresh: bool = False


class DetectParams(Params):
    """Which detector to run."""

    detector: str | None = None
    accurate: bool = False
    size: int | None = Field(None, ge=64, le=4096)
    min_score: float | None = Field(None, ge=0, le=1)


class PrepareParams(Params):
    """By which rules to judge what was detected and measured."""

    preset: str = "detection"


class ReleaseParams(Params):
    """What to freeze, and how to divide it."""

    name: str
    source: str | None = None
    labelled_only: bool = False
    commercial_only: bool = False
    min_score: float = Field(0, ge=0, le=1)
    min_size: float = Field(0, ge=0)
    rules: str | None = None
    proposed_attributes: bool = False
    shares: dict[str, float] = dict(SHARES)
    seed: int = 0
    apart_by_identity: bool = False


class ExportParams(Params):
    """What to export, and where to: the dataset's own ``exports`` without ``out``."""

    release: str
    format: str
    out: Path | None = None


class TrainParams(Params):
    """What to train on what; the same again goes on where it was."""

    trainer: str
    release: str
    recipe: str | None = None
    minutes: float | None = Field(None, gt=0)
    epochs: float | None = Field(None, gt=0)
    device: str = "auto"
    seed: int = 0
    task: str = "detect"
    classes: str = "face"
    more: dict[str, str] = {}


class EvaluateParams(Params):
    """Which detector or predictions to judge on which split of a release."""

    release: str
    split: str = "val"
    detector: str | None = None
    predictions: Path | None = None
    accurate: bool = False
    size: int | None = Field(None, ge=64, le=4096)
    confidence: float | None = Field(None, ge=0, le=1)
    count_proposals: bool = False
    true_boxes: bool = True
    ground_truth: Path | None = None


class ReviewParams(Params):
    """Which judged run to review."""

    run: str
    port: int = Field(5151, ge=1024, le=65535)


class PullParams(Params):
    """Whose tags of which run to take over."""

    run: str
    user: str = "review"


class MeasureParams(Params):
    """How to measure faces."""

    pose_network: bool = True


class DuplicatesParams(Params):
    """Which copies to look for."""

    mirror: bool = False
    faces: bool = True


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of long work: what it needs, what it does."""

    params: type[Params]
    run: Callable[[Dataset, Any, Progress], Mapping[str, Any]]


def checked(task: str, params: Mapping[str, Any]) -> Params:
    """The parameters of a task, validated.

    Raises:
        ConfigError: if the task is not known or a parameter is wrong.
    """
    if task not in TASKS:
        raise ConfigError(f"unknown task {task!r}; known: {', '.join(TASKS)}")
    try:
        return TASKS[task].params.model_validate(params)
    except ValidationError as cause:
        first = cause.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{task}: {place}: {first['msg']}") from cause


def _collect(dataset: Dataset, params: CollectParams, progress: Progress) -> Mapping[str, Any]:
    return asdict(collect(dataset, CollectRequest(**params.model_dump()), progress))


def _detect(dataset: Dataset, params: DetectParams, progress: Progress) -> Mapping[str, Any]:
    return asdict(detect(dataset, DetectRequest(**params.model_dump()), progress))


def _release(dataset: Dataset, params: ReleaseParams, progress: Progress) -> Mapping[str, Any]:
    selection = Selection(
        source=params.source,
        labelled_only=params.labelled_only,
        commercial_only=params.commercial_only,
        min_score=params.min_score,
        min_size=params.min_size,
        rules=params.rules,
        proposed_attributes=params.proposed_attributes,
    )
    options = SplitOptions(
        shares=params.shares, seed=params.seed, apart_by_identity=params.apart_by_identity
    )
    made = release(dataset, params.name, selection, options, progress)
    return {"release": made.name, "images": made.images, "faces": made.faces}


def _export(dataset: Dataset, params: ExportParams, progress: Progress) -> Mapping[str, Any]:
    out = params.out or folder_of(dataset, params.release, params.format)
    report = export(dataset, params.release, params.format, out, progress=progress)
    return {"folder": str(out), **report.as_json()}


def _train(dataset: Dataset, params: TrainParams, progress: Progress) -> Mapping[str, Any]:
    # Brings scipy, which no other task should wait for.
    from curator.pipeline.learn import learn, request_of

    request = request_of(**params.model_dump(exclude_none=True))
    report = learn(dataset, request, progress)
    return {
        "run": report.folder.name,
        "weights": str(report.weights),
        "steps": report.steps,
        "figures": dict(report.figures),
    }


def _evaluate(dataset: Dataset, params: EvaluateParams, progress: Progress) -> Mapping[str, Any]:
    run = evaluate(dataset, EvaluateRequest(**params.model_dump()), progress)
    working = run.metrics["working"] or {}
    return {
        "run": run.name,
        "AP": run.metrics["figures"]["AP"],
        "AP50": run.metrics["figures"]["AP50"],
        "f1": working.get("f1"),
    }


def _review(dataset: Dataset, params: ReviewParams, progress: Progress) -> Mapping[str, Any]:
    run, count = push(dataset, params.run, progress)
    plotted = plot(dataset, run, progress)

    def tell(address: str) -> None:
        progress.begin(f"FiftyOne is at {address}", None)

    serve(dataset, params.run, params.port, tell)
    return {"samples": count, "plot": plotted}


def _pull(dataset: Dataset, params: PullParams, progress: Progress) -> Mapping[str, Any]:
    progress.begin("asking FiftyOne for its tags", None)
    return asdict(pull(dataset, params.run, params.user))


def _measure(dataset: Dataset, params: MeasureParams, progress: Progress) -> Mapping[str, Any]:
    return asdict(measure(dataset, MeasureRequest(**params.model_dump()), progress))


def _prepare(dataset: Dataset, params: PrepareParams, progress: Progress) -> Mapping[str, Any]:
    return asdict(prepare(dataset, params.preset, progress))


def _duplicates(
    dataset: Dataset, params: DuplicatesParams, progress: Progress
) -> Mapping[str, Any]:
    return asdict(find_duplicates(dataset, DuplicatesRequest(**params.model_dump()), progress))


TASKS: Mapping[str, Task] = {
    "collect": Task(CollectParams, _collect),
    "detect": Task(DetectParams, _detect),
    "prepare": Task(PrepareParams, _prepare),
    "measure": Task(MeasureParams, _measure),
    "duplicates": Task(DuplicatesParams, _duplicates),
    "release": Task(ReleaseParams, _release),
    "train": Task(TrainParams, _train),
    "evaluate": Task(EvaluateParams, _evaluate),
    "review": Task(ReviewParams, _review),
    "pull": Task(PullParams, _pull),
    "export": Task(ExportParams, _export),
}
