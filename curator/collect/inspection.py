"""The only way from bytes to a record."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from curator.collect.judges import JUDGES
from curator.collect.limits import Limits
from curator.collect.reasons import Reason, Refusal, refused
from curator.records import Candidate, Fetched, Refused


def inspect(candidate: Candidate, data: bytes, limits: Limits) -> Fetched | Refused:
    """Judge the bytes: size, type, wholeness, pixels; then hash them.

    Every image is decoded once, so that a broken one is known now and not by a detector later;
    that happens in another process, which may die of it.
    """
    if len(data) > limits.max_bytes:
        return refused(candidate, Reason.TOO_LARGE, too_large(len(data), limits))
    try:
        found = JUDGES.ask(data, limits.max_pixels)
    except Refusal as refusal:
        return refused(candidate, refusal.reason, refusal.detail)
    if "reason" in found:
        return refused(candidate, Reason(found["reason"]), found["detail"])
    if min(found["width"], found["height"]) < limits.min_side:
        detail = (
            f"{found['width']} x {found['height']} pixels; "
            f"the shorter side must have {limits.min_side} at least"
        )
        return refused(candidate, Reason.TOO_SMALL, detail)
    return Fetched(
        candidate=candidate,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        width=found["width"],
        height=found["height"],
        mime=found["mime"],
        phash=found["phash"],
        fetched_at=datetime.now(UTC),
    )


def too_large(size: int, limits: Limits) -> str:
    """The sentence for a file above the limit."""
    return f"{size:,} bytes are more than the limit of {limits.max_bytes:,}"
