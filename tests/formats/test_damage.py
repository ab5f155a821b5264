"""Whatever happens to a file on its way to us, the answer is labels or one clear sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.errors import InputError
from curator.formats import FORMATS, export
from curator.records import Face
from curator.testing import make_sample

POINTS = tuple((float(i), 20.0 + i % 7) for i in range(98))
FACES = (
    Face(
        box=(1.0, 2.0, 30.0, 40.0),
        landmarks=POINTS,
        visibility=(2,) * 98,
        scheme="98",
        attributes={"blur": 1, "pose": 1, "note": "é"},
    ),
    Face(box=(5.0, 6.0, 7.0, 8.0), landmarks=POINTS[:5], visibility=(2,) * 5, scheme="5"),
)
# Format, and the file of an export that is damaged, and what the reader is given.
FILES = [
    ("wider", "wider_face_split/wider_face_train_bbx_gt.txt", None),
    ("retinaface", "train/label.txt", None),
    ("wflw", "WFLW_annotations/list_98pt_rect_attr_train_test/list_98pt_rect_attr_train.txt", None),
    ("yolo", "data.yaml", None),
    ("yolo", "labels/train/a.txt", "data.yaml"),
    ("yolo-pose", "labels/train/a.txt", "data.yaml"),
    ("coco", "annotations/faces_train.json", None),
    ("voc", "Annotations/a.xml", "."),
    ("voc", "ImageSets/Main/train.txt", "."),
    ("csv", "faces.csv", None),
]


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> Path:
    """One export in each format."""
    root = tmp_path_factory.mktemp("exports")
    samples = [make_sample(root, "a.jpg", FACES), make_sample(root, "b.jpg")]
    for name in FORMATS.names():
        export(name, samples, root / name)
    return root


cuts = st.tuples(st.floats(0, 1), st.integers(0, 30), st.binary(max_size=6))
tricks = st.sampled_from(
    [b"\xff", b"\x00", b"-1", b"nan", b"1e999", b"9" * 400, b"../", b"\n\n", b'"', b"[", b"&x;"]
)


@pytest.mark.parametrize(("name", "damaged", "given_path"), FILES)
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(damage=st.lists(st.one_of(cuts, st.tuples(st.floats(0, 1), st.just(1), tricks)), max_size=3))
def test_a_damaged_file_is_read_or_refused_in_a_sentence(
    exports, name, damaged, given_path, damage
):
    file = exports / name / damaged
    whole = file.read_bytes()
    content = whole
    for share, removed, inserted in damage:
        at = int(share * len(content))
        content = content[:at] + inserted + content[at + removed :]
    file.write_bytes(content)
    try:
        for item in FORMATS.load(name).read(exports / name / (given_path or damaged), None):
            assert not Path(item.name).is_absolute()
            assert ".." not in Path(item.name).parts
            assert all(len(face.box) == 4 for face in item.faces)
    except InputError as refused:
        assert "\n" not in str(refused)
        assert str(exports) in str(refused)
    finally:
        file.write_bytes(whole)


@pytest.mark.parametrize("name", FORMATS.names())
def test_what_is_not_there_is_refused_in_a_sentence(name, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        list(FORMATS.load(name).read(tmp_path / "nowhere", None))
