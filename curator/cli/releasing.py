"""split, release, compare, verify and export: what leaves a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption
from curator.errors import ConfigError, StoreError
from curator.formats import FORMATS, ClassBy, ExportOptions, ExportReport
from curator.pipeline.export import export
from curator.pipeline.quality import read_rules
from curator.pipeline.release import Selection, SplitOptions, compare, release, split
from curator.pipeline.verify import verify
from curator.quality import PRESETS
from curator.records import SPLITS, Release
from curator.split import SplitReport

SharesOption = Annotated[
    str, typer.Option(help="Percent of the images for train, val and test.", metavar="A/B/C")
]
SeedOption = Annotated[int, typer.Option(help="Another seed is another split.")]
IdentityOption = Annotated[
    bool, typer.Option("--apart-by-identity", help="Let no person stand in two splits.")
]
SourceOption = Annotated[str | None, typer.Option(help="Only images of this source.")]
LabelledOption = Annotated[
    bool, typer.Option("--labelled-only", help="Only images that people vouch for.")
]
CommercialOption = Annotated[
    bool,
    typer.Option(
        "--commercial-only", help="Only images whose licence is known to allow commercial use."
    ),
]


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("split")(split_command)
    app.command("release")(release_command)
    app.command("compare")(compare_command)
    app.command("verify")(verify_command)
    app.command("export")(export_command)


def split_command(
    dataset: DatasetOption = None,
    shares: SharesOption = "80/13/7",
    seed: SeedOption = 0,
    apart_by_identity: IdentityOption = False,
    again: Annotated[
        bool, typer.Option("--again", help="Deal everything anew that no release holds.")
    ] = False,
    source: SourceOption = None,
    json: JsonOption = False,
) -> None:
    """Divide the images; those of a release never move. Example: `curator split -d photos`."""
    options = SplitOptions(
        shares=parse_shares(shares), seed=seed, apart_by_identity=apart_by_identity, again=again
    )
    with console.opened(dataset) as opened, console.bar() as bar:
        report = split(opened, Selection(source=source), options, bar)
    if json:
        console.print_json(report)
    else:
        print_split(report)


def release_command(
    name: Annotated[str, typer.Argument(help="A name that no release has yet.")],
    dataset: DatasetOption = None,
    shares: SharesOption = "80/13/7",
    seed: SeedOption = 0,
    apart_by_identity: IdentityOption = False,
    source: SourceOption = None,
    labelled_only: LabelledOption = False,
    commercial_only: CommercialOption = False,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out proposed faces below this score.")
    ] = 0.0,
    min_size: Annotated[
        float, typer.Option(min=0, help="Leave out faces of less height, pixels.")
    ] = 0.0,
    preset: Annotated[
        str | None, typer.Option(help=f"Only faces these quality rules keep: {', '.join(PRESETS)}.")
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="Only faces these rules keep, as of `curator filter`.")
    ] = None,
    proposed_attributes: Annotated[
        bool, typer.Option("--proposed-attributes", help="With the attributes measures propose.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Freeze what is there, splitting it first. Example: `curator release v1 -d photos`."""
    rules = read_rules(preset, rule) if preset or rule else None
    selection = Selection(
        source=source,
        labelled_only=labelled_only,
        commercial_only=commercial_only,
        min_score=min_score,
        min_size=min_size,
        rules=None if rules is None else "; ".join(each.source for each in rules),
        proposed_attributes=proposed_attributes,
    )
    options = SplitOptions(
        shares=parse_shares(shares), seed=seed, apart_by_identity=apart_by_identity
    )
    with console.opened(dataset) as opened, console.bar() as bar:
        made = release(opened, name, selection, options, bar)
    if json:
        console.print_json(made)
    else:
        print_release(made)


