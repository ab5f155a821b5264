"""Rules for common purposes; a start, to be moved by eye on one's own pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from curator.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of rules."""

    about: str
    rules: str


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "detection": Preset(
            "to train a detector: all but specks, copies and doubtful proposals",
            "face height >= 10 px; out of frame <= 50 %; best copy; "
            "ask: score >= 0.6 if known; ask: agreement >= 0.5 if known",
        ),
        "recognition": Preset(
            "a gallery to recognise people by: one sharp, evenly lit face that looks at us",
            "single face; best copy; face height >= 80 px; abs(yaw) <= 35; abs(pitch) <= 30; "
            "Sharpness >= 40; LuminanceMean >= 30; OverExposurePrevention >= 20; "
            "out of frame <= 2 %; ask: IlluminationUniformity >= 50",
        ),
        "landmarks": Preset(
            "to train points: large enough to place them, and none in a strange place",
            "face height >= 48 px; out of frame <= 10 %; Sharpness >= 20; best copy; "
            "ask: has points; ask: shape distance <= 0.25 if known; "
            "ask: point disagreement <= 0.1 if known",
        ),
        "wider": Preset(
            "as WIDER FACE chose: faces of all sizes, poses and lights, from 10 pixels on",
            "face height >= 10 px; out of frame <= 90 %; ask: score >= 0.3 if known",
        ),
    }
)


def preset(name: str) -> Preset:
    """One of them.

    Raises:
        ConfigError: if there is none of this name.
    """
    if name not in PRESETS:
        raise ConfigError(f"unknown preset {name!r}; known: {', '.join(PRESETS)}")
    return PRESETS[name]
