from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curator.errors import InputError, SourceError
from curator.records import Candidate

Collect = Callable[..., Any]
Picture = Callable[..., bytes]

PACKERS = {"": lambda data: data, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tar_bytes(members: dict[str, bytes | tarfile.TarInfo], **options: Any) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", **options) as archive:
        for name, data in members.items():
            info = data if isinstance(data, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(data, bytes):
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data) if isinstance(data, bytes) else None)
    return out.getvalue()


def tarred(path: Path, members: dict[str, bytes | tarfile.TarInfo]) -> Path:
    packed = PACKERS[path.suffix if path.suffix in PACKERS else ""](tar_bytes(members))
    path.write_bytes(packed)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_an_archive_is_read_like_a_folder(
    tmp_path: Path, picture: Picture, collected: Collect, listener: Any, name: str
) -> None:
    members = {
        "b/2.jpg": picture(2),
        "b/1.png": picture(1, kind="PNG"),
        "./c.jpg": picture(3),
        "no_suffix": picture(4),
        "grüße/名前.jpg": picture(5),
        "readme.txt": b"hello",
        "__MACOSX/._1.jpg": b"junk",
        "b/.hidden.jpg": picture(6),
        "broken.jpg": picture(7)[:-200],
        "empty.jpg": b"",
        "inner.zip": b"PK",
    }
    make = zipped if name.endswith("zip") else tarred
    path = make(tmp_path / name, members)
    before = sorted(tmp_path.rglob("*"))
    result = collected("folder", path, licence="CC0-1.0")
    assert result.names == ["b/2.jpg", "b/1.png", "c.jpg", "no_suffix", "grüße/名前.jpg"]
    assert [r.data for r in result.fetched] == list(members.values())[:5]
    assert result.reasons == {
        "broken.jpg": "truncated",
        "empty.jpg": "empty",
        "inner.zip": "archive",
    }
    facts = path.stat()
    assert result.fetched[0].candidate == Candidate(
        url=f"file://{path}!/b/2.jpg",
        source="folder",
        name="b/2.jpg",
        licence="CC0-1.0",
        validator=f"{facts.st_size}:{facts.st_mtime_ns}",
    )
    assert (
        listener.notes[-1] == "left out: files that are no images (1), hidden files and folders (2)"
    )
    assert sorted(tmp_path.rglob("*")) == before


