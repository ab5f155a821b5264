"""Find faces: several detectors behind one registry, each a box, a score and five points a face.

:func:`choose` opens one, :func:`~curator.detect.stream.stream` runs it over many photos.
"""

from curator.detect.choice import choose
from curator.detect.detectors import DEFAULT, DETECTORS, Detector, Opener, Scalable
from curator.detect.options import Options

__all__ = ["DEFAULT", "DETECTORS", "Detector", "Opener", "Options", "Scalable", "choose"]
