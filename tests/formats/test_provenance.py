"""Every export says where its images came from and whom to thank."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from curator.formats import FORMATS, export
from curator.records import Face, FaceStatus, Origin, Sample
from curator.testing import make_sample

POINTS = ((10.0, 10.0), (20.0, 10.0), (15.0, 15.0), (11.0, 20.0), (19.0, 20.0))
FACE = Face(
    id=1,
    image_id=1,
    box=(5.0, 5.0, 25.0, 25.0),
    landmarks=POINTS,
    visibility=(2,) * 5,
    scheme="5",
    origin=Origin.HUMAN,
    status=FaceStatus.ACCEPTED,
)
URL = "https://example.org/a,b.jpg"


def sample(tmp_path: Path, number: int, **known: object) -> Sample:
    made = make_sample(tmp_path, f"{number}.png", [FACE])
    return replace(made, image=replace(made.image, **known))  # type: ignore[arg-type]


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    folder = tmp_path / "images"
    folder.mkdir()
    return [
        sample(
            folder,
            0,
            url=URL,
            page_url="https://example.org/page",
            title="Two [people] *laughing*\nthere",
            author="Ann <ann@example.org>",
            licence="CC BY 4.0",
            licence_id="CC-BY-4.0",
            engine="bing",
            query="two people",
            http={"status": 200, "url": "https://cdn.example.org/x", "etag": '"1"'},
        ),
        sample(folder, 1, url="file:///home/me/1.jpg", licence=None, licence_id=None),
        sample(folder, 2, licence="ask me", licence_id=None),
    ]


@pytest.mark.parametrize("name", FORMATS.names())
def test_every_format_carries_provenance_and_thanks(
    name: str, tmp_path: Path, samples: list[Sample]
) -> None:
    export(name, samples, tmp_path / "out")
    with (tmp_path / "out/provenance.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sha256"] for row in rows] == [s.image.sha256 for s in samples]
    for row in rows:
        assert (tmp_path / "out" / row["file"]).is_file()
    first = rows[0]
    assert first["url"] == URL
    assert (first["engine"], first["query"]) == ("bing", "two people")
    assert (first["licence"], first["licence_id"]) == ("CC BY 4.0", "CC-BY-4.0")
    assert (first["http_status"], first["http_etag"]) == ("200", '"1"')
    assert first["fetched_at"] == samples[0].image.fetched_at.isoformat()
    manifest = (tmp_path / "out/manifest.sha256").read_text()
    assert "  provenance.csv\n" in manifest
    assert "  ATTRIBUTION.md\n" in manifest


def test_the_document_thanks_by_licence_and_shows_no_place_on_a_disk(
    tmp_path: Path, samples: list[Sample]
) -> None:
    export("wider", samples, tmp_path / "out")
    text = (tmp_path / "out/ATTRIBUTION.md").read_text()
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## CC-BY-4.0 (1)", "## Licence not stated (1)", "## ask me (1)"]
    (line,) = [line for line in text.splitlines() if "laughing" in line]
    assert r"Two \[people\] \*laughing\* there, Ann \<ann@example.org\>" in line
    assert "<https://example.org/page>, CC BY 4.0" in line
    assert "/home/me" not in text
