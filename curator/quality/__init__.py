"""Quality: what can be measured of a face, what the numbers mean, and what is decided by them.

Pure functions of pixels, faces and tables; nothing here knows the store::

    found = measure_faces(image, faces)              # raw numbers with their methods
    score("Sharpness", found[0].values["Sharpness"]) # 0..100
    judgement = judge(table, parse("face height >= 32 px; Sharpness >= 40"))

Raw numbers are kept, scores and verdicts computed from them when they are asked for.
"""

from curator.quality.agreement import agreement
from curator.quality.components import MEASURES, Component, score
from curator.quality.face import measure_faces, suite
from curator.quality.headpose import open_network
from curator.quality.presets import PRESETS, preset
from curator.quality.rules import Rule, parse
from curator.quality.table import Table
from curator.quality.verdicts import Judgement, judge

__all__ = [
    "MEASURES",
    "PRESETS",
    "Component",
    "Judgement",
    "Rule",
    "Table",
    "agreement",
    "judge",
    "measure_faces",
    "open_network",
    "parse",
    "preset",
    "score",
    "suite",
]
