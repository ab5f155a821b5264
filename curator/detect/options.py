"""What every detector is opened with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from curator.errors import ConfigError
from curator.progress import Progress, Silent

USUAL_SCORE = 0.5
# In the metadata of weights: the score from which a face is worth proposing.
RECOMMENDED = "min_score"
# What is said of weights that only the user knows.
UNKNOWN_LICENCE = "unknown: weights from a file of the user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to open a detector.

    Attributes:
        models: A folder of weights on this machine: ``onnx/*.onnx``,
            ``insightface/models/<pack>/*.onnx``; None where there is none.
        min_score: Faces below this are not returned; between 0 and 1; None for what the weights
            recommend.
        size: The long side of the network's input, pixels; None for the detector's own.
        progress: Told of a download.
        runs: Where the training runs of the dataset are, None where there is no dataset.
    """

    models: Path | None = None
    min_score: float | None = None
    size: int | None = None
    progress: Progress = field(default_factory=Silent)
    runs: Path | None = None

    def least(self, metadata: Mapping[str, str] | None = None) -> float:
        """The score below which faces are not returned: as asked, as recommended, or 0.5.

        Args:
            metadata: What the maker of the weights wrote into them, by name.
        """
        if self.min_score is not None:
            return self.min_score
        try:
            recommended = float((metadata or {})[RECOMMENDED])
        except (KeyError, ValueError):
            return USUAL_SCORE
        return recommended if 0 <= recommended <= 1 else USUAL_SCORE

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