def compare_command(
    old: Annotated[str, typer.Argument(help="The earlier release.")],
    new: Annotated[str, typer.Argument(help="The later release.")],
    dataset: DatasetOption = None,
    json: JsonOption = False,
) -> None:
    """Tell how two releases differ. Example: `curator compare v1 v2 -d photos`."""
    with console.opened(dataset) as opened:
        difference = compare(opened, old, new)
    if json:
        console.print_json(difference)
        return
    facts = {
        "added": len(difference.added),
        "removed": len(difference.removed),
        "changed": len(difference.changed),
        "unchanged": difference.unchanged,
    }
    console.print_facts(f"{old} -> {new}", facts)
    for title in ("added", "removed", "changed"):
        for name in getattr(difference, title)[:10]:
            console.say(f"{title}: {name}")


def verify_command(
    name: Annotated[str, typer.Argument(help="The release.")],
    dataset: DatasetOption = None,
    json: JsonOption = False,
) -> None:
    """Tell whether a release is what was frozen. Example: `curator verify v1 -d photos`."""
    with console.opened(dataset) as opened, console.bar() as bar:
        found = verify(opened, name, bar)
    if json:
        console.print_json(found)
    for image, wrong in found.broken.items():
        console.say(f"{image}: {wrong}")
    if not found.labels:
        raise StoreError(f"release {name!r} has changed: its labels are not what was frozen")
    if found.broken:
        raise StoreError(
            f"release {name!r} has changed: {len(found.broken)} of {found.images} image files"
        )
    if not json:
        console.say(f"release {name!r} is whole: {found.images} images and their labels")


def export_command(
    format: Annotated[str, typer.Argument(help=f"One of: {', '.join(FORMATS.names())}.")],
    out: Annotated[Path, typer.Argument(help="A new folder, or an earlier export to replace.")],
    release: Annotated[str, typer.Option("--release", "-r", help="Which release.")],
    dataset: DatasetOption = None,
    class_by: Annotated[
        ClassBy, typer.Option(help="yolo: one class for all faces, or one a person.")
    ] = ClassBy.FACE,
    json: JsonOption = False,
) -> None:
    """Write a release in a format. Example: `curator export yolo out --release v1 -d photos`."""
    options = ExportOptions(class_by=class_by)
    with console.opened(dataset) as opened, console.bar() as bar:
        report = export(opened, release, format, out, progress=bar, options=options)
    if json:
        console.print_json(report)
    else:
        print_export(report, format, out)


def parse_shares(text: str) -> dict[str, float]:
    """``80/13/7`` as shares of train, val and test.

    Raises:
        ConfigError: if these are not three numbers.
    """
    try:
        parts = [float(part) for part in text.split("/")]
    except ValueError as cause:
        raise ConfigError(f"--shares {text!r}: not three numbers such as 80/13/7") from cause
    if len(parts) != len(SPLITS):
        raise ConfigError(f"--shares {text!r}: not three numbers such as 80/13/7")
    return {name: part / 100 for name, part in zip(SPLITS, parts, strict=True)}


def print_release(made: Release) -> None:
    """A release as a table."""
    facts = {
        "images": made.images,
        "faces": made.faces,
        "splits": made.report["split"]["counts"],
        "faces left out": made.report["faces_left_out"],
        "licences of images": made.report["licences"]["images"],
        "licences of weights": made.report["licences"]["weights"],
        "manifest": made.manifest_sha256,
    }
    console.print_facts(f"Release {made.name}", facts)
    console.say(f"next: curator export yolo OUT --release {made.name}")


def print_split(report: SplitReport) -> None:
    """A split as a table, with how near its parts come to each other."""
    percent = {name: f"{100 * share:.1f} %" for name, share in report.shares.items()}
    facts = {
        "images": report.counts,
        "shares": percent,
        "groups kept together": report.groups,
        "moved from an earlier split": report.moved,
        "groups that stand in two splits": len(report.conflicts),
        "people in more than one split": report.identities_shared,
    }
    console.print_facts("Split", facts)


def print_export(report: ExportReport, format_name: str, out: Path) -> None:
    """An export as a table."""
    console.print_facts(f"Exported {format_name} to {out}", report.as_json())
