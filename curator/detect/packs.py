"""insightface's model packs: where they are on this machine, and how they get there.

insightface's own download checks neither length nor content, has no time-out, and leaves a
half-written folder that it takes for whole from then on. So the address is asked of insightface,
and the transfer is made here: into a temporary folder, checked, then renamed.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path

from curator.config import settings
from curator.errors import ConfigError, RunError
from curator.progress import Progress

DEFAULT_PACK = "buffalo_l"
LICENCE = "insightface model packs: non-commercial research purposes only"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CHUNK = 1 << 18


def home() -> Path:
    """Where insightface itself keeps its packs."""
    return Path.home() / ".insightface" / "models"


def find(pack: str, models: Path | None) -> Path | None:
    """The folder of a pack that holds at least one ONNX file, None where there is none."""
    places = [home() / pack]
    if models is not None:
        places.insert(0, models / "insightface" / "models" / pack)
    for place in places:
        if any(place.glob("*.onnx")):
            return place
    return None


def fetch(pack: str, progress: Progress) -> Path:
    """Download a pack into insightface's own folder and return its folder.

    Raises:
        ConfigError: if insightface has no such pack.
        RunError: if it cannot be fetched whole.
    """
    from insightface.utils.storage import model_zoo_download_url

    if not _NAME.fullmatch(pack):
        raise ConfigError(f"{pack!r} cannot be the name of an insightface pack")
    place = home() / pack
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{pack}-") as name:
            folder = Path(name)
            archive = folder / f"{pack}.zip"
            _transfer(model_zoo_download_url(archive.name), archive, pack, progress)
            unpacked = _unpack(archive, folder / pack)
            # Another process may have been faster; what holds no network is a broken leftover.
            if find(pack, None) is None:
                shutil.rmtree(place, ignore_errors=True)
                unpacked.rename(place)
    except OSError as cause:
        raise RunError(f"{place}: the pack cannot be kept there ({cause.strerror})") from cause
    return place


def _transfer(url: str, file: Path, pack: str, progress: Progress) -> None:
    import requests

    try:
        with requests.get(url, stream=True, timeout=settings().timeout) as answer:
            if answer.status_code == 404:
                raise ConfigError(f"insightface has no pack named {pack!r}")
            answer.raise_for_status()
            total = int(answer.headers.get("Content-Length", 0)) or None
            progress.begin(f"download {pack} ({LICENCE})", total)
            with file.open("wb") as out:
                for chunk in answer.iter_content(_CHUNK):
                    out.write(chunk)
                    progress.advance(len(chunk))
    except requests.RequestException as cause:
        raise RunError(
            f"the weights {pack!r} of insightface are not on this machine and their download "
            f"failed ({_why(cause)}): try again with a connection to the internet, or name a "
            f"folder that holds insightface/models/{pack}/*.onnx or onnx/*.onnx in CURATOR_MODELS"
        ) from cause
    if total is not None and file.stat().st_size != total:
        raise RunError(f"the download of {pack} ended early: try again")


def _why(cause: Exception) -> str:
    import requests

    if isinstance(cause, requests.HTTPError) and cause.response is not None:
        return f"HTTP {cause.response.status_code}"
    if isinstance(cause, requests.Timeout):
        return "no answer in time"
    return "no connection" if isinstance(cause, requests.ConnectionError) else "it broke off"


def _unpack(archive: Path, folder: Path) -> Path:
    """Extract, each member checked against its checksum; the folder that holds the networks."""
    try:
        with zipfile.ZipFile(archive) as members:
            members.extractall(folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as cause:
        raise RunError(
            f"the download of {archive.stem} is no whole zip archive: try again"
        ) from cause
    # Some packs are zipped with their folder, some without.
    for place in (folder, folder / archive.stem):
        if any(place.glob("*.onnx")):
            return place
    raise RunError(f"the pack {archive.stem} holds no ONNX file")
