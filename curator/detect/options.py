"""What every detector is opened with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from curator.errors import ConfigError
from curator.progress import Progress, Silent

# What is said of weights that only the user knows.
UNKNOWN_LICENCE = "unknown: weights from a file of the user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to open a detector.

    Attributes:
        models: A folder of weights on this machine: ``onnx/*.onnx``,
            ``insightface/models/<pack>/*.onnx``; None where there is none.
        min_score: Faces below this are not returned; between 0 and 1.
        size: The long side of the network's input, pixels; None for the detector's own.
        progress: Told of a download.
        runs: Where the training runs of the dataset are, None where there is no dataset.
    """

    models: Path | None = None
    min_score: float = 0.5
    size: int | None = None
    progress: Progress = field(default_factory=Silent)
    runs: Path | None = None

    def weights(self, detector: str, variant: str) -> Path:
        """The file of a variant: a path to an ONNX file, or its bare name in ``models/onnx``.

        Raises:
            ConfigError: if it does not exist.
        """
        named = Path(variant)
        if named.suffix == ".onnx":
            place = named
        elif self.models is not None:
            place = self.models / "onnx" / f"{variant}.onnx"
        else:
            raise ConfigError(
                f"detector {detector!r} needs weights: give {detector}:/path/to/weights.onnx, "
                f"or name a folder that holds onnx/{variant}.onnx with CURATOR_MODELS"
            )
        if not place.is_file():
            raise ConfigError(f"detector {detector!r}: there are no weights at {place}")
        return place
