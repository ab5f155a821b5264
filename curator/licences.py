"""Licences of images: what was stated, as an identifier of the SPDX list, and what it allows.

Source of the names: the SPDX licence list 3.28, and Creative Commons' own addresses. What is not
recognised has no identifier; it is never guessed. None of this is legal advice.
"""

from __future__ import annotations

import re

ALL_RIGHTS_RESERVED = "LicenseRef-All-Rights-Reserved"
NO_KNOWN_RESTRICTIONS = "LicenseRef-No-Known-Copyright-Restrictions"
US_GOVERNMENT = "LicenseRef-US-Government-Work"

_ELEMENTS = ("BY", "BY-SA", "BY-ND", "BY-NC", "BY-NC-SA", "BY-NC-ND")
_VERSIONS = ("1.0", "2.0", "2.5", "3.0", "4.0")
# The versions for one country that SPDX lists.
_PORTED = {
    "BY": ("2.5-AU", "3.0-AT", "3.0-AU", "3.0-DE", "3.0-IGO", "3.0-NL", "3.0-US"),
    "BY-NC": ("3.0-DE",),
    "BY-NC-ND": ("3.0-DE", "3.0-IGO"),
    "BY-NC-SA": ("2.0-DE", "2.0-FR", "2.0-UK", "3.0-DE", "3.0-IGO"),
    "BY-ND": ("3.0-DE",),
    "BY-SA": ("2.0-UK", "2.1-JP", "3.0-AT", "3.0-DE", "3.0-IGO"),
}
_CC = frozenset(
    # Without a version it is no SPDX name, but what it allows is known.
    [f"CC-{elements}" for elements in _ELEMENTS]
    + [f"CC-{elements}-{version}" for elements in _ELEMENTS for version in _VERSIONS]
    + [f"CC-{elements}-{version}" for elements in _PORTED for version in _PORTED[elements]]
)
_OTHERS = {
    "apache-2.0": "Apache-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "gfdl-1.2": "GFDL-1.2-only",
    "gfdl-1.3": "GFDL-1.3-only",
    "mit": "MIT",
    "unlicense": "Unlicense",
    "wtfpl": "WTFPL",
}
# Those that let an image be used to earn money, under whatever other terms.
COMMERCIAL = frozenset(
    {name for name in _CC if "-NC" not in name}
    | {"CC0-1.0", "CC-PDM-1.0", US_GOVERNMENT, *_OTHERS.values()}
)

_CC_URL = re.compile(
    r"creativecommons\.org/licenses/(by(?:-nc)?(?:-sa|-nd)?)(?:/(\d\.\d))?(?:/([a-z]{2,3})\b)?"
)
_CC_SHORT = re.compile(
    r"\bcc[\s-]*(by(?:[\s-]*nc)?(?:[\s-]*(?:sa|nd))?)\b[\s-]*(\d(?:\.\d)?)?(?:[\s-]+([a-z]{2,3})\b)?"
)
_CC_LONG = re.compile(
    r"attribution([\s-]*non[\s-]?commercial)?([\s-]*(?:share[\s-]?alike|no[\s-]?deriv\w*))?"
    r"[\s-]*(\d(?:\.\d)?)?"
)
_ZERO = re.compile(r"publicdomain/zero|\bcc[\s-]?0\b|\bcc[\s-]?zero\b")
_PUBLIC = re.compile(r"publicdomain/mark|\bpublic[\s-]?domain\b|\bpdm\b|\bpd\b")
_RESERVED = re.compile(r"all rights reserved|\u00a9|\(c\) ")


def normalised(stated: str | None) -> str | None:
    """The SPDX identifier of a licence as somebody wrote it, or its address; None if unknown.

    >>> normalised("CC BY-SA 4.0"), normalised("ask me")
    ('CC-BY-SA-4.0', None)
    """
    text = (stated or "").lower().replace("_", "-").strip()
    if not text:
        return None
    for own in (ALL_RIGHTS_RESERVED, NO_KNOWN_RESTRICTIONS, US_GOVERNMENT):
        if text == own.lower():
            return own
    if _ZERO.search(text):
        return "CC0-1.0"
    if found := _creative_commons(text):
        return found
    if _PUBLIC.search(text):
        return "CC-PDM-1.0"
    if other := _OTHERS.get(re.sub(r"[\s-]+", "-", text.removesuffix(" license"))):
        return other
    if "no known copyright restrictions" in text:
        return NO_KNOWN_RESTRICTIONS
    return ALL_RIGHTS_RESERVED if _RESERVED.search(text) else None


def allows_commercial_use(licence_id: str | None) -> bool:
    """Whether a licence, by identifier, is known to let an image be used to earn money."""
    return licence_id in COMMERCIAL


def _creative_commons(text: str) -> str | None:
    found = _CC_URL.search(text) or _CC_SHORT.search(text)
    if found:
        elements = re.sub(r"[\s-]+", "-", found[1])
        # "cc bync" is written too.
        elements = elements.replace("bync", "by-nc").upper()
        return _named(elements, found[2], found[3])
    long = _CC_LONG.search(text) if "creative commons" in text else None
    if long is None:
        return None
    parts = ["BY"] + (["NC"] if long[1] else [])
    if long[2]:
        parts.append("SA" if "share" in long[2] else "ND")
    return _named("-".join(parts), long[3], None)


def _named(elements: str, version: str | None, country: str | None) -> str | None:
    if version and "." not in version:
        version += ".0"
    words = ["CC", elements, version or "", (country or "").upper()]
    for length in (4, 3):
        name = "-".join(word for word in words[:length] if word)
        if name in _CC:
            return name
    return None