def test_the_archives_of_the_common_tools_are_read(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    folder = tmp_path / "photos"
    long = "long name " * 15 + ".jpg"
    for seed, name in enumerate(["1.jpg", "sub/2.jpg", long]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(picture(seed))
    for kind in ("gnu", "pax", "ustar", "v7"):
        out = tmp_path / f"{kind}.tar.gz"
        tar = ["tar", f"--format={kind}", "-czf", str(out), "-C", str(folder), "."]
        done = subprocess.run(tar, check=False, capture_output=True, text=True)
        # The two old formats cannot hold such a name; tar says so and leaves it out.
        assert done.returncode == 0 or kind in ("ustar", "v7"), done.stderr
        names = set(collected("folder", out).names)
        assert {"1.jpg", "sub/2.jpg"} <= names
        assert long in names or kind in ("ustar", "v7")
    whole = shutil.make_archive(str(tmp_path / "made"), "zip", folder)
    assert set(collected("folder", whole).names) == {"1.jpg", "sub/2.jpg", long}


UNSAFE = [
    "../up.jpg",
    "a/../../up.jpg",
    "/abs.jpg",
    "//host/share.jpg",
    "C:/drive.jpg",
    "c:drive.jpg",
    "back\\slash.jpg",
    "..\\up.jpg",
    "..",
    "n" * 256 + ".jpg",
    "/".join(["long"] * 300) + ".jpg",
]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_lead_out_of_the_archive_are_refused(
    tmp_path: Path, picture: Picture, collected: Collect, kind: str
) -> None:
    members = dict.fromkeys([*UNSAFE, "fine.jpg"], picture(1))
    make = zipped if kind == "zip" else tarred
    result = collected("folder", make(tmp_path / f"a.{kind}", members))
    assert result.names == ["fine.jpg"]
    assert [r.reason for r in result.refused] == ["unsafe-path"] * len(UNSAFE)
    for record in result.refused:
        name = record.candidate.name
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        assert record.detail.startswith("'")
        assert len(record.detail) < 200
    assert not (tmp_path.parent / "up.jpg").exists()


def test_links_and_devices_in_an_archive_are_refused(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    path = tarred(
        tmp_path / "a.tar",
        {
            "real.jpg": picture(1),
            "soft.jpg": special("soft.jpg", tarfile.SYMTYPE, "/etc/passwd"),
            "hard.jpg": special("hard.jpg", tarfile.LNKTYPE, "real.jpg"),
            "null": special("null", tarfile.CHRTYPE),
            "pipe.jpg": special("pipe.jpg", tarfile.FIFOTYPE),
            "folder.jpg": special("folder.jpg", tarfile.DIRTYPE),
        },
    )
    result = collected("folder", path)
    assert result.names == ["real.jpg"]
    assert result.reasons == dict.fromkeys(["soft.jpg", "hard.jpg", "null", "pipe.jpg"], "link")
    assert "/etc/passwd" in result.refused[0].detail
    link = zipfile.ZipInfo("soft.jpg")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert collected("folder", tmp_path / "a.zip").reasons == {"soft.jpg": "link"}


def test_members_that_need_a_password_are_refused(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    path = zipped(tmp_path / "a.zip", {"1.jpg": picture(1), "2.jpg": picture(2)})
    data = bytearray(path.read_bytes())
    # Bit 0 of the flags (APPNOTE 4.4.4) of the second member, local and central.
    local = data.rindex(b"PK\x03\x04")
    central = data.rindex(b"PK\x01\x02")
    data[local + 6] |= 1
    data[central + 8] |= 1
    path.write_bytes(data)
    result = collected("folder", path)
    assert result.names == ["1.jpg"]
    assert result.reasons == {"2.jpg": "encrypted"}


def test_a_member_that_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    path = zipped(
        tmp_path / "a.zip",
        {
            "bomb.jpg": bytes(20_000_000),
            "big.jpg": picture(0) + bytes(range(256)) * 2000,
            "fine.jpg": picture(1),
        },
    )
    result = collected("folder", path)
    assert result.names == ["fine.jpg"]
    assert result.reasons == {"bomb.jpg": "bomb", "big.jpg": "too-large"}
    assert "unpack to 20,000,000" in result.refused[0].detail


def test_a_member_that_lies_about_its_size_is_stopped(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    path = zipped(tmp_path / "a.zip", {"liar.jpg": bytes(5_000_000), "fine.jpg": picture(1)})
    data = path.read_bytes().replace((5_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(data)
    result = collected("folder", path)
    assert result.names == ["fine.jpg"]
    assert result.reasons == {"liar.jpg": "broken-archive"}


@pytest.mark.parametrize("packing", [".gz", ".bz2", ".xz"])
def test_a_packed_tar_that_unpacks_to_too_much_is_left(
    tmp_path: Path, picture: Picture, collected: Collect, packing: str
) -> None:
    members = {"1.jpg": picture(1), "zeros.bin": bytes(30_000_000), "2.jpg": picture(2)}
    path = tarred(tmp_path / f"a.tar{packing}", members)
    result = collected("folder", path)
    assert result.names == ["1.jpg"]
    assert result.reasons == {path.name: "bomb"}
    assert "the rest of the archive was not read" in result.refused[0].detail


def test_a_comment_of_megabytes_is_not_read(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    info = tarfile.TarInfo("1.jpg")
    info.size = len(picture(1))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("0.txt"))
        info.pax_headers = {"comment": "1" * 2_000_000}
        archive.addfile(info, io.BytesIO(picture(1)))
    (tmp_path / "a.tar").write_bytes(out.getvalue())
    assert collected("folder", tmp_path / "a.tar").reasons == {"a.tar": "bomb"}


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_with_too_many_entries_is_left(
    tmp_path: Path, picture: Picture, collected: Collect, kind: str
) -> None:
    make = zipped if kind == "zip" else tarred
    path = make(tmp_path / f"a.{kind}", {f"{n}.jpg": picture(n) for n in range(6)})
    result = collected("folder", path, max_members=4)
    assert len(result.names) == 4
    assert result.reasons == {path.name: "bomb"}
    assert "more than 4 entries" in result.refused[0].detail
    assert collected("folder", path, max_members=6).refused == []


def test_the_same_name_twice_is_two_pictures(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/1.jpg", picture(1))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x/1.jpg", picture(2))
    result = collected("folder", tmp_path / "a.zip")
    assert result.names == ["x/1.jpg", "x/1~2.jpg"]
    assert [r.data for r in result.fetched] == [picture(1), picture(2)]
    assert result.fetched[1].candidate.url == result.fetched[0].candidate.url + "#2"


def test_one_damaged_member_of_a_zip_costs_only_itself(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    members = {f"{n}.jpg": picture(n) for n in range(3)}
    path = zipped(tmp_path / "a.zip", members, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    place = data.index(picture(1)) + 300
    data[place : place + 8] = b"damaged!"
    path.write_bytes(data)
    result = collected("folder", path)
    assert result.names == ["0.jpg", "2.jpg"]
    assert result.reasons == {"1.jpg": "broken-archive"}
    assert "CRC" in result.refused[0].detail


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_a_tar_that_breaks_off_gives_what_came_before(
    tmp_path: Path, picture: Picture, collected: Collect, name: str
) -> None:
    # Larger than the block that bzip2 unpacks at once.
    members = {f"{n}.bmp": picture(n, (300, 300), "BMP") for n in range(6)}
    path = tarred(tmp_path / name, members)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    result = collected("folder", path)
    assert result.names[:2] == ["0.bmp", "1.bmp"]
    assert 2 <= len(result.names) < 5
    assert set(result.reasons.values()) == {"broken-archive"}
    assert result.reasons[name] == "broken-archive"


def test_a_damaged_entry_is_not_taken_for_the_end(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    members: dict[str, Any] = {f"{n}.jpg": picture(n) for n in range(4)}
    data = bytearray(tar_bytes(members))
    data[data.index(b"2.jpg\0") : data.index(b"2.jpg\0") + 3] = b"\xff\xff\xff"
    (tmp_path / "a.tar").write_bytes(data)
    result = collected("folder", tmp_path / "a.tar")
    assert result.names == ["0.jpg", "1.jpg"]
    assert result.reasons == {"a.tar": "broken-archive"}


def test_a_tar_without_its_end_mark_is_suspicious(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    data = tar_bytes({"0.jpg": picture(0)})
    end = 512 + (len(picture(0)) + 511) // 512 * 512
    (tmp_path / "a.tar").write_bytes(data[:end])
    result = collected("folder", tmp_path / "a.tar")
    assert result.names == ["0.jpg"]
    assert "without its end mark" in result.refused[0].detail


def test_an_archive_of_which_nothing_can_be_read_is_an_error(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    whole = zipped(tmp_path / "a.zip", {"1.jpg": picture(1)}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    (tmp_path / "cut.tar.gz").write_bytes(gzip.compress(tar_bytes({"1.jpg": picture(1)}))[:60])
    (tmp_path / "no.tar.gz").write_bytes(gzip.compress(b"not a tar" * 1000))
    (tmp_path / "no.tar").write_bytes(b"not a tar" * 1000)
    for name in ("cut.zip", "cut.tar.gz", "no.tar.gz"):
        with pytest.raises(SourceError, match=f"{name}: the .*archive cannot be read"):
            collected("folder", tmp_path / name)
    with pytest.raises(InputError, match="neither a folder nor a zip or tar"):
        collected("folder", tmp_path / "no.tar")
    (tmp_path / "empty.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    assert collected("folder", tmp_path / "empty.zip").records == []


def test_damage_anywhere_is_a_reason_and_never_another_error(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    sources = {
        "zip": zipped(tmp_path / "a.zip", {f"{n}.jpg": picture(n) for n in range(3)}),
        "tar": tarred(tmp_path / "a.tar", {f"{n}.jpg": picture(n) for n in range(3)}),
        "tar.gz": tarred(tmp_path / "a.tar.gz", {f"{n}.jpg": picture(n) for n in range(3)}),
    }
    outcomes = set()
    for kind, path in sources.items():
        whole = path.read_bytes()
        for place in range(0, len(whole), len(whole) // 60):
            data = bytearray(whole)
            data[place] ^= 0x5A
            damaged = tmp_path / f"damaged.{kind}"
            damaged.write_bytes(data)
            try:
                outcomes |= {type(r).__name__ for r in collected("folder", damaged).records}
            except (SourceError, InputError) as error:
                outcomes.add(type(error).__name__)
    assert outcomes >= {"Fetched", "Refused"}


def test_an_archive_is_settled_member_by_member(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    members: dict[str, bytes] = {"1.jpg": picture(1), "2.jpg": b"broken", "../3.jpg": picture(3)}
    path = zipped(tmp_path / "a.zip", members)
    seen: set[tuple[str, str | None]] = set()

    def settled(candidate: Candidate) -> bool:
        return (candidate.url, candidate.validator) in seen

    first = collected("folder", path, settled)
    assert len(first.records) == 3
    seen |= {(r.candidate.url, r.candidate.validator) for r in first.records[:2]}
    again = collected("folder", path, settled)
    assert [r.candidate.url for r in again.records] == [first.records[2].candidate.url]
    seen.add((again.records[0].candidate.url, again.records[0].candidate.validator))
    assert collected("folder", path, settled).records == []


def test_closing_early_leaves_no_thread_and_no_open_file(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    path = tarred(tmp_path / "a.tar.gz", {f"{n}.jpg": picture(n) for n in range(9)})
    before = set(threading.enumerate())
    assert len(collected("folder", path, max_images=1).names) == 1
    assert set(threading.enumerate()) == before
