"""What works on this machine: a part each, and a sentence on how to mend what does not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.util import find_spec

from curator.config import settings
from curator.environments import REVIEW, YOLO, problem

_LEAST_FREE = 2_000_000_000


def examine() -> dict[str, str | None]:
    """Part -> None where it works, else what is missing and how to mend it."""
    return {name: look() for name, look in _PARTS.items()}


def _detectors() -> str | None:
    from curator.detect.own import WEIGHTS

    models = settings().models
    if models is not None and not models.is_dir():
        return f"CURATOR_MODELS names {models}, which is no folder"
    if not any(WEIGHTS.glob("*.onnx")):
        return "the weights that come with curator are not where they belong: install it again"
    return None


def _train() -> str | None:
    missing = [name for name in ("torch", "tensorboard") if find_spec(name) is None]
    if missing:
        return f"{' and '.join(missing)} is missing: pip install 'curator[train]'"
    return None


def _browser() -> str | None:
    if any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "firefox"))):
        return None
    return "no browser is known here: open the address that curator app prints"


def _disk() -> str | None:
    free = shutil.disk_usage(".").free
    return None if free >= _LEAST_FREE else f"only {free / 1e9:.1f} GB are free here: make room"


_PARTS: dict[str, Callable[[], str | None]] = {
    "detectors": _detectors,
    "train": _train,
    "yolo": lambda: problem(YOLO),
    "review": lambda: problem(REVIEW),
    "browser": _browser,
    "disk": _disk,
}
