"""What is in one release, as measured when it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from curator.app.bars import bars, histogram
from curator.app.facts import facts
from curator.app.text import number, of_many, when
from curator.pipeline.profile import FACE_HEIGHTS, FACES_PER_IMAGE
from curator.records import SPLITS, Release


def release_report(release: Release) -> None:
    """Draw it."""
    report = release.report
    about, divided = st.columns(2, gap="medium")
    with about:
        facts(_about(release))
    with divided:
        _splits(report)
    profile = report.get("profile")
    if profile:
        left, right = st.columns(2, gap="medium")
        with left:
            st.markdown("**Images by number of faces, from**")
            histogram(_ranges(FACES_PER_IMAGE, profile["images_by_faces"]))
        with right:
            st.markdown("**Faces by height in pixels, from**")
            histogram(_ranges(FACE_HEIGHTS, profile["faces_by_height"]))
    licences, leaks = st.columns(2, gap="medium")
    with licences:
        _licences(report.get("licences", {}))
    with leaks:
        _leakage(report.get("split", {}))


def _about(release: Release) -> dict[str, str | None]:
    chosen = release.filter
    asked = [
        f"source {chosen['source']}" if chosen.get("source") else "",
        "only labels that people vouch for" if chosen.get("labelled_only") else "",
        f"score at least {chosen['min_score']:g}" if chosen.get("min_score") else "",
        f"height at least {chosen['min_size']:g} px" if chosen.get("min_size") else "",
    ]
    left_out = sum(release.report.get("faces_left_out", {}).values())
    return {
        "made": when(release.created_at),
        "holds": f"{of_many(release.images, 'image')}, {of_many(release.faces, 'face')}",
        "asked for": ", ".join(part for part in asked if part) or "all that is labelled",
        "faces left out": number(left_out) if left_out else None,
        "seed": str(release.seed),
        "manifest": release.manifest_sha256[:16],
    }


def _splits(report: Mapping[str, Any]) -> None:
    counts = report.get("split", {}).get("counts", {})
    faces = report.get("profile", {}).get("faces", {})
    total = sum(counts.values())
    notes = {
        split: f"{100 * counts[split] / total:.1f} % · {of_many(faces.get(split, 0), 'face')}"
        for split in counts
        if total
    }
    st.markdown("**Images by split**")
    bars({split: counts[split] for split in SPLITS if split in counts}, notes)


def _ranges(ends: tuple[int, ...], table: Mapping[str, Mapping[str, int]]) -> list[tuple[str, int]]:
    """Bars named by where they begin; the last one has no end."""
    return [
        (f"{low}+" if low == ends[-1] else str(low), sum(table.get(str(low), {}).values()))
        for low in ends
    ]


def _licences(licences: Mapping[str, Mapping[str, Any]]) -> None:
    st.markdown("**Licences of the images**")
    bars(licences.get("images", {}))
    weights = licences.get("weights", {})
    if weights:
        st.markdown("**Licences of the weights that proposed faces**")
        facts(weights)


def _leakage(split: Mapping[str, Any]) -> None:
    """How near the splits come to each other, against a split that takes no care."""
    after, before = split.get("leakage_after"), split.get("leakage_before")
    if not after or not before:
        return
    st.markdown("**Leakage between splits**")
    st.caption("Bits in which the perceptual hashes of the nearest two images differ, of 64.")
    st.dataframe(
        {
            "": ["this split", "without groups"],
            "nearest": [_nearest(after), _nearest(before)],
            "within 8 bits": [_within(after, 8), _within(before, 8)],
            "images compared": [after["compared"], before["compared"]],
        },
        hide_index=True,
    )
    facts(_groups(split))


def _groups(split: Mapping[str, Any]) -> dict[str, str | None]:
    """What had to stay together, and whether it did."""
    groups, people, conflicts = split["groups"], split["identities"], len(split["conflicts"])
    largest = of_many(split["largest_group"], "image")
    return {
        "kept together": f"{of_many(groups, 'group')}, the largest of {largest}"
        if groups
        else None,
        "in two splits": of_many(conflicts, "group") if conflicts else None,
        "people": f"{number(people)}, {number(split['identities_shared'])} of them in two splits"
        if people
        else None,
    }


def _nearest(leakage: Mapping[str, Any]) -> int | None:
    return leakage["distances"][0][0] if leakage["distances"] else None


def _within(leakage: Mapping[str, Any], bits: int) -> int:
    return sum(images for distance, images in leakage["distances"] if distance <= bits)
