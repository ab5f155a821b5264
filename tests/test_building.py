"""Frozen records built fast are the records that their own constructor makes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from curator.records import Face, Image
from curator.records.building import builder

NAMES = [field.name for field in fields(Face)]


def test_a_built_record_equals_a_constructed_one() -> None:
    face = Face(box=(1.0, 2.0, 3.0, 4.0), score=0.5, attributes={"blur": 1}, identity="Ada")
    build = builder(Face, NAMES[::-1])
    built = build(*(getattr(face, name) for name in NAMES[::-1]))
    assert type(built) is Face
    assert built == face
    assert repr(built) == repr(face)
    assert replace(built, score=None) == replace(face, score=None)


def test_a_built_record_is_frozen() -> None:
    built = builder(Face, NAMES)(*[None] * len(NAMES))
    with pytest.raises(FrozenInstanceError):
        built.score = 1.0  # type: ignore[misc]


def test_an_order_without_every_field_builds_nothing() -> None:
    with pytest.raises(TypeError):
        builder(Image, ["id"])(1)
