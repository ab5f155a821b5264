"""Collect, label, filter, split and export face datasets.

The package reads as the story: ``collect`` brings images in, ``detect`` proposes
faces, ``split`` and ``formats`` turn a frozen release into files to train on.
``pipeline`` is the only place where those steps meet the ``store``.
"""

__version__ = "0.1.0"
