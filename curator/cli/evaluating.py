"""evaluate: how good predictions are, by the protocols of the field."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption
from curator.errors import ConfigError, InputError
from curator.evaluate.confusion import Confusion
from curator.records import Run

if TYPE_CHECKING:
    from curator.evaluate.wider import WiderResult
    from curator.pipeline.comparison import ModelRow


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Judge predictions. Example: `curator evaluate wider --help`.",
    )
    group.command("wider")(wider_command)
    group.command("release")(release_command)
    group.command("compare")(compare_command)
    app.add_typer(group, name="evaluate")


def wider_command(
    predictions: Annotated[
        Path, typer.Option(help="Holds `<event>/<photo>.txt`, the published text form.")
    ],
    ground_truth: Annotated[
        Path, typer.Option(help="Holds wider_face_val.mat and wider_{easy,medium,hard}_val.mat.")
    ],
    photos: Annotated[
        Path | None,
        typer.Option(help="Only these: a file of `<event>/<photo>` lines, or a folder of photos."),
    ] = None,
    curves: Annotated[
        Path | None, typer.Option(help="Where to draw the three precision-recall curves (PNG).")
    ] = None,
    json: JsonOption = False,
) -> None:
    """The official WIDER FACE protocol. Example: `curator evaluate wider --predictions P ...`."""
    # Brings scipy, which no other command should wait for.
    from curator.evaluate.predictions import read_predictions
    from curator.evaluate.wider import evaluate
    from curator.evaluate.wider_truth import read_truth

    found = read_predictions(predictions)
    truth = read_truth(ground_truth)
    result = evaluate(found, truth, None if photos is None else _subset(photos))
    if json:
        ap = {name: None if math.isnan(value) else value for name, value in result.ap.items()}
        console.print_json({**ap, "photos": result.photos, "detections": result.detections})
        return
    rows = [(name, f"{level.ap:.3f}", level.faces) for name, level in result.levels.items()]
    console.print_table(f"WIDER FACE, {result.photos} photos", ("level", "AP", "faces"), rows)
    if result.left_out:
        console.say(f"{result.left_out} photos with predictions were not part of this")
    picture = curves or predictions.with_name(f"{predictions.name}-curves.png")
    draw_curves(result, picture)
    console.say(f"curves: {picture}")


def release_command(
    release: Annotated[str, typer.Argument(help="Whose faces are the truth.")],
    dataset: DatasetOption = None,
    detector: Annotated[
        str | None, typer.Option(help="As in `curator detect`; run:NAME for a trained one.")
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(help="A folder of `<photo>.txt` in WIDER's text form, or COCO results."),
    ] = None,
    split: Annotated[str, typer.Option(help="val or test.")] = "val",
    accurate: Annotated[
        bool, typer.Option("--accurate", help="Flipped and at five scales, merged: slow.")
    ] = False,
    size: Annotated[int | None, typer.Option(help="Long side of the network's input.")] = None,
    confidence: Annotated[
        float | None, typer.Option(min=0, max=1, help="Where it works; where F1 is best without.")
    ] = None,
    count_proposals: Annotated[
        bool, typer.Option("--count-proposals", help="Take for true what nobody has looked at.")
    ] = False,
    true_boxes: Annotated[
        bool, typer.Option(help="Judge points on true boxes too: one more look a face.")
    ] = True,
    ground_truth: Annotated[
        Path | None,
        typer.Option(help="Official files of WIDER FACE: also its levels, of photos it names."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Where to write the report: one HTML file.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Judge a detector on a release. Example: `curator evaluate release v1 --detector yunet`."""
    from curator.pipeline.evaluate import EvaluateRequest, evaluate
    from curator.pipeline.report import write_report

    request = EvaluateRequest(
        release=release,
        split=split,
        detector=detector,
        predictions=predictions,
        accurate=accurate,
        size=size,
        confidence=confidence,
        count_proposals=count_proposals,
        true_boxes=true_boxes,
        ground_truth=ground_truth,
    )
    with console.opened(dataset) as opened, console.bar() as bar:
        run = evaluate(opened, request, bar)
        if report is not None:
            write_report(opened, run, report)
    if json:
        console.print_json({"run": run.name, "method": run.method, **run.metrics})
        return
    print_evaluation(run)
    if report is not None:
        console.say(f"report: {report}")


