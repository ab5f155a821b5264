"""What all sources promise, for each of them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curator.collect import SOURCES, Limits, Source
from curator.errors import ConfigError
from curator.testing import SourceContract

Picture = Callable[..., bytes]


class OwnContract(SourceContract):
    """The sources of this package, over the same pictures, two of them broken."""

    name = ""
    limits: Limits
    pictures: dict[str, bytes]
    web: Any

    @pytest.fixture(autouse=True)
    def surroundings(self, limits: Limits, picture: Picture, web: Any) -> None:
        self.limits = limits
        self.pictures = {f"{number}.jpg": picture(number) for number in range(5)}
        self.pictures |= {"cut.jpg": picture(9)[:-200], "page.jpg": b"<html>no</html>"}
        self.web = web
        for name, data in self.pictures.items():
            web.serve("/" + name, data, "image/jpeg")
        web.serve("/", "".join(f"<img src={name}>" for name in self.pictures))

    def target(self, folder: Path) -> str:
        raise NotImplementedError

    def source(self, folder: Path) -> Source:
        return SOURCES.load(self.name)(self.target(folder), self.limits)


class TestFolder(OwnContract):
    name = "folder"

    def target(self, folder: Path) -> str:
        for name, data in self.pictures.items():
            if not (folder / name).exists():
                (folder / name).write_bytes(data)
        return str(folder)


class TestArchive(OwnContract):
    name = "folder"

    def target(self, folder: Path) -> str:
        path = folder / "a.zip"
        if not path.exists():
            with zipfile.ZipFile(path, "w") as archive:
                for name, data in self.pictures.items():
                    archive.writestr(name, data)
        return str(path)


class TestUrls(OwnContract):
    name = "urls"

    def target(self, folder: Path) -> str:
        path = folder / "list.txt"
        path.write_text("\n".join(f"{self.web.url}/{name}" for name in self.pictures))
        return str(path)


class TestWeb(OwnContract):
    name = "web"

    def target(self, folder: Path) -> str:
        return str(self.web.url)


def test_the_registry_knows_its_sources() -> None:
    assert SOURCES.names()[:3] == ["folder", "urls", "web"]
    with pytest.raises(ConfigError, match="unknown source 'gopher'; known: folder, urls, web"):
        SOURCES.load("gopher")
