"""teach and train: from proposals to points, from a release to weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption
from curator.errors import ConfigError
from curator.pipeline.teach import TeachReport, TeachRequest, teach_points
from curator.train import TRAINERS

if TYPE_CHECKING:
    from curator.pipeline.learn import LearnReport


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("teach")(teach_command)
    group = typer.Typer(
        no_args_is_help=True,
        help="Train on a release. Example: `curator train retinaface --release v1 --minutes 60`.",
    )
    for name in TRAINERS.names():
        settings = {"allow_extra_args": True, "ignore_unknown_options": False}
        group.command(name, context_settings=settings)(train_command)
    group.command("setup")(setup_command)
    app.add_typer(group, name="train")


def teach_command(
    teachers: Annotated[
        list[str], typer.Argument(help="Detectors that have run: their names, or numbers of runs.")
    ],
    dataset: DatasetOption = None,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Mean score below which they have said nothing.")
    ] = 0.25,
    sure: Annotated[
        float, typer.Option(min=0, max=1, help="Mean score from which they may doubt labels.")
    ] = 0.6,
    json: JsonOption = False,
) -> None:
    """Give labelled faces the points detectors see. Example: `curator teach yunet retinaface`."""
    request = TeachRequest(teachers=tuple(teachers), min_score=min_score, sure=sure)
    with console.opened(dataset) as opened, console.bar() as bar:
        report = teach_points(opened, request, bar)
    if json:
        console.print_json(report)
    else:
        print_teaching(report)


def setup_command(
    trainer: Annotated[str, typer.Argument(help="Whose environment to make: yolo.")],
    torch: Annotated[
        str | None, typer.Option(help="A certain PyTorch to be installed first, as for pip.")
    ] = None,
) -> None:
    """Make the environment of a trainer. Example: `curator train setup yolo`."""
    from curator.environments import YOLO, folder_of, make

    if trainer != YOLO.name:
        raise ConfigError(f"trainer {trainer!r} needs no environment of its own; yolo does")
    console.say(f"installing {YOLO.about} into {folder_of(YOLO)}")
    with console.bar() as bar:
        make(YOLO, bar, first=() if torch is None else (torch,))
    console.say("next: curator train yolo --release NAME --minutes 60")


def train_command(
    context: typer.Context,
    release: Annotated[str, typer.Option("--release", "-r", help="What to learn from.")],
    dataset: DatasetOption = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", "--model", "-m", help="How to train, or what; the usual without."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="At most so many minutes in training steps.")
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="At most so often as many crops as there are photos.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto for the best there is.")] = "auto",
    seed: Annotated[int, typer.Option(help="Another seed is another run.")] = 0,
    start: Annotated[
        Path | None,
        typer.Option(
            help="Begin with these weights: another run's checkpoint, or the published ONNX."
        ),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="What the weights may be used for: written into them.")
    ] = None,
    task: Annotated[str, typer.Option(help="yolo: detect, or pose for five points.")] = "detect",
    classes: Annotated[
        str, typer.Option(help="yolo: face, or identity for one class a person.")
    ] = "face",
    json: JsonOption = False,
) -> None:
    """Train on a release. Example: `curator train retinaface --release v1 --minutes 60`.

    What follows as NAME=VALUE is passed on to the trainer.
    """
    # Brings scipy, which no other command should wait for.
    from curator.pipeline.learn import learn, request_of

    request = request_of(
        str(context.info_name),
        release,
        recipe=recipe,
        minutes=minutes,
        epochs=epochs,
        device=device,
        seed=seed,
        start=start,
        licence=licence,
        task=task,
        classes=classes,
        more=_passed_on(context.args),
    )
    with console.opened(dataset) as opened, console.bar() as bar:
        report = learn(opened, request, bar)
    if json:
        console.print_json(report)
    else:
        print_training(report)


def _passed_on(words: list[str]) -> dict[str, str]:
    parts = [word.partition("=") for word in words]
    for name, equals, value in parts:
        if not (name.isidentifier() and equals and value):
            raise ConfigError(f"{name!r} is no option; options of the trainer are NAME=VALUE")
    return {name: value for name, _, value in parts}


def print_teaching(report: TeachReport) -> None:
    """What teachers added, as a table."""
    facts = {
        "teachers": ", ".join(report.teachers),
        "images": report.images,
        "labelled faces given points": report.pointed,
        "labelled faces without points": report.unpointed,
        "proposals beside labels": report.doubted,
        "proposals in images without labels": report.proposed,
        "images left as they are": report.left,
        "seconds": round(report.seconds, 1),
    }
    console.print_facts("Teachers", facts)
    console.say("next: curator release NAME")


def print_training(report: LearnReport) -> None:
    """A training run as a table."""
    facts = {
        "photos": report.photos,
        "steps": report.steps,
        "minutes in steps": round(report.minutes, 1),
        **report.figures,
        "weights": report.weights,
        "curve": report.curve,
    }
    console.print_facts("Training", facts)
    console.say(f"next: curator evaluate release NAME --detector run:{report.folder.name}")