def compare_command(
    names: Annotated[
        list[str] | None, typer.Argument(help="Runs of `curator evaluate release`; all without.")
    ] = None,
    dataset: DatasetOption = None,
    json: JsonOption = False,
) -> None:
    """Judged models side by side. Example: `curator evaluate compare`."""
    from curator.pipeline.comparison import comparison

    with console.opened(dataset) as opened:
        rows = comparison(opened, names or [])
    if json:
        console.print_json([asdict(row) for row in rows])
        return
    header = ("run", "model", "on", "MB", "parameters", "ms an image", "AP", "AP50", "best F1")
    console.print_table("Models", header, [_compared(row) for row in rows])


def _compared(row: ModelRow) -> tuple[object, ...]:
    size = None if row.bytes is None else row.bytes / 1e6
    numbers = (size, row.parameters, row.milliseconds, row.ap, row.ap50, row.f1)
    on = f"{row.release}, {row.split}"
    return (row.run, row.method, on, *("–" if value is None else value for value in numbers))


def print_evaluation(run: Run) -> None:
    """What a run says, as tables."""
    from curator.pipeline import report as reports

    said = run.metrics
    figures, working, theirs = said["figures"], said["working"] or {}, said["ultralytics"]
    facts = {
        "run": run.name,
        "on": f"{said['release']}, {said['split']}: {said['photos']} photos, {said['faces']} faces",
        "AP": figures["AP"],
        "AP at IoU 0.5": figures["AP50"],
        "works best at confidence": working.get("confidence"),
        "precision there": working.get("precision"),
        "recall there": working.get("recall"),
        "F1 there": working.get("f1"),
        "as Ultralytics tells it": {
            name: theirs[name] for name in ("precision", "recall", "mAP50", "mAP50_95")
        },
        "WIDER FACE": reports.wider_ap(said),
        "points AP": figures.get("points_AP"),
        "point error on detected boxes": (said["points"] or {}).get("mean"),
        "point error on true boxes": (said["points_on_true_boxes"] or {}).get("mean"),
        "images not looked at": said["not_looked_at"] or None,
        "predictions for other photos": said["left_out"] or None,
    }
    console.print_facts(run.method, facts)
    console.print_table("Mistakes", reports.MISTAKE_HEADER, reports.mistake_rows(said))
    rows = [
        (one["group"], one["name"], one["faces"], one["recall"], one["missed"], one["trained"])
        for one in said["slices"]
    ]
    header = ("slice", "", "faces", "recall", "missed", "in training")
    console.print_table("Where faces are missed", header, rows)
    told = said["confusion"]
    if told is not None:
        table = Confusion(**told).pairs()
        people_header = ("who it was", "taken for", "times")
        console.print_table("Who was taken for whom", people_header, table[:20])


def draw_curves(result: WiderResult, path: Path) -> None:
    """Three precision-recall curves in one picture."""
    # Costs half a second, so not before someone wants a picture.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.add_subplot(
        xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02), title="WIDER FACE"
    )
    for name, level in result.levels.items():
        axes.plot(level.recall, level.precision, label=f"{name}  AP {level.ap:.3f}")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="lower left")
    try:
        figure.savefig(path, dpi=120)
    except OSError as cause:
        raise ConfigError(f"{path}: cannot be written ({cause.strerror})") from cause


def _subset(place: Path) -> list[str]:
    if place.is_dir():
        found = [p.relative_to(place) for p in sorted(place.glob("*/*")) if p.is_file()]
        return [path.with_suffix("").as_posix() for path in found]
    try:
        lines = place.read_text(encoding="utf-8").splitlines()
    except OSError as cause:
        raise InputError(f"{place}: {cause.strerror}") from cause
    return [line.strip() for line in lines if line.strip()]
