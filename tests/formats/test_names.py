"""File names: nothing escapes, nothing collides, nothing changes without need or count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import FormatError
from curator.formats.names import SUFFIXES, NameBook, checked_name, split_in
from curator.formats.report import Tally
from curator.testing import make_sample


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("one"), "a.jpg").image


@pytest.fixture
def named(image):
    """The image under another name, of a JPEG if not said otherwise."""
    return lambda name, mime="image/jpeg": replace(image, name=name, mime=mime)


@pytest.mark.parametrize(
    "name",
    [
        "0--Parade/0_Parade_marchingband_1_849.jpg",
        "a b (1).JPG",
        "Zürich/Straße.png",
        "deep/er/still.webp",
        "a.b.c.tiff",
        "a../b...jpg",
    ],
)
def test_ordinary_names_are_kept(named, name):
    tally = Tally()
    assert NameBook(tally).tree(named(name)) == name
    assert tally.losses(None) == {}


def test_changes_are_counted_with_both_names(named):
    tally = Tally()
    book = NameBook(tally)
    assert book.tree(named("../a.jpg")) == "_./a.jpg"
    assert book.tree(named("photo", "image/png")) == "photo.png"
    assert book.tree(named("get.php", "image/webp")) == "get.php.webp"
    (changed,) = tally.losses(None).values()
    assert changed.count == 3
    assert changed.examples[0] == "../a.jpg -> _./a.jpg"


def test_case_and_composition_do_not_tell_names_apart(named):
    book = NameBook(Tally())
    composed, decomposed = "caf\u00e9.jpg", "cafe\u0301.jpg"
    given = [book.tree(named(name)) for name in ("a.jpg", "A.jpg", composed, decomposed)]
    assert given[0] == "a.jpg"
    assert given[2] == composed
    assert len({name.lower() for name in given}) == 4
    assert given[1].startswith("A-")
    assert given[3].startswith("cafe\u0301-")


def test_a_file_is_never_also_a_folder(named):
    book = NameBook(Tally())
    assert book.tree(named("x.jpg")) == "x.jpg"
    assert "/" not in book.tree(named("x.jpg/y.jpg"))
    assert book.tree(named("z.jpg/y.jpg")) == "z.jpg/y.jpg"
    assert book.tree(named("z.jpg")) != "z.jpg"


def test_long_names_are_cut_the_same_way_each_time(named):
    long = "顔" * 200 + ".jpg"
    first, second = (NameBook(Tally()).tree(named(long)) for _ in range(2))
    assert first == second
    assert len(first.encode()) <= 255
    assert first.startswith("顔" * 70)
    assert first.endswith(".jpg")
    assert first != NameBook(Tally()).tree(named("顔" * 201 + ".jpg"))


segments = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["..", ".", "", "a", "A", "a.jpg", "con", "\ud800", "\x00", "é", "e\u0301"]),
    st.text("ab/", min_size=250, max_size=400),
)


@given(st.lists(st.lists(segments, min_size=1, max_size=4).map("/".join), unique=True, max_size=8))
def test_any_names_become_safe_and_distinct_paths(image, names):
    for flat in (False, True):
        book = NameBook(Tally())
        images = [replace(image, name=name) for name in names]
        given = [book.flat(item)[0] if flat else book.tree(item) for item in images]
        assert len({path.casefold() for path in given}) == len(names)
        for path in given:
            assert checked_name(path, "file") == path
            assert PurePosixPath(path).suffix.lower() in SUFFIXES
            parts = path.split("/")
            assert all(part and part == part.strip() and part[0] != "." for part in parts)
            assert all(len(part.encode()) <= 255 for part in parts)
            assert len(path.encode()) <= 1000
            assert not (flat and "/" in path)


@given(st.lists(st.text(st.characters(exclude_characters="/"), max_size=9), unique=True))
def test_stems_of_flat_names_are_distinct(image, names):
    book = NameBook(Tally())
    given = [book.flat(replace(image, name=f"{name}.jpg")) for name in names]
    assert len({stem.casefold() for _, stem in given}) == len(names)
    assert all(path.rpartition(".")[0] == stem for path, stem in given)


@pytest.mark.parametrize(
    ("stated", "normal"),
    [("a//b.jpg", "a/b.jpg"), ("./a.jpg", "a.jpg"), ("a/./b.jpg", "a/b.jpg"), ("..a", "..a")],
)
def test_harmless_detours_are_straightened(stated, normal):
    assert checked_name(stated, "file") == normal


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "a/", "a/.", "..", "../a", "a/..", "a/../b", "a\\..\\b"),
        *("/a", "\\a", "C:/a", "a\nb", "a\u2028b", "\ud800"),
        *("a" * 256, "顔" * 86 + "/a.jpg", "/".join(["abc"] * 300)),
    ],
)
def test_names_that_could_do_harm_are_refused(name):
    with pytest.raises(FormatError, match="file, line 7: "):
        checked_name(name, "file", 7)


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("wider_face_train_bbx_gt", "train"),
        ("instances_val2017", "val"),
        ("list_98pt_rect_attr_test", "test"),
        ("list_98pt_rect_attr_train_test", None),
        ("Train", "train"),
        ("contest", None),
        ("trainer", None),
        ("bbx_gt", None),
    ],
)
def test_a_split_is_read_from_a_name_only_where_it_is_a_word(text, split):
    assert split_in(text) == split
