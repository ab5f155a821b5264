"""A small web site of real photographs, served on loopback for the demo to crawl.

The photos come with packages that are installed anyway. A few things every crawl meets are
there on purpose: a copy under another name, a file that was cut short, a page that calls
itself a picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html import escape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile
from threading import Thread

from curator.errors import RunError

# Page -> (package, path inside it, caption).
PHOTOS = {
    "people": (
        ("insightface", "data/images/t1.jpg", "Six friends"),
        ("insightface", "data/images/Tom_Hanks_54745.png", "A portrait"),
        ("skimage", "data/astronaut.png", "Eileen Collins, astronaut (NASA)"),
        ("skimage", "data/camera.png", "A photographer with his camera"),
    ),
    "places": (
        ("skimage", "data/rocket.jpg", "A rocket on its pad (SpaceX)"),
        ("skimage", "data/brick.png", "Bricks"),
        ("skimage", "data/grass.png", "Grass"),
        ("skimage", "data/gravel.png", "Gravel"),
        ("skimage", "data/moon.png", "The surface of the moon (NASA)"),
        ("skimage", "data/hubble_deep_field.jpg", "Galaxies (NASA)"),
    ),
    "things": (
        ("skimage", "data/chelsea.png", "Chelsea the cat (Stefan van der Walt)"),
        ("skimage", "data/coffee.png", "A cup of coffee (Rachel Michetti)"),
        ("skimage", "data/coins.png", "Greek coins from Pompeii (Brooklyn Museum)"),
        ("skimage", "data/motorcycle_left.png", "A motorcycle, from the left"),
        ("skimage", "data/motorcycle_right.png", "A motorcycle, from the right"),
    ),
}


def build(folder: Path) -> Path:
    """Write the pages and pictures of the site into a folder.

    Raises:
        RunError: if a package that brings the photos is not installed.
    """
    for page, photos in PHOTOS.items():
        (folder / page).mkdir(parents=True, exist_ok=True)
        figures = []
        for package, inside, caption in photos:
            source = _inside(package) / inside
            copyfile(source, folder / page / source.name)
            figures.append((source.name, caption))
        if page == "people":
            figures += _what_every_crawl_meets(folder / page)
        _write_page(folder / page / "index.html", page, figures)
    links = "".join(f'<li><a href="{page}/index.html">{page}</a>' for page in PHOTOS)
    (folder / "index.html").write_text(f"<!doctype html><title>Photos</title><ul>{links}</ul>")
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of 127.0.0.1; give the address of its first page."""
    handler = partial(_QuietHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """The demo prints its own story."""


def _inside(package: str) -> Path:
    # Only finds the folder: importing insightface would take seconds.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RunError(f"the demo's photos come with {package}, which is not installed")
    return Path(spec.origin).parent


def _what_every_crawl_meets(folder: Path) -> list[tuple[str, str]]:
    whole = (folder / "t1.jpg").read_bytes()
    (folder / "t1-again.jpg").write_bytes(whole)
    (folder / "cut-short.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / "not-a-photo.jpg").write_text("<!doctype html><title>Sorry</title>Not found")
    return [
        ("t1-again.jpg", "The six friends again"),
        ("cut-short.jpg", "A download that broke off"),
        ("not-a-photo.jpg", "A page in disguise"),
    ]


def _write_page(path: Path, title: str, figures: list[tuple[str, str]]) -> None:
    shown = "".join(
        f'<figure><img src="{escape(name)}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for name, caption in figures
    )
    path.write_text(f'<!doctype html><title>{title}</title><a href="../index.html">home</a>{shown}')
