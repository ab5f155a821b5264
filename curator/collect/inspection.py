"""The only way from bytes to a record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from curator.collect.judges import JUDGES, Verdict
from curator.collect.limits import Limits
from curator.collect.reasons import Reason, Refusal, refused
from curator.records import Candidate, Fetched, Refused


def inspect(candidate: Candidate, data: bytes, limits: Limits) -> Fetched | Refused:
    """Judge the bytes: size, type, wholeness, pixels; then hash them.

    Every image is decoded once, so that a broken one is known now and not by a detector later;
    that happens in another process, which may die of it.
    """
    try:
        return fetched(candidate, data, examine(data, limits))
    except Refusal as refusal:
        return refused(candidate, refusal.reason, refusal.detail)


def examine(data: bytes, limits: Limits) -> Verdict:
    """What the bytes are: ``width height mime phash``.

    Raises:
        Refusal: if they are no image, or none within the limits.
    """
    check_size(data, limits)
    return checked(JUDGES.ask(data, limits.max_pixels), limits)


def check_size(data: bytes, limits: Limits) -> None:
    """Before anything else is done with the bytes.

    Raises:
        Refusal: ``too-large``.
    """
    if len(data) > limits.max_bytes:
        raise Refusal(Reason.TOO_LARGE, too_large(len(data), limits))


def checked(found: Verdict, limits: Limits) -> Verdict:
    """What a judge found, if it is an image within the limits.

    Raises:
        Refusal: if not.
    """
    if "reason" in found:
        raise Refusal(Reason(found["reason"]), found["detail"])
    if min(found["width"], found["height"]) < limits.min_side:
        detail = (
            f"{found['width']} x {found['height']} pixels; "
            f"the shorter side must have {limits.min_side} at least"
        )
        raise Refusal(Reason.TOO_SMALL, detail)
    return found


def fetched(
    candidate: Candidate, data: bytes, found: Verdict, http: Mapping[str, Any] | None = None
) -> Fetched:
    """The record of bytes of which :func:`examine` found something; ``http`` is what HTTP said."""
    return Fetched(
        candidate=candidate,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        width=found["width"],
        height=found["height"],
        mime=found["mime"],
        phash=found["phash"],
        fetched_at=datetime.now(UTC),
        http=http,
    )


def too_large(size: int, limits: Limits) -> str:
    """The sentence for a file above the limit."""
    return f"{size:,} bytes are more than the limit of {limits.max_bytes:,}"
