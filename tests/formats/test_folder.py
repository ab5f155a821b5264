"""An export is complete or not there, destroys nothing, and says what went wrong."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from curator.errors import InputError, RunError
from curator.formats import DEFAULT_OPTIONS, FORMATS, ExportFolder, export
from curator.records import Face

FACE = Face(box=(1.0, 2.0, 30.0, 40.0))


def test_images_are_linked_and_never_copied_where_that_is_possible(make, export_to):
    sample = make("a.jpg", [FACE])
    folder, _ = export_to("wider", [sample])
    exported = folder / "WIDER_train/images/a.jpg"
    assert exported.stat().st_ino == sample.file.stat().st_ino


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP])
def test_images_are_copied_unchanged_where_links_fail(make, export_to, monkeypatch, code):
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    sample = make("a.jpg", [FACE])
    folder, _ = export_to("wider", [sample])
    exported = folder / "WIDER_train/images/a.jpg"
    assert exported.stat().st_ino != sample.file.stat().st_ino
    assert exported.read_bytes() == sample.file.read_bytes()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs coreutils")
def test_sha256sum_checks_the_manifest(make, export_to):
    folder, _ = export_to("yolo", [make("x y/a.jpg", [FACE]), make("顔.jpg", split="val")])
    # The images of the test are named by the hash of their bytes, as the store's are.
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "manifest.sha256"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    listed = len((folder / "manifest.sha256").read_text().splitlines())
    assert listed == sum(path.is_file() for path in folder.rglob("*")) - 1


def test_the_report_stands_in_the_folder(make, export_to):
    folder, report = export_to("wider", [make("a.jpg", [FACE])])
    assert json.loads((folder / "report.json").read_text()) == report.as_json()
    assert report.as_json()["losses"]["attribute blur not known, written as 0"] == {
        "count": 1,
        "examples": ["a.jpg"],
    }


def test_an_earlier_export_is_replaced_whole(make, export_to):
    folder, _ = export_to("yolo", [make("old.jpg", [FACE])])
    (folder / "labels/train.cache").write_bytes(b"a trainer's own")
    export_to("yolo", [make("new.jpg", [FACE])])
    assert sorted(path.name for path in folder.glob("images/train/*")) == ["new.jpg"]
    assert not (folder / "labels/train.cache").exists()
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("stranger", ["notes.txt", "images/train/mine.jpg"])
def test_what_others_wrote_is_never_replaced(make, export_to, stranger):
    folder, _ = export_to("yolo", [make("a.jpg", [FACE])])
    (folder / stranger).write_text("mine")
    with pytest.raises(InputError, match=f"holds {stranger}, which no export wrote"):
        export_to("yolo", [make("b.jpg", [FACE])])
    assert (folder / stranger).read_text() == "mine"
    assert (folder / "images/train/a.jpg").exists()


def test_a_target_of_something_else_is_refused(make, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/thesis.tex").write_text("years")
    (tmp_path / "file").write_text("a file")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=r"holds thesis\.tex, which no export wrote"):
        export("wider", [make("a.jpg")], tmp_path / "folder")
    with pytest.raises(InputError, match="is a file"):
        export("wider", [make("b.jpg")], tmp_path / "file")
    assert sorted(tmp_path.iterdir()) == before


def test_an_empty_folder_and_missing_parents_are_fine(make, tmp_path):
    (tmp_path / "empty").mkdir()
    export("wider", [make("a.jpg")], tmp_path / "empty")
    export("wider", [make("b.jpg")], tmp_path / "not/yet/there")
    assert (tmp_path / "empty/report.json").is_file()
    assert (tmp_path / "not/yet/there/report.json").is_file()


def test_a_link_to_a_folder_stays_a_link(make, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    export("wider", [make("a.jpg")], tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real/report.json").is_file()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(make, tmp_path, monkeypatch):
    samples = [make(f"{i}.jpg", [FACE]) for i in range(3)]
    written = os.write

    def full(descriptor: int, data: bytes) -> int:
        if b"0." in bytes(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(descriptor, data)

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RunError) as caught:
        export("yolo", samples, tmp_path / "out")
    assert str(caught.value) == f"cannot export to {tmp_path / 'out'}: the disk is full"
    assert isinstance(caught.value.__cause__, OSError)
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 64 KiB, where the machine lets us have one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount a small file system here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("name", ["wider", "yolo", "coco", "csv"])
def test_a_disk_that_really_fills_up_is_one_sentence_and_leaves_nothing(make, small_disk, name):
    samples = [make("one.jpg", [FACE] * 4000), make("two.jpg", [FACE] * 4000)]
    with pytest.raises(RunError, match="the disk is full"):
        export(name, samples, small_disk / "out")
    assert list(small_disk.iterdir()) == []


def test_a_folder_that_may_not_be_written_is_one_sentence(make, small_disk):
    sample = make("a.jpg", [FACE])
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(RunError, match=r"cannot export to .*out: Read-only file system"):
        export("wider", [sample], small_disk / "out")
    with pytest.raises(RunError, match="Read-only file system"):
        export("wider", [sample], small_disk / "deep/er/out")


def test_an_image_that_has_vanished_is_named(make, tmp_path):
    sample = make("a.jpg", [FACE])
    sample.file.unlink()
    with pytest.raises(RunError, match=f"No such file or directory .*{sample.file.name}"):
        export("wider", [sample], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failed_export_leaves_the_earlier_one(make, export_to):
    folder, _ = export_to("wider", [make("a.jpg", [FACE])])
    sample = make("b.jpg", [FACE])
    sample.file.unlink()
    with pytest.raises(RunError):
        export_to("wider", [sample])
    assert (folder / "WIDER_train/images/a.jpg").exists()


def test_an_image_without_a_split_is_refused(make, export_to):
    with pytest.raises(InputError, match=r"a\.jpg is in no split"):
        export_to("wider", [make("a.jpg", split="")])


def test_two_exports_to_one_place_do_not_spoil_each_other(make, tmp_path):
    wider = FORMATS.load("wider")
    with ExportFolder(tmp_path / "out", format_name="wider") as first:
        wider.write([make("a.jpg", [FACE])], first, DEFAULT_OPTIONS)
        with pytest.raises(RunError, match=r"another export to .*out is under way"):
            export("wider", [make("b.jpg", [FACE])], tmp_path / "out")
    assert (tmp_path / "out/WIDER_train/images/a.jpg").is_file()


KILLED = """
import os, signal, sys
from pathlib import Path
from curator.formats import export
from curator.testing import make_sample
from curator.formats import staging
folder, moment = Path(sys.argv[1]), sys.argv[2]
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
def samples():
    yield make_sample(folder / "store", "new.jpg")
    if moment == "writing":
        die()
