"""The only way from bytes to a record."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from curator.collect.dedup import SIDE, perceptual_hash
from curator.collect.limits import Limits
from curator.collect.reasons import Reason, refused
from curator.imaging import BrokenImage, decode_reduced
from curator.records import Candidate, Fetched, Refused


def inspect(candidate: Candidate, data: bytes, limits: Limits) -> Fetched | Refused:
    """Judge the bytes: size, type, wholeness, pixels; then hash them.

    Every image is decoded once, so that a broken one is known now and not by a detector later.
    """
    if len(data) > limits.max_bytes:
        return refused(candidate, Reason.TOO_LARGE, too_large(len(data), limits))
    try:
        header, small = decode_reduced(data, side=SIDE, max_pixels=limits.max_pixels)
    except BrokenImage as cause:
        return refused(candidate, Reason(cause.reason), str(cause))
    if min(header.width, header.height) < limits.min_side:
        detail = (
            f"{header.width} x {header.height} pixels; "
            f"the shorter side must have {limits.min_side} at least"
        )
        return refused(candidate, Reason.TOO_SMALL, detail)
    return Fetched(
        candidate=candidate,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        width=header.width,
        height=header.height,
        mime=header.mime,
        phash=perceptual_hash(small),
        fetched_at=datetime.now(UTC),
    )


def too_large(size: int, limits: Limits) -> str:
    """The sentence for a file above the limit."""
    return f"{size:,} bytes are more than the limit of {limits.max_bytes:,}"
