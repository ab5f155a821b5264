"""What a person at the command line can rely on: results, sentences, exit statuses."""

from __future__ import annotations

import errno
import io
import json
import os
import sqlite3
import sys
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from curator.cli import main
from curator.config import settings

STANZA = "party/{name}\n1\n10 20 30 40 0 0 0 0 1 0\n"


class Ran:
    """One command: exit status, what it printed, what it said."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Curator = Callable[..., Ran]


@pytest.fixture
def curator(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Curator:
    """Runs ``curator`` in this process, in a fresh folder, with fresh settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATASET", "MODELS", "DETECTOR", "DATABASE_URL"):
        monkeypatch.delenv(f"CURATOR_{name}", raising=False)

    def run(*words: object) -> Ran:
        settings.cache_clear()
        monkeypatch.setattr(sys, "argv", ["curator", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ran(int(ended.value.code or 0), printed.out, printed.err)

    return run


def photo(path: Path, colour: tuple[int, int, int] = (90, 120, 150)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((160, 120), 60).convert("RGB").point(
        [v * c // 255 for c in colour for v in range(256)]
    ).save(path, quality=95)
    return path


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A WIDER file with ten images, one a split away from the next."""
    folder = tmp_path / "wider"
    names = [f"{number}.jpg" for number in range(10)]
    for number, name in enumerate(names):
        photo(folder / "party" / name, (20 * number, 255 - 20 * number, 99))
    (folder / "gt.txt").write_text("".join(STANZA.format(name=name) for name in names))
    return folder


def imported(curator: Curator, labelled: Path) -> None:
    done = curator("import", "wider", labelled / "gt.txt", "--images", labelled, "-d", "d")
    assert done.status == 0, done.err


def test_the_story_from_labels_to_export_in_four_commands(
    curator: Curator, labelled: Path, tmp_path: Path
) -> None:
    imported(curator, labelled)
    made = curator("release", "v1", "-d", "d", "--json").json
    assert (made["images"], made["faces"]) == (10, 10)
    assert made["report"]["split"]["counts"] == {"train": 8, "val": 1, "test": 1}
    exported = curator("export", "wider", "out", "--release", "v1", "-d", "d", "--json")
    assert exported.json["faces"] == {"train": 8, "val": 1, "test": 1}
    written = [p.read_text() for p in tmp_path.glob("out/wider_face_split/*_gt.txt")]
    assert sum(text.count("10 20 30 40 0 0 0 0 1 0") for text in written) == 10
    summary = curator("show", "-d", "d", "--json").json
    assert summary["by_status"] == {"labelled": 10}


def test_our_own_table_carries_provenance_into_another_dataset(
    curator: Curator, labelled: Path, tmp_path: Path
) -> None:
    words = ("import", "wider", labelled / "gt.txt", "--images", labelled, "-d", "d")
    assert curator(*words, "--licence", "CC-BY-4.0").status == 0
    curator("release", "v1", "-d", "d")
    curator("export", "csv", "out", "-r", "v1", "-d", "d")
    table = tmp_path / "out/faces.csv"
    assert curator("import", "csv", table, "-d", "other").status == 0
    summary = curator("show", "-d", "other", "--json").json
    assert summary["by_licence"] == {"CC-BY-4.0": 10}
    assert summary["by_source"] == {"import:wider": 10}


def test_the_dataset_is_found_by_option_setting_or_place(
    curator: Curator, labelled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lost = curator("show")
    assert lost.status == 2
    assert "curator init DIR" in lost.err
    imported(curator, labelled)
    (tmp_path / "d" / "exports" / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "d" / "exports" / "deep")
    assert curator("show", "--json").json["images"] == 10
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURATOR_DATASET", str(tmp_path / "d"))
    assert curator("show", "--json").json["images"] == 10
    absent = curator("show", "-d", "elsewhere")
    assert absent.status == 5
    assert "no dataset here" in absent.err


def test_collecting_twice_stores_nothing_twice(curator: Curator, tmp_path: Path) -> None:
    for number in range(4):
        photo(tmp_path / "in" / f"{number}.jpg", (60 * number, 9, 9))
    first = curator("collect", "folder", "in", "-d", "d", "--json").json
    again = curator("collect", "folder", "in", "-d", "d", "--json").json
    assert (first["kept"], first["settled"]) == (4, 0)
    assert (again["kept"], again["duplicates"], again["settled"]) == (0, 0, 4)


def test_importing_twice_changes_nothing_and_a_corrected_file_is_taken(
    curator: Curator, labelled: Path
) -> None:
    imported(curator, labelled)
    words = ("import", "wider", labelled / "gt.txt", "--images", labelled, "-d", "d", "--json")
    assert curator(*words).json["settled"] == 10
    text = (labelled / "gt.txt").read_text().replace("10 20 30 40", "11 21 31 41", 1)
    (labelled / "gt.txt").write_text(text)
    assert curator(*words).json["images"] == 10
    assert curator("show", "-d", "d", "--json").json["faces"] == 10
    curator("release", "v1", "-d", "d")
    curator("export", "csv", "out", "-r", "v1", "-d", "d")
    table = "".join(path.read_text() for path in Path("out").rglob("*.csv"))
    assert "11.0,21.0,42.0,62.0" in table.replace(", ", ",") or "11,21,42,62" in table


def test_a_release_is_never_replaced_and_can_be_compared(curator: Curator, labelled: Path) -> None:
    imported(curator, labelled)
    assert curator("release", "v1", "-d", "d").status == 0
    taken = curator("release", "v1", "-d", "d")
    assert taken.status == 3
    assert "frozen" in taken.err
    assert curator("release", "v2", "-d", "d", "--min-size", "41").status == 0
    told = curator("compare", "v1", "v2", "-d", "d", "--json").json
    assert (len(told["changed"]), told["unchanged"], told["added"]) == (10, 0, [])
    assert curator("compare", "v1", "v3", "-d", "d").status == 5


def test_a_release_is_verified_down_to_the_bytes_of_its_images(
    curator: Curator, labelled: Path
) -> None:
    imported(curator, labelled)
    curator("release", "v1", "-d", "d")
    told = curator("verify", "v1", "-d", "d", "--json")
    assert (told.status, told.json) == (0, {"labels": True, "images": 10, "broken": {}})
    one, two, *_ = sorted(Path("d/images").rglob("*.jpg"))
    one.unlink()
    two.write_bytes(two.read_bytes() + b" ")
    changed = curator("verify", "v1", "-d", "d")
    assert changed.status == 5
    assert "2 of 10 image files" in changed.err
    assert "cannot be read" in changed.err
    assert "not the one that was collected" in changed.err
    with closing(sqlite3.connect("d/curator.sqlite")) as database, database:
        database.execute("UPDATE release_sample SET payload = replace(payload, '40.0', '41.0')")
    changed = curator("verify", "v1", "-d", "d")
    assert changed.status == 5
    assert "labels are not what was frozen" in changed.err
    assert curator("verify", "v2", "-d", "d").status == 5


def test_shares_that_make_no_sense_are_one_sentence(curator: Curator, labelled: Path) -> None:
    imported(curator, labelled)
    for shares in ("80/13", "a/b/c", "80/13/8", "120/-10/-10"):
        wrong = curator("split", "-d", "d", "--shares", shares)
        assert wrong.status == 2, shares
        assert len(wrong.err.strip().splitlines()) == 1


def broken_gt(folder: Path, text: str) -> Path:
    path = folder / "broken.txt"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("party/0.jpg\n2\n10 20 30 40 0 0 0 0 1 0\n", 3),
        ("party/0.jpg\n1\n10 20 30 40 0 0 0 0 1 2\n", 3),
        ("party/0.jpg\n1\n10 20 30 0 0 0 0 1 0\n", 3),
        (STANZA.format(name="0.jpg") * 2, 4),
        ("../../etc/passwd.jpg\n1\n10 20 30 40 0 0 0 0 1 0\n", 1),
    ],
    ids=["cut in mid-stanza", "pose of 2", "nine numbers", "named twice", "outside"],
)
def test_a_broken_wider_file_names_its_line_and_imports_nothing(
    curator: Curator, labelled: Path, text: str, line: int
) -> None:
    path = broken_gt(labelled, text)
    wrong = curator("import", "wider", path, "--images", labelled, "-d", "d")
    assert wrong.status == 3
    assert "broken.txt, line" in wrong.err
    assert f"line {line}" in wrong.err or f"line {line + 1}" in wrong.err
    assert curator("show", "-d", "d", "--json").json["images"] == 0


def test_a_yolo_line_of_six_numbers_names_its_file_and_line(
    curator: Curator, tmp_path: Path
) -> None:
    photo(tmp_path / "y" / "images" / "train" / "a.jpg")
    labels = tmp_path / "y" / "labels" / "train"
    labels.mkdir(parents=True)
    (labels / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 0.2 0.9\n")
    (tmp_path / "y" / "data.yaml").write_text("path: .\ntrain: images/train\nnames: [face]\n")
    wrong = curator("import", "yolo", tmp_path / "y" / "data.yaml", "-d", "d")
    assert wrong.status == 3
    assert "a.txt, line 2" in wrong.err


def test_labels_without_their_images_say_where_they_were_looked_for(
    curator: Curator, labelled: Path
) -> None:
    lost = curator("import", "wider", labelled / "gt.txt", "--images", labelled / "no", "-d", "d")
    assert lost.status == 3
    assert "--images" in lost.err
    (labelled / "party" / "3.jpg").unlink()
    (labelled / "party" / "4.jpg").write_bytes(b"")
    some = curator(
        "import", "wider", labelled / "gt.txt", "--images", labelled, "-d", "d", "--json"
    )
    assert some.json["images"] == 8
    assert some.json["skipped"] == {"missing": ["party/3.jpg"], "empty": ["party/4.jpg"]}


def test_what_is_no_photo_is_refused_with_a_reason_that_is_kept(
    curator: Curator, tmp_path: Path
) -> None:
    whole = photo(tmp_path / "in" / "whole.jpg").read_bytes()
    (tmp_path / "in" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "empty.jpg").touch()
    (tmp_path / "in" / "page.jpg").write_text("<!doctype html><p>Not found")
    Image.new("1", (30_000, 30_000)).save(tmp_path / "in" / "bomb.png")
    photo(tmp_path / "in" / ("ü" * 60 + "名前.jpg"), (1, 200, 3))
    done = curator("collect", "folder", "in", "-d", "d", "--json").json
    assert done["kept"] == 2
    assert done["refused"] == {
        "empty": 1,
        "not-an-image": 1,
        "too-many-pixels": 1,
        "truncated": 1,
    }
    kept = {r["reason"]: r["detail"] for r in curator("show", "refused", "-d", "d", "--json").json}
    assert "HTML" in kept["not-an-image"]
    assert "30000 x 30000" in kept["too-many-pixels"]


def test_an_archive_never_writes_outside(curator: Curator, tmp_path: Path) -> None:
    data = photo(tmp_path / "one.jpg").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("fine.jpg", "../up.jpg", "/abs.jpg", "C:\\win.jpg"):
            archive.writestr(name, data)
    done = curator("collect", "folder", "a.zip", "-d", "d", "--json").json
    assert (done["kept"], done["refused"]) == (1, {"unsafe-path": 3})
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        whole = tarfile.TarInfo("same.jpg")
        whole.size = len(data)
        archive.addfile(whole, io.BytesIO(data))
    done = curator("collect", "folder", "b.tar", "-d", "d", "--json").json
    assert (done["duplicates"], done["refused"]) == (1, {"link": 1})
    assert not (tmp_path.parent / "up.jpg").exists()


def test_a_full_disk_is_one_sentence_and_loses_nothing(
    curator: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(tmp_path / "in" / "a.jpg")
    real = os.write

    def full(file: int, data: bytes) -> int:
        if ".incoming" in str(Path(f"/proc/self/fd/{file}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data)

    monkeypatch.setattr(os, "write", full)
    wrong = curator("collect", "folder", "in", "-d", "d")
    assert wrong.status == 5
    assert "No space left" in wrong.err
    assert len(wrong.err.strip().splitlines()) == 1
    monkeypatch.setattr(os, "write", real)
    assert curator("collect", "folder", "in", "-d", "d", "--json").json["kept"] == 1


def test_names_that_nobody_knows_list_those_that_exist(curator: Curator, labelled: Path) -> None:
    imported(curator, labelled)
    for words in (
        ("export", "yolov9", "out", "-r", "v1"),
        ("import", "coc", "x.json"),
        ("collect", "ftp", "x"),
        ("detect", "--detector", "mtcnn"),
    ):
        curator("release", "v1", "-d", "d")
        wrong = curator(*words, "-d", "d")
        assert wrong.status == 2, words
        assert "known:" in wrong.err


def test_a_machine_without_network_or_models_labels_with_our_own_weights(
    curator: Curator, labelled: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    imported(curator, labelled)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        # Nothing listens there: a machine without network.
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    found = curator("detect", "-d", "d", "--json")
    assert found.json["method"] == "curator:retinaface@640"
    assert found.json["licence"].startswith("Apache-2.0")
    wrong = curator("detect", "-d", "d", "--detector", "insightface")
    assert wrong.status == 7
    assert "CURATOR_MODELS" in wrong.err
    assert "Traceback" not in wrong.err


def test_the_number_of_images_asked_for_is_that_of_all_starts_together(
    curator: Curator, tmp_path: Path
) -> None:
    for number in range(6):
        photo(tmp_path / "in" / f"{number}.jpg", (40 * number, 9, 9))
    words = ("collect", "folder", "in", "-d", "d", "--max-images", "4", "--json")
    assert curator(*words).json["kept"] == 4
    assert curator(*words).json["kept"] == 0
    assert curator("show", "-d", "d", "--json").json["images"] == 4


def test_a_release_may_hold_only_what_allows_commercial_use(
    curator: Curator, labelled: Path, tmp_path: Path
) -> None:
    words = ("import", "wider", labelled / "gt.txt", "--images", labelled, "-d", "d")
    assert curator(*words, "--licence", "CC BY-NC 4.0").status == 0
    refused = curator("release", "shop", "--commercial-only", "-d", "d")
    assert refused.status == 3
    assert "nothing" in refused.err
    assert curator("release", "all", "-d", "d").status == 0
