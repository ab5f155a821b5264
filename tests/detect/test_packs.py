"""insightface's packs arrive whole or not at all; a server on this machine plays its model zoo."""

from __future__ import annotations

import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from curator.config import settings
from curator.detect import choose
from curator.detect.packs import LICENCE, fetch, find, home
from curator.errors import ConfigError, RunError
from curator.progress import Silent


class Zoo:
    """What the server answers: a body, and how many of its bytes really come."""

    def __init__(self) -> None:
        self.packs: dict[str, bytes] = {}
        self.sent: int | None = None
        self.status = 200
        self.asked: list[str] = []


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Zoo]:
    """A model zoo on loopback, and an empty home."""
    import insightface.utils.storage

    zoo = Zoo()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            zoo.asked.append(self.path)
            body = zoo.packs.get(self.path)
            self.send_response(zoo.status if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write((body or b"")[: zoo.sent])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setattr(insightface.utils.storage, "MODEL_ZOO_RELEASE_DOWNLOAD_URL", address)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield zoo
    server.shutdown()
    server.server_close()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def everything_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_pack_is_downloaded_once_and_detects(zoo: Zoo, shared_models: Path) -> None:
    weights = shared_models / "insightface/models/scrfd_500m/det_500m.onnx"
    zoo.packs["/small.zip"] = zipped(**{"det_500m.onnx": weights.read_bytes()})
    detector = choose("insightface:small")
    assert detector.name == "insightface:small"
    assert detector.licence == LICENCE
    assert everything_in(home()) == ["small", "small/det_500m.onnx"]
    assert choose("insightface:small").weights_sha256 == detector.weights_sha256
    assert zoo.asked == ["/small.zip"]


def test_a_pack_zipped_with_its_folder_arrives_the_same(zoo: Zoo) -> None:
    zoo.packs["/deep.zip"] = zipped(**{"deep/det.onnx": b"weights", "deep/other.onnx": b"more"})
    assert fetch("deep", Silent()) == home() / "deep"
    assert everything_in(home()) == ["deep", "deep/det.onnx", "deep/other.onnx"]


def test_the_listener_hears_every_byte_and_the_licence(zoo: Zoo) -> None:
    class Listener(Silent):
        def __init__(self) -> None:
            self.stages: list[tuple[str, int | None]] = []
            self.done = 0

        def begin(self, stage: str, total: int | None) -> None:
            self.stages.append((stage, total))

        def advance(self, done: int = 1, note: str = "") -> None:
            self.done += done

    zoo.packs["/pack.zip"] = zipped(**{"det.onnx": bytes(range(256)) * 9999})
    listener = Listener()
    fetch("pack", listener)
    ((stage, total),) = listener.stages
    assert "non-commercial" in stage
    assert total == listener.done == len(zoo.packs["/pack.zip"])


@pytest.mark.parametrize("damage", ["cut", "page", "flipped", "cut inside", "no weights"])
def test_what_is_not_whole_leaves_nothing_behind(damage: str, zoo: Zoo) -> None:
    whole = zipped(**{"det.onnx": bytes(range(256)) * 2000})
    middle = len(whole) // 2
    zoo.packs["/pack.zip"] = {
        "cut": whole,
        "page": b"<html>rate limit exceeded</html>",
        "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
        "cut inside": whole[:middle],
        "no weights": zipped(**{"readme.txt": b"soon"}),
    }[damage]
    zoo.sent = middle if damage == "cut" else None
    with pytest.raises(RunError) as caught:
        fetch("pack", Silent())
    assert len(str(caught.value).splitlines()) == 1
    assert everything_in(home()) == []
    assert find("pack", None) is None


def test_a_failure_of_the_server_is_named(zoo: Zoo) -> None:
    zoo.packs["/pack.zip"], zoo.status = b"", 503
    with pytest.raises(RunError, match="HTTP 503"):
        fetch("pack", Silent())


def test_a_pack_that_insightface_does_not_have_is_a_wrong_option(zoo: Zoo) -> None:
    with pytest.raises(ConfigError, match="no pack named 'buffalo_xxl'"):
        choose("insightface:buffalo_xxl")
    for name in ("../x", "a/b", "."):
        with pytest.raises(ConfigError, match="cannot be the name"):
            choose(f"insightface:{name}")
    assert zoo.asked == ["/buffalo_xxl.zip"]


def test_a_half_written_folder_is_replaced(zoo: Zoo) -> None:
    (home() / "pack").mkdir(parents=True)
    (home() / "pack/det.onnx.part").write_bytes(b"half")
    zoo.packs["/pack.zip"] = zipped(**{"det.onnx": b"weights"})
    fetch("pack", Silent())
    assert everything_in(home()) == ["pack", "pack/det.onnx"]


def test_members_that_point_outside_stay_inside(zoo: Zoo, tmp_path: Path) -> None:
    zoo.packs["/pack.zip"] = zipped(**{"../../../evil.txt": b"!", "det.onnx": b"weights"})
    fetch("pack", Silent())
    assert everything_in(tmp_path / ".insightface/models/pack") == ["det.onnx", "evil.txt"]
    assert [path.name for path in tmp_path.iterdir()] == [".insightface"]


def test_weights_that_do_not_open_are_named(zoo: Zoo) -> None:
    zoo.packs["/pack.zip"] = zipped(**{"det.onnx": b"no weights"})
    with pytest.raises(RunError, match=r"pack/det\.onnx: the weights are broken") as caught:
        choose("insightface:pack")
    assert len(str(caught.value).splitlines()) == 1


def test_a_pack_without_a_detector_is_named(zoo: Zoo, shared_models: Path) -> None:
    other = (shared_models / "onnx/mobilefacenet_128d.onnx").read_bytes()
    zoo.packs["/pack.zip"] = zipped(**{"w600k.onnx": other})
    with pytest.raises(RunError, match="no detection network in this pack"):
        choose("insightface:pack")


def test_without_weights_and_network_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import insightface.utils.storage

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    monkeypatch.setattr(insightface.utils.storage, "MODEL_ZOO_RELEASE_DOWNLOAD_URL", address)
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("CURATOR_MODELS", "CURATOR_DETECTOR"):
        monkeypatch.delenv(variable, raising=False)
    settings.cache_clear()
    with pytest.raises(RunError, match=r"buffalo_l.*no connection.*CURATOR_MODELS") as caught:
        choose("insightface")
    settings.cache_clear()
    assert len(str(caught.value).splitlines()) == 1
    assert everything_in(home()) == []
