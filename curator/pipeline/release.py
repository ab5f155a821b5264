"""Split and freeze: what is selected becomes a release that never changes again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any

from msgspec import structs
from sqlalchemy import Connection

from curator.duplicates import groups
from curator.errors import InputError
from curator.imaging import BrokenImage, decode_grey
from curator.phash import SIDE, perceptual_hash
from curator.pipeline.duplicates import TOGETHER
from curator.pipeline.profile import Profile
from curator.pipeline.quality import judged
from curator.progress import Progress, track
from curator.quality import parse
from curator.records import Decision, Face, Image, Pair, Release
from curator.split import SHARES, Item, SplitReport, assign, measure, near_duplicate_groups
from curator.store import faces, images, pairs, proposals, releases, runs
from curator.store.dataset import Dataset
from curator.store.images import ImageFilter
from curator.store.rows import batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What goes into a release.

    Attributes:
        source: Only images of this source.
        labelled_only: Only images that people vouch for, none with mere proposals.
        commercial_only: Only images whose licence is known to allow commercial use.
        min_score: Proposed faces below are left out (0..1).
        min_size: Faces of less height are left out (pixels).
        rules: Only faces that these quality rules keep, or a person does; None for all.
        proposed_attributes: Faces get the attributes that measures propose, where people and
            files have not said anything.
    """

    source: str | None = None
    labelled_only: bool = False
    commercial_only: bool = False
    min_score: float = 0.0
    min_size: float = 0.0
    rules: str | None = None
    proposed_attributes: bool = False

    def images(self) -> ImageFilter:
        """The images this selection asks for: those about which something is known."""
        return ImageFilter(
            source=self.source,
            annotated=True,
            labelled=True if self.labelled_only else None,
            commercial=self.commercial_only,
        )

    def admits(self, face: Face) -> bool:
        """Whether a face goes in."""
        tall = face.box[3] - face.box[1] >= self.min_size
        return tall and (face.score is None or face.score >= self.min_score)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOptions:
    """How images are divided.

    Attributes:
        shares: Split -> share of the images; they sum to 1.
        seed: Another seed is another split of the same quality.
        apart_by_identity: No person may stand in two splits.
        again: Deal everything anew that no release holds, also what has a split already.
    """

    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))
    seed: int = 0
    apart_by_identity: bool = False
    again: bool = False


def split(
    dataset: Dataset, selection: Selection, options: SplitOptions, progress: Progress
) -> SplitReport:
    """Give each selected image a split; an image that a release holds never moves.

    Raises:
        ConfigError: if the shares do not sum to 1.
        InputError: if nothing is selected.
    """
    _fill_in_phashes(dataset, selection, progress)
    with dataset.read() as connection:
        selected = images.find(connection, selection.images())
        outlines = faces.outlines(connection)
        alike = _alike(pairs.every(connection))
        pinned = releases.pinned(connection) if options.again else None
    if not selected:
        raise InputError(
            "no image has faces yet, so there is nothing to split; "
            "detect or import faces first: curator detect"
        )
    progress.begin("splitting", None)
    items = _items(selected, (outlines, alike), options, pinned)
    assignment = assign(items, options.shares, options.seed)
    report = measure(items, assignment, options.shares, options.seed)
    with dataset.write() as connection:
        images.set_split(connection, {image.id: assignment[image.sha256] for image in selected})
    return report


def release(
    dataset: Dataset,
    name: str,
    selection: Selection,
    options: SplitOptions,
    progress: Progress,
) -> Release:
    """Freeze what is selected under a name, splitting first what has no split.

    Raises:
        InputError: if the name is taken or nothing is selected.
        ConfigError: if the shares do not sum to 1.
    """
    started = time.monotonic()
    with dataset.read() as connection:
        releases.check_name(connection, name)
    # Always measured anew, so that the report tells of exactly these images.
    report = split(dataset, selection, options, progress)
    kept = _kept(dataset, selection)
    with dataset.write() as connection:
        draft = releases.begin(connection, name=name, filter_=asdict(selection), seed=options.seed)
    try:
        measured = {"split": asdict(report)} | _freeze(dataset, draft, (selection, kept), progress)
        measured["seconds"] = round(time.monotonic() - started, 2)
        with dataset.write() as connection:
            return releases.complete(connection, draft, name=name, report=measured)
    except BaseException:
        with dataset.write() as connection:
            releases.abandon(connection, draft)
        raise


def _freeze(
    dataset: Dataset,
    draft: releases.Draft,
    wanted: tuple[Selection, set[int] | None],
    progress: Progress,
) -> dict[str, Any]:
    """Copy what is selected, as it is at this moment, and measure it; others may write between."""
    left_out: Counter[str] = Counter()
    profile = Profile()
    with dataset.read() as reading:
        total = images.count(reading, wanted[0].images())
        chosen = _admitted(reading, wanted, left_out, profile)
        for batch in batches(track(chosen, progress, "freezing", total)):
            rows = draft.rows(batch)
            with dataset.write() as connection:
                releases.add(connection, draft, rows)
    with dataset.read() as connection:
        return {
            "profile": profile.as_json(),
            "faces_left_out": dict(left_out),
            "sources": releases.image_counts(connection, draft.id, "source"),
            "licences": _licences(connection, draft.id),
        }


