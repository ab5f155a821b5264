"""Every reason for which a picture is not taken, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from curator.records import Candidate, Refused


class Reason(StrEnum):
    """Short stable words to count refusals by."""

    # the bytes
    EMPTY = "empty"
    NOT_AN_IMAGE = "not-an-image"
    TRUNCATED = "truncated"
    TOO_LARGE = "too-large"
    TOO_SMALL = "too-small"
    TOO_MANY_PIXELS = "too-many-pixels"
    DANGEROUS = "dangerous"
    # files and archives
    UNREADABLE = "unreadable"
    LINK = "link"
    UNSAFE_PATH = "unsafe-path"
    ENCRYPTED = "encrypted"
    ARCHIVE = "archive"
    BOMB = "bomb"
    BROKEN_ARCHIVE = "broken-archive"
    # lists and addresses
    BAD_ROW = "bad-row"
    BAD_URL = "bad-url"
    OTHER_HOST = "other-host"
    FORBIDDEN_ADDRESS = "forbidden-address"
    # wishes
    ROBOTS = "robots"
    OPTED_OUT = "opted-out"
    # servers
    NOT_FOUND = "not-found"
    FORBIDDEN = "forbidden"
    HTTP_ERROR = "http-error"
    WRONG_TYPE = "wrong-type"
    TOO_MANY_REDIRECTS = "too-many-redirects"
    SERVER_BUSY = "server-busy"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"


SENTENCES: Mapping[Reason, str] = {
    Reason.EMPTY: "There is nothing in the file.",
    Reason.NOT_AN_IMAGE: "The content is no image of a known type, whatever its name says.",
    Reason.TRUNCATED: "The image ends too early or its pixels are damaged.",
    Reason.TOO_LARGE: "The file is larger than the limit.",
    Reason.TOO_SMALL: "The shorter side has fewer pixels than asked for.",
    Reason.TOO_MANY_PIXELS: "The image has more pixels than the limit.",
    Reason.DANGEROUS: "Opening it ends the program that opens it, or takes all its memory.",
    Reason.UNREADABLE: "The file or folder could not be read.",
    Reason.LINK: "It is a link or a device, not a file of its own.",
    Reason.UNSAFE_PATH: "The name inside the archive points outside of it or is no path.",
    Reason.ENCRYPTED: "It is protected by a password.",
    Reason.ARCHIVE: "It is an archive inside the source; archives are collected one by one.",
    Reason.BOMB: "It unpacks to far more than it is, as only hostile archives do.",
    Reason.BROKEN_ARCHIVE: "The archive is damaged here.",
    Reason.BAD_ROW: "The line of the list cannot be understood.",
    Reason.BAD_URL: "It is no address that starts with http or https.",
    Reason.OTHER_HOST: "It is on another host than the site that was asked for.",
    Reason.FORBIDDEN_ADDRESS: "It leads to this machine or into a network that is not public.",
    Reason.ROBOTS: "The robots.txt of the host asks robots to leave it alone.",
    Reason.OPTED_OUT: "Its page or server asks not to use it in this way.",
    Reason.NOT_FOUND: "The server has nothing under this address.",
    Reason.FORBIDDEN: "The server does not give it to us.",
    Reason.HTTP_ERROR: "The server answered with an error.",
    Reason.WRONG_TYPE: "The address leads to something else than was expected there.",
    Reason.TOO_MANY_REDIRECTS: "The server sent us from address to address.",
    Reason.SERVER_BUSY: "The server is overloaded or out of order.",
    Reason.TIMEOUT: "The server did not finish in time.",
    Reason.UNREACHABLE: "No connection to the server was possible.",
    Reason.INTERRUPTED: "The server broke off in the middle.",
}

# Another attempt, later, may succeed.
PASSING = frozenset(
    {
        Reason.UNREADABLE,
        Reason.SERVER_BUSY,
        Reason.TIMEOUT,
        Reason.UNREACHABLE,
        Reason.INTERRUPTED,
    }
)


class Refusal(Exception):
    """One picture, page or file is not taken."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


def refused(candidate: Candidate, reason: Reason, detail: str) -> Refused:
    """The record of a refusal; ``detail`` is one sentence that says what and how much."""
    return Refused(candidate=candidate, reason=reason.value, detail=detail, retry=reason in PASSING)