if moment == "between the renames":
    rename = Path.rename
    Path.rename = lambda self, to: die() if self.name.endswith(".partial") else rename(self, to)
if moment == "before the old one is gone":
    staging.shutil.rmtree = die
export("wider", samples(), folder / "out")
"""


@pytest.mark.parametrize("moment", ["writing", "between the renames", "before the old one is gone"])
def test_after_a_kill_the_next_export_finds_nothing_in_its_way(make, export_to, tmp_path, moment):
    folder = tmp_path / "out"
    export("wider", [make("old.jpg", [FACE])], folder)
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path, moment], check=False)
    assert done.returncode == -9
    if folder.exists():
        manifest = (folder / "manifest.sha256").read_text().splitlines()
        assert all(
            sha256((folder / row[66:]).read_bytes()).hexdigest() == row[:64] for row in manifest
        )
    export("wider", [make("newer.jpg", [FACE])], folder)
    assert [path.name for path in folder.glob("WIDER_train/images/*")] == ["newer.jpg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "store"]


def test_an_old_export_survives_a_kill_between_the_renames(make, tmp_path):
    folder = tmp_path / "out"
    export("wider", [make("old.jpg", [FACE])], folder)
    subprocess.run([sys.executable, "-c", KILLED, tmp_path, "between the renames"], check=False)
    assert not folder.exists()
    broken = make("broken.jpg", [FACE])
    Path(broken.file).unlink()
    with pytest.raises(RunError):
        export("wider", [broken], folder)
    assert (folder / "WIDER_train/images/old.jpg").is_file()