def release_if_changed(
    dataset: Dataset,
    stem: str,
    selection: Selection,
    options: SplitOptions,
    progress: Progress,
) -> Release:
    """The newest release named after ``stem``, or a new numbered one if anything differs from it.

    Raises:
        InputError: if nothing is selected.
    """
    with dataset.read() as connection:
        earlier = [r for r in releases.every(connection) if r.name.partition("-")[0] == stem]
    name = f"{stem}-{len(earlier) + 1}"
    made = release(dataset, name, selection, options, progress)
    if earlier and earlier[0].manifest_sha256 == made.manifest_sha256:
        with dataset.write() as connection:
            releases.remove(connection, name)
        return earlier[0]
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed from one release to another, as names of images."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int


def compare(dataset: Dataset, old: str, new: str) -> Difference:
    """Which images two releases do not have in common or describe differently.

    Raises:
        NotFound: if one of them does not exist.
    """
    with dataset.read() as connection:
        before = releases.contents(connection, releases.get(connection, old).id)
        after = releases.contents(connection, releases.get(connection, new).id)
    common = before.keys() & after.keys()
    changed = {sha for sha in common if before[sha][1] != after[sha][1]}
    return Difference(
        added=tuple(sorted(after[sha][0] for sha in after.keys() - common)),
        removed=tuple(sorted(before[sha][0] for sha in before.keys() - common)),
        changed=tuple(sorted(after[sha][0] for sha in changed)),
        unchanged=len(common) - len(changed),
    )


def _fill_in_phashes(dataset: Dataset, selection: Selection, progress: Progress) -> None:
    """Imported images were only hashed by content; near copies are found by appearance."""
    with dataset.read() as connection:
        found = images.find(connection, selection.images())
    missing = [image for image in found if image.phash is None]
    if not missing:
        return

    def appearance(image: Image) -> tuple[int, str | None]:
        data = dataset.blobs.path(image.sha256, image.mime).read_bytes()
        try:
            _, small = decode_grey(data, side=SIDE)
            return image.id, perceptual_hash(small)
        except BrokenImage:
            # Decoding is the detector's business; a picture without a hash is near to none.
            return image.id, None

    with ThreadPoolExecutor(2) as pool:
        hashed = track(pool.map(appearance, missing), progress, "comparing images", len(missing))
        for batch in batches(hashed):
            with dataset.write() as connection:
                images.set_phash(connection, {i: text for i, text in batch if text is not None})


def _items(
    selected: list[Image],
    known: tuple[Mapping[int, list[tuple[float, str | None]]], Mapping[int, str]],
    options: SplitOptions,
    pinned: set[int] | None,
) -> list[Item]:
    items = []
    outlines, alike = known
    for image in selected:
        shown = outlines.get(image.id, [])
        people = tuple(sorted({who for _, who in shown if who is not None}))
        groups = [] if image.group is None else [f"group:{image.group}"]
        if image.id in alike:
            groups.append(alike[image.id])
        if options.apart_by_identity:
            groups += [f"identity:{who}" for who in people]
        items.append(
            Item(
                key=image.sha256,
                groups=tuple(groups),
                faces=len(shown),
                face_size=median(height for height, _ in shown) if shown else None,
                identities=people,
                phash=None if image.phash is None else int(image.phash, 16),
                pinned=image.split if pinned is None or image.id in pinned else None,
            )
        )
    copies = near_duplicate_groups(items)
    return [
        replace(item, groups=(*item.groups, f"copies:{copies[item.key]}"))
        if item.key in copies
        else item
        for item in items
    ]


def _alike(every: Sequence[Pair]) -> dict[int, str]:
    """Image id -> the group of copies and similar images that it must not be separated from."""
    return {
        image: f"alike:{min(group.images)}"
        for group in groups(every, TOGETHER, lambda _: 0.0)
        for image in group.images
    }


def _kept(dataset: Dataset, selection: Selection) -> set[int] | None:
    """The faces that the rules of a selection keep, None where it has no rules."""
    if selection.rules is None:
        return None
    table, judgement = judged(dataset, parse(selection.rules))
    return set(table.faces[judgement.chosen(Decision.KEEP)].tolist())


def _admitted(
    connection: Connection,
    wanted: tuple[Selection, set[int] | None],
    left_out: Counter[str],
    profile: Profile,
) -> Iterator[tuple[Image, tuple[Face, ...]]]:
    selection, keep = wanted
    for image, found in faces.labelled(connection, selection.images()):
        large = tuple(face for face in found if selection.admits(face))
        kept = tuple(face for face in large if keep is None or face.id in keep)
        if len(large) < len(found):
            left_out["below the score or size that was asked for"] += len(found) - len(large)
        if len(kept) < len(large):
            left_out["not kept by the quality rules"] += len(large) - len(kept)
        if found and not kept and keep is not None:
            # Faces are still in the picture: it is no negative.
            left_out["images without a face that the quality rules keep"] += 1
            continue
        if selection.proposed_attributes:
            kept = _with_proposals(connection, kept)
        profile.add(image.split or "", kept)
        yield image, kept


def _with_proposals(connection: Connection, shown: Sequence[Face]) -> tuple[Face, ...]:
    said = proposals.of(connection, [face.id or 0 for face in shown])
    return tuple(
        structs.replace(face, attributes={**said.get(face.id or 0, {}), **face.attributes})
        for face in shown
    )


def _licences(connection: Connection, release_id: int) -> dict[str, Any]:
    """Of the images as stated, and of the weights that proposed faces in this release."""
    weights = {
        f"{run.method}": run.licence
        for run in runs.of_release(connection, release_id)
        if run.licence is not None
    }
    return {"images": releases.image_counts(connection, release_id, "licence"), "weights": weights}
