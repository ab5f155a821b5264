"""Divide images into train, val and test without letting one photo stand in two of them.

Pure functions of :class:`Item`; nothing here knows the store::

    copies = near_duplicate_groups(items)                  # {key: group} of images with a copy
    items = [replace(i, groups=(*i.groups, copies[i.key])) if i.key in copies else i
             for i in items]
    splits = assign(items, seed=0)                         # {key: "train" | "val" | "test"}
    report = measure(items, splits, seed=0)                # counts, strata, conflicts, leakage

* Shares are of images: exact by largest remainder where groups allow.
* Images that share a group, directly or through others, stand in one split. A group is any
  text: a video, a near-duplicate group, and an identity where people must not be shared.
  :func:`merge_groups` gives the merged group of each image.
* An image with a ``pinned`` split keeps it; others of its group follow. Pass the splits of all
  earlier releases as pins and a growing dataset moves nothing. Where a group is pinned in two
  splits nobody moves, and the report names the conflict.
* The result depends on the items, the shares and the seed, never on the order of the items.
"""

from curator.split.assignment import assign
from curator.split.groups import merge_groups, near_duplicate_groups
from curator.split.items import Item, strata
from curator.split.leakage import Leakage
from curator.split.report import Conflict, SplitReport, measure
from curator.split.shares import SHARES, quotas

__all__ = [
    "SHARES",
    "Conflict",
    "Item",
    "Leakage",
    "SplitReport",
    "assign",
    "measure",
    "merge_groups",
    "near_duplicate_groups",
    "quotas",
    "strata",
]
