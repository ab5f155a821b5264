"""The detection packs of insightface's model zoo, opened by insightface itself.

Which file of a pack is the detector, what its network wants to see and at which sizes, and the
session are insightface's; feeding it and reading its outputs are ours, which gives the same boxes
in a fraction of the time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from curator.detect.detector import OnnxDetector
from curator.detect.letterbox import square
from curator.detect.network import Network, session_options
from curator.detect.options import Options
from curator.detect.packs import DEFAULT_PACK, LICENCE, fetch, find
from curator.detect.scrfd import Scrfd
from curator.errors import ConfigError, RunError


def open_pack(variant: str | None, options: Options) -> OnnxDetector:
    """A pack by its name or its folder; downloaded if it is not on this machine.

    Without a size it looks as insightface does: at the one size of a fixed network, else at 128
    pixels for faces that fill the photo and at 640 for the others.

    Raises:
        ConfigError: if insightface has no such pack, or cannot use this size.
        RunError: if it cannot be downloaded, or is broken.
    """
    pack = variant or DEFAULT_PACK
    folder = Path(pack)
    if not (folder.is_absolute() and folder.is_dir()):
        folder = find(pack, options.models) or fetch(pack, options.progress)
    model = _detection_model(folder)
    network = Network(Path(model.model_file), model.session)
    layout = Scrfd(
        network,
        options.least(),
        mean=model.input_mean,
        scale=1 / model.input_std,
        dtype=str(getattr(model, "input_dtype", "float32")),
    )
    if options.size is not None and options.size % layout.stride:
        raise ConfigError(
            f"the input size of an insightface pack must be a multiple of {layout.stride} pixels, "
            f"not {options.size}"
        )
    own = [max(size_wh) for size_wh in model.input_sizes]
    return OnnxDetector(
        network,
        layout,
        name=f"insightface:{pack}",
        licence=LICENCE,
        sizes=own if options.size is None else [options.size],
        fit=square,
    )


def _detection_model(folder: Path) -> Any:
    """The detection model among the networks of a pack, as insightface opens it."""
    from insightface.model_zoo.model_zoo import get_model
    from insightface.model_zoo.package_manifest import has_model_package_manifest

    how = {"providers": ["CPUExecutionProvider"], "sess_options": session_options()}
    if has_model_package_manifest(folder):
        return _opened(folder, lambda: get_model(str(folder), model_task="detection", **how))
    # The detector is called det_*.onnx in every pack: the large networks need no opening.
    files = sorted(folder.glob("*.onnx"), key=lambda file: (not file.name.startswith("det"), file))
    for file in files:
        model = _opened(file, lambda file=file: get_model(str(file), **how))
        if model is not None and model.taskname == "detection":
            return model
    raise RunError(f"{folder}: there is no detection network in this pack")


def _opened(place: Path, open_it: Any) -> Any:
    try:
        return open_it()
    except Exception as cause:  # the errors of onnxruntime share no base
        raise RunError(
            f"{place}: the weights are broken or no ONNX file; delete the folder of the pack to "
            "have it downloaded again"
        ) from cause
