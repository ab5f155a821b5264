"""evaluate: how good predictions are, by the protocols of the field."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curator.cli import console
from curator.cli.console import JsonOption
from curator.errors import ConfigError, InputError

if TYPE_CHECKING:
    from curator.evaluate.wider import WiderResult


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Judge predictions. Example: `curator evaluate wider --help`.",
    )
    group.command("wider")(wider_command)
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
