"""Duplicates: pictures made from one another, found by how they look.

Pure functions; nothing here knows the store::

    hashes, thumbnail = look(pixels)                       # of each picture
    for pair in search(all_hashes, all_thumbnails, Silent(), picture=grey_picture):
        pair.likeness.kind                                 # copy, or similar
    groups(pairs, [CopyKind.COPY], worth)                  # the best of each group first

Near hashes name candidates, found by an index that compares no more than it must; a second look
at the thumbnails tells what is alike, and a closer look at the pictures themselves a copy from
another shot of the same scene.
"""

from curator.duplicates.appearance import METHOD, SIDE, SOURCE, look
from curator.duplicates.check import compare
from curator.duplicates.groups import Group, groups
from curator.duplicates.search import Found, search, unpacked
from curator.duplicates.shift import DETAIL

__all__ = [
    "DETAIL",
    "METHOD",
    "SIDE",
    "SOURCE",
    "Found",
    "Group",
    "compare",
    "groups",
    "look",
    "search",
    "unpacked",
]
