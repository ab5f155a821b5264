"""What the routes promise: pictures by number only, nothing else of the disk, told how to cache."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from curator.app.pictures import crop_url, display_url, original_url, thumbnail_url
from curator.records import Face, FaceStatus
from curator.store import faces, images
from curator.store.images import ImageFilter


def first(studio: Any) -> tuple[Any, tuple[Face, ...]]:
    """Image ``a.jpg`` with its one face."""
    with studio.dataset.read() as connection:
        image = images.find(connection, ImageFilter(text="a.jpg"))[0]
        return image, faces.current(connection, [image.id])[image.id]


def every_url(studio: Any) -> dict[str, str]:
    image, found = first(studio)
    return {
        "original": original_url(image),
        "display": display_url(image),
        "thumbnail": thumbnail_url(image, found),
        "plain": thumbnail_url(image, ()),
        "face": crop_url(image, found[0]),
    }


def test_the_original_is_given_out_byte_for_byte(filled: Any, client: Any) -> None:
    image, _ = first(filled)
    response, body = client.get(original_url(image))
    assert response.status == 200
    assert response.headers["Content-Type"] == "image/jpeg"
    assert body == filled.dataset.blobs.path(image.sha256, image.mime).read_bytes()


@pytest.mark.parametrize("kind", ["original", "display", "thumbnail", "plain", "face"])
def test_every_picture_is_one_with_the_right_headers(filled: Any, client: Any, kind: str) -> None:
    url = every_url(filled)[kind]
    response, body = client.get(url)
    assert response.status == 200
    assert Pillow.open(io.BytesIO(body)).format == "JPEG"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("kind", ["original", "display", "thumbnail", "plain", "face"])
def test_a_version_of_other_content_is_never_kept(filled: Any, client: Any, kind: str) -> None:
    url = every_url(filled)[kind]
    for stale in (url.partition("v=")[0], url[:-4] + "0000"):
        response, _ = client.get(stale)
        assert response.status == 200
        assert response.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/pictures/99",
        "/pictures/99/thumbnail",
        "/pictures/99999999999999999999999999",
        "/pictures/1/faces/99",
        "/pictures/1/faces/99999999999999999999999999",
        "/pictures/-1",
        "/pictures/1.5",
        "/pictures/a",
        "/pictures/",
        "/pictures/1/thumbnail/x",
        "/pictures/../curator.sqlite",
        "/pictures/..%2f..%2fcurator.sqlite",
        "/pictures/1/../../../curator.sqlite",
        "/pictures/1%00",
        "/pictures//etc/passwd",
        "//etc/passwd",
        "/pictures/%2e%2e/%2e%2e/etc/passwd",
        "/pictures/1/faces/..%2f..%2f1",
        "/curator.sqlite",
        "/images/",
    ],
)
def test_what_is_no_number_of_a_picture_is_not_found(client: Any, path: str) -> None:
    response, body = client.get(path)
    assert response.status == 404
    assert b"SQLite" not in body
    assert b"root:" not in body


def test_a_face_of_another_image_or_one_that_does_not_count_is_not_found(
    filled: Any, client: Any
) -> None:
    image, (face,) = first(filled)
    assert client.get(f"/pictures/{image.id + 1}/faces/{face.id}")[0].status == 404
    with filled.dataset.write() as connection:
        rejected = Face(
            image_id=image.id, run_id=image.run_id, box=(0, 0, 9, 9), status=FaceStatus.REJECTED
        )
        faces.add(connection, [rejected])
    assert client.get(f"/pictures/{image.id}/faces/{face.id}")[0].status == 200
    last = max(f.id or 0 for f in _all_faces(filled, image.run_id))
    assert client.get(f"/pictures/{image.id}/faces/{last}")[0].status == 404


def _all_faces(studio: Any, run_id: int) -> list[Face]:
    with studio.dataset.read() as connection:
        return faces.of_run(connection, run_id)


def test_a_picture_whose_file_is_gone_or_broken_is_not_found(filled: Any, client: Any) -> None:
    image, _ = first(filled)
    file = filled.dataset.blobs.path(image.sha256, image.mime)
    file.write_bytes(file.read_bytes()[:200])
    assert client.get(f"/pictures/{image.id}/thumbnail")[0].status == 404
    file.unlink()
    for kind in ("", "/display", "/thumbnail"):
        response, body = client.get(f"/pictures/{image.id}{kind}")
        assert response.status == 404
        assert str(filled.dataset.folder).encode() not in body


def test_another_site_that_points_its_name_here_is_turned_away(client: Any) -> None:
    assert client.get("/pictures/1", Host="evil.example")[0].status == 400
    assert client.get("/pictures/1", Host="localhost:8501")[0].status == 200


def test_reading_is_all_that_can_be_done(client: Any) -> None:
    import http.client

    for method in ("POST", "PUT", "DELETE", "PATCH"):
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=20)
        connection.request(method, "/pictures/1")
        assert connection.getresponse().status == 405
        connection.close()


def test_a_name_of_the_file_cannot_break_out_of_its_header(studio: Any, client: Any) -> None:
    image_id = studio.add('x"; filename=evil.exe\r\nSet-Cookie: a=b ü.jpg')
    response, _ = client.get(f"/pictures/{image_id}")
    assert response.status == 200
    assert response.headers["Set-Cookie"] is None
    assert response.headers["Content-Disposition"].startswith("inline; filename*=utf-8''x%22")


def test_the_shape_of_a_picture_survives(studio: Any, client: Any) -> None:
    wide = studio.add("wide.jpg", np.zeros((300, 2400, 3), np.uint8))
    _, thumbnail = client.get(f"/pictures/{wide}/thumbnail")
    _, display = client.get(f"/pictures/{wide}/display")
    assert Pillow.open(io.BytesIO(thumbnail)).size == (480, 60)
    assert Pillow.open(io.BytesIO(display)).size == (1600, 200)
