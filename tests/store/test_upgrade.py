"""A dataset of every earlier version is upgraded when it is opened, and loses nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from curator.store import candidates, images
from curator.store.dataset import open_dataset
from curator.store.engine import KNOWN
from curator.store.images import ImageFilter
from curator.store.schema import metadata

FROZEN = Path(__file__).parent / "frozen"
# Versions between two of these never left the workshop: nobody has such a database.
PUBLISHED = sorted(file.stem for file in FROZEN.glob("*.sqlite"))


def test_the_first_version_is_among_the_frozen_ones() -> None:
    assert KNOWN[0] in PUBLISHED
    assert set(PUBLISHED) < set(KNOWN)


@pytest.mark.parametrize("version", PUBLISHED)
def test_an_older_database_becomes_what_a_new_one_is(version: str, tmp_path: Path) -> None:
    shutil.copy(FROZEN / f"{version}.sqlite", tmp_path / "curator.sqlite")
    with open_dataset(tmp_path) as dataset, dataset.read() as connection:
        found = images.find(connection, ImageFilter())
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        assert candidates.settled(connection)
    assert [(image.name, image.licence) for image in found] == [
        ("0.jpg", "CC BY 4.0"),
        ("1.jpg", "ask me"),
        ("2.jpg", None),
    ]


def test_licences_get_their_names_when_a_database_is_upgraded(tmp_path: Path) -> None:
    shutil.copy(FROZEN / "0001.sqlite", tmp_path / "curator.sqlite")
    with open_dataset(tmp_path) as dataset, dataset.read() as connection:
        named = [image.licence_id for image in images.find(connection, ImageFilter())]
        free = images.find(connection, ImageFilter(commercial=True))
    assert named == ["CC-BY-4.0", None, None]
    assert [image.name for image in free] == ["0.jpg"]
