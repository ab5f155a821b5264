"""Releases: frozen samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from curator.records.faces import Face
from curator.records.images import Image

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One image of a release with its faces: all that formats, evaluation and review see.

    Attributes:
        place: Where the image's bytes are, read-only. A plain string: an export only links
            them, and making tens of thousands of path objects takes it longer than that.
    """

    image: Image
    faces: tuple[Face, ...]
    split: str
    place: str

    @property
    def file(self) -> Path:
        """The place as a path."""
        return Path(self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A frozen set of samples.

    Attributes:
        filter: What was selected, so that it can be selected again.
        manifest_sha256: Digest over the content of all samples; equal for equal content.
        report: Counts, shares and leakage as measured when it was made.
    """

    id: int
    name: str
    filter: Mapping[str, Any]
    seed: int
    manifest_sha256: str
    created_at: datetime
    images: int
    faces: int
    report: Mapping[str, Any]
