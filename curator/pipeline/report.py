"""The report of an evaluation: one HTML file that needs nothing else, pictures included."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any

from curator.charts import line_chart
from curator.evaluate.confusion import Confusion
from curator.imaging import BrokenImage
from curator.pipeline import mistakes
from curator.records import Match, Run
from curator.store.blobs import write_atomic
from curator.store.dataset import Dataset

PICTURES = 12
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem .2rem 0; text-align: left; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tr { border-bottom: 1px solid #8884; }
.row { display: flex; flex-wrap: wrap; gap: 1rem; } .chart { margin: 0; width: 30rem; }
.chart img { width: 100%; }
.chart figcaption span { margin-right: 1rem; } .chart i { display: inline-block; width: .8em;
  height: .8em; margin-right: .3em; border-radius: 2px; }
.pictures figure { margin: 0; width: 220px; } .pictures figcaption { font-size: .8rem;
  overflow-wrap: anywhere; }
"""


def write_report(dataset: Dataset, run: Run, file: Path) -> None:
    """Write the report of a run of ``evaluate``.

    Raises:
        StoreError: if the file cannot be written.
    """
    write_atomic(file, html_of(dataset, run).encode())


def html_of(dataset: Dataset, run: Run) -> str:
    """The report as text."""
    said = run.metrics
    title = escape(f"{run.method} on {said['release']}, {said['split']}")
    parts = [
        f"<h1>{title}</h1>",
        _table((), facts(run).items()),
        "<h2>Curves</h2>",
        f'<div class="row">{"".join(curves(said))}</div>',
        "<h2>Mistakes</h2>",
        _table(MISTAKE_HEADER, mistake_rows(said)),
        *_accumulated(said),
        "<h2>Where faces are missed</h2>",
        _table(SLICE_HEADER, slice_rows(said)),
        *_confused(said),
        *(_pictures(dataset, run, kind, name) for kind, name in mistakes.KINDS.items()),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def facts(run: Run) -> dict[str, str]:
    """What a run says first, in words; what cannot be said is left out."""
    said = run.metrics
    figures, working, model = said["figures"], said["working"] or {}, said["model"]
    known = {
        "photos": f"{said['photos']:,}",
        "faces": f"{said['faces']:,}",
        "AP (mean over IoU 0.5 to 0.95)": _share(figures.get("AP")),
        "AP at IoU 0.5": _share(figures.get("AP50")),
        "as Ultralytics tells it": _theirs(said.get("ultralytics")),
        "WIDER FACE": wider_ap(said),
        "works best at confidence": _share(working.get("confidence")),
        "precision there": _share(working.get("precision")),
        "recall there": _share(working.get("recall")),
        "F1 there": _share(working.get("f1")),
        "AP of the points": _share(figures.get("points_AP")),
        "point error on detected boxes": _error(said["points"]),
        "point error on true boxes": _error(said["points_on_true_boxes"]),
        "weights": f"{model['bytes'] / 1e6:.2f} MB" if "bytes" in model else None,
        "parameters": f"{model['parameters']:,.0f}" if "parameters" in model else None,
        "an image takes": f"{model['milliseconds']:.1f} ms on one thread of this machine"
        if "milliseconds" in model
        else None,
        "licence of the weights": run.licence,
    }
    return {name: value for name, value in known.items() if value is not None}


def curves(said: Mapping[str, Any]) -> list[str]:
    """Precision over recall, and all three over confidence, as SVG."""
    curve, working = said["curve"], said["working"]
    if not curve["confidence"]:
        return []
    unit = (0.0, 1.0, 0.0, 1.0)
    at = None if working is None else (working["recall"], working["precision"])
    best = None if working is None else (working["confidence"], working["f1"])
    over = {name: (curve["confidence"], curve[name]) for name in ("precision", "recall", "f1")}
    drawn = [
        line_chart(
            {"precision over recall": (curve["recall"], curve["precision"])},
            x="recall",
            bounds=unit,
            mark=at,
        ),
        line_chart(over, x="confidence", bounds=unit, mark=best),
    ]
    levels = {
        f"WIDER FACE {name}": (level["recall"], level["precision"])
        for name, level in _levels(said).items()
        if level["recall"]
    }
    return [*drawn, line_chart(levels, x="recall", bounds=unit)] if levels else drawn


def wider_ap(said: Mapping[str, Any]) -> str | None:
    """AP at the three levels of WIDER FACE, where its ground truth was there."""
    if not said.get("wider"):
        return None
    told = (
        f"{name} {'none' if level['ap'] is None else format(level['ap'], '.3f')}"
        for name, level in _levels(said).items()
    )
    return f"AP {', '.join(told)} on {said['wider']['photos']:,} of its photos"


def mistake_counts(said: Mapping[str, Any]) -> dict[str, int]:
    """How often each kind of mistake was made, in words."""
    return {mistakes.KINDS[kind]: count for kind, count in said["mistakes"].items()}


def gains(said: Mapping[str, Any]) -> dict[str, float]:
    """How far AP at IoU 0.5 would rise without the mistakes of each kind, in words."""
    told = said.get("gains") or {}
    return {mistakes.KINDS[kind]: value for kind, value in told.items() if value is not None}


MISTAKE_HEADER = ("kind", "times at the working point", "AP at IoU 0.5 to gain")


def mistake_rows(said: Mapping[str, Any]) -> list[tuple[str, int, object]]:
    """A row a kind under MISTAKE_HEADER: what costs most first."""
    times, worth = mistake_counts(said), gains(said)
    return [
        (kind, times.get(kind, 0), _known(worth.get(kind)))
        for kind in dict.fromkeys((*worth, *times))
    ]


SLICE_HEADER = ("slice", "", "faces", "recall", "missed", "in training", "point error")


def slice_rows(said: Mapping[str, Any]) -> list[tuple[object, ...]]:
    """A row a slice under SLICE_HEADER."""
    names = ("group", "name", "faces", "recall", "missed", "trained")
    return [
        (*(one[name] for name in names), "" if one["point_error"] is None else one["point_error"])
        for one in said["slices"]
    ]


POINT_HEADER = ("points", "on detected boxes", "on true boxes")


def point_rows(said: Mapping[str, Any]) -> list[tuple[str, object, object]]:
    """What finding the faces costs the points, under POINT_HEADER; none without both sides."""
    detected, alone = said["points"], said["points_on_true_boxes"]
    if detected is None or alone is None:
        return []
    names = {
        "faces": "faces",
        "missed": "of them not found",
        "mean": "mean error of those found, in eye distances",
        "median": "median error",
        "failure_rate": f"failed: not found, or error above {detected['limit']:g}",
        "auc": f"area under the cumulative curve up to {detected['limit']:g}",
    }
    return [(words, _known(detected[n]), _known(alone[n])) for n, words in names.items()]


def _known(value: float | None) -> object:
    return "–" if value is None else value


def _levels(said: Mapping[str, Any]) -> Mapping[str, Any]:
    levels: Mapping[str, Any] = (said.get("wider") or {}).get("levels", {})
    return levels


def _theirs(told: Mapping[str, Any] | None) -> str | None:
    """Its figures under its names."""
    if told is None or told["mAP50"] is None:
        return None
    names = {"P": "precision", "R": "recall", "mAP50": "mAP50", "mAP50-95": "mAP50_95"}
    said = ", ".join(f"{short} {told[name]:.3f}" for short, name in names.items())
    return f"{said} at confidence {told['confidence']:.3f}"


def caption(one: Match, kind: str) -> str:
    """What a picture of a mistake shows, in a few words."""
    said = []
    if one.score is not None:
        said.append(f"score {one.score:.2f}")
    if kind == "points" and one.point_error is not None:
        said.append(f"error {100 * one.point_error:.0f} % of the eye distance")
    elif one.iou:
        said.append(f"IoU {one.iou:.2f}")
    if one.identity:
        said.append(f"taken for {one.identity}")
    said.append(f"{one.box[3] - one.box[1]:.0f} px high")
    return ", ".join(said)


def _accumulated(said: Mapping[str, Any]) -> Iterable[str]:
    rows = point_rows(said)
    if rows:
        yield "<h2>What finding faces costs the points</h2>"
        yield _table(POINT_HEADER, rows)


def _confused(said: Mapping[str, Any]) -> Iterable[str]:
    if said["confusion"] is None:
        return
    yield "<h2>Who was taken for whom</h2>"
    yield _table(("who it was", "taken for", "times"), Confusion(**said["confusion"]).pairs()[:40])


def _pictures(dataset: Dataset, run: Run, kind: str, name: str) -> str:
    figures = []
    for one in mistakes.worst(dataset, run.id, kind, PICTURES):
        # A photo that is gone is no reason to have no report.
        with suppress(BrokenImage, OSError):
            data = base64.b64encode(mistakes.picture(dataset, one.id or 0)).decode()
            figures.append(
                f'<figure><img alt="" src="data:image/jpeg;base64,{data}">'
                f"<figcaption>{escape(caption(one, kind))}</figcaption></figure>"
            )
    if not figures:
        return ""
    return f'<h2>{escape(name)}</h2><div class="row pictures">{"".join(figures)}</div>'


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td class="n">{value:.3f}</td>'
    kind = ' class="n"' if isinstance(value, int) else ""
    return f"<td{kind}>{escape(str(value))}</td>"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.3f}"


def _error(points: Mapping[str, Any] | None) -> str | None:
    if points is None or points["mean"] is None:
        return None
    return (
        f"{100 * points['mean']:.2f} % of the eye distance, "
        f"{points['missed']} of {points['faces']} faces without"
    )
