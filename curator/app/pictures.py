"""Pictures over HTTP, by number only: nothing a client sends is ever part of a path.

::

    /pictures/7              the bytes of image 7 as they came
    /pictures/7/display      a copy for the screen
    /pictures/7/thumbnail    a small one, the faces drawn; without them: ?faces=no
    /pictures/7/faces/12     face 12, cut out

``v`` in an address is the version of what is shown. While it is right, browsers need not ask
again; the numbers of another dataset have other versions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from curator.app.thumbnails import Thumbnails, version
from curator.errors import NotFound
from curator.imaging import BrokenImage
from curator.records import Face, Image
from curator.store import faces, images
from curator.store.dataset import Dataset

FOREVER = "private, max-age=31536000, immutable"
ASK_AGAIN = "private, no-cache"
# What browsers show by themselves; of others there is only the copy for the screen.
SHOWN_BY_BROWSERS = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})


def original_url(image: Image) -> str:
    """Where the bytes of an image are."""
    return f"/pictures/{image.id}?v={version(image)}"


def display_url(image: Image) -> str:
    """Where its copy for the screen is."""
    return f"/pictures/{image.id}/display?v={version(image)}"


def thumbnail_url(image: Image, shown: Sequence[Face]) -> str:
    """Where its small copy with these faces is, which are all or none of its current ones."""
    plain = "" if shown else "faces=no&"
    return f"/pictures/{image.id}/thumbnail?{plain}v={version(image, shown)}"


def crop_url(image: Image, face: Face) -> str:
    """Where one face of it is."""
    return f"/pictures/{image.id}/faces/{face.id}?v={version(image, [face])}"


class Pictures:
    """The routes to the pictures of one dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._thumbnails = Thumbnails(dataset)

    def routes(self) -> list[Route]:
        """All of them, to be mounted at the root."""
        at = "/pictures/{image:int}"
        return [
            Route(at, self.original),
            Route(f"{at}/display", self.display),
            Route(f"{at}/thumbnail", self.thumbnail),
            Route(f"{at}/faces/{{face:int}}", self.face),
        ]

    def original(self, request: Request) -> Response:
        """The bytes of an image as they came."""
        image = self._image(request)
        path = self._dataset.blobs.path(image.sha256, image.mime)
        if not path.is_file():
            raise HTTPException(404, f"the file of image {image.id} is gone")
        name = image.name.rpartition("/")[2]
        return FileResponse(
            path,
            media_type=image.mime,
            filename=name,
            content_disposition_type="inline",
            headers=_caching(request, version(image)),
        )

    def display(self, request: Request) -> Response:
        """A copy of an image for the screen."""
        image = self._image(request)
        return _jpeg(request, version(image), lambda: self._thumbnails.display(image))

    def thumbnail(self, request: Request) -> Response:
        """A small copy of an image."""
        image = self._image(request)
        shown = () if request.query_params.get("faces") == "no" else self._faces(image)
        key = version(image, shown)
        return _jpeg(request, key, lambda: self._thumbnails.thumbnail(image, shown))

    def face(self, request: Request) -> Response:
        """One current face of an image."""
        image = self._image(request)
        wanted = request.path_params["face"]
        face = next((face for face in self._faces(image) if face.id == wanted), None)
        if face is None:
            raise HTTPException(404, f"image {image.id} has no face {wanted}")
        key = version(image, [face])
        return _jpeg(request, key, lambda: self._thumbnails.crop(image, face))

    def _image(self, request: Request) -> Image:
        try:
            with self._dataset.read() as connection:
                return images.get(connection, request.path_params["image"])
        except NotFound as cause:
            raise HTTPException(404, str(cause)) from cause

    def _faces(self, image: Image) -> tuple[Face, ...]:
        with self._dataset.read() as connection:
            return faces.current(connection, [image.id])[image.id]


def _jpeg(request: Request, key: str, make: Callable[[], bytes]) -> Response:
    try:
        data = make()
    except (BrokenImage, OSError) as cause:
        raise HTTPException(
            404, "this image cannot be shown: its file is gone or broken"
        ) from cause
    return Response(data, media_type="image/jpeg", headers=_caching(request, key))


def _caching(request: Request, key: str) -> dict[str, str]:
    right = request.query_params.get("v") == key
    return {"Cache-Control": FOREVER if right else ASK_AGAIN}
