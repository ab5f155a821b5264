"""One picture from the web: fetch it, then judge the bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from curator.collect.addresses import site
from curator.collect.fetch import Fetcher, Reply
from curator.collect.fetch import Unchanged as NotModified
from curator.collect.inspection import examine, fetched
from curator.collect.limits import Limits
from curator.collect.names import with_suffix_of
from curator.collect.reasons import Reason, Refusal, refused
from curator.collect.sniff import is_html, is_image
from curator.records import Candidate, Fetched, Refused, Unchanged

# From an address to the validator of what an earlier run fetched there, None where there is none.
ValidatorOf = Callable[[str], str | None]


def nothing_before(_url: str) -> None:
    """Nothing was fetched there before."""


def download(
    candidate: Candidate,
    fetcher: Fetcher,
    permit: Callable[[str], None],
    validator: str | None = None,
) -> Fetched | Refused | Unchanged:
    """Fetch the candidate's address, if it is not what it was; the record says what came of it."""
    try:
        reply = fetcher.get(candidate.url, permit=permit, room=picture_room, validator=validator)
    except NotModified:
        return Unchanged(candidate=candidate)
    except Refusal as refusal:
        return refused(candidate, refusal.reason, refusal.detail)
    return judge(candidate, reply, fetcher.limits)


def judge(candidate: Candidate, reply: Reply, limits: Limits) -> Fetched | Refused:
    """The record of a picture that has arrived; it is named after what it really is."""
    try:
        found = examine(reply.data, limits)
    except Refusal as refusal:
        candidate = replace(candidate, validator=reply.validator)
        return refused(candidate, refusal.reason, refusal.detail)
    name = with_suffix_of(candidate.name, found["mime"])
    candidate = replace(candidate, name=name, validator=reply.validator)
    return fetched(candidate, reply.data, found, reply.facts)


def picture_room(mime: str, head: bytes, limits: Limits) -> int:
    """How many bytes to take of an answer that should be an image.

    Raises:
        Refusal: as soon as the first bytes show that it is none.
    """
    if not head:
        raise Refusal(Reason.EMPTY, "the server sent nothing")
    if is_image(head):
        return limits.max_bytes
    if is_html(head):
        raise Refusal(Reason.NOT_AN_IMAGE, "the server sent a web page, not an image")
    detail = f"the server sent {mime or 'something'}, which is no photo that can be read"
    raise Refusal(Reason.NOT_AN_IMAGE, detail)


def record_of(
    item: Candidate | Refused, *, fetcher: Fetcher, validator_of: ValidatorOf
) -> Fetched | Refused | Unchanged:
    """What comes of a row of a list or of a result of a search, which may be of any host.

    What was refused before it was asked for stays refused.
    """
    if isinstance(item, Refused):
        return item
    return download(item, fetcher, _anywhere, validator_of(item.url))


def is_ready(fetcher: Fetcher, item: Candidate | Refused) -> bool:
    """Whether nothing has to be waited for before :func:`record_of`."""
    return isinstance(item, Refused) or fetcher.pace.is_free(site(item.url))


def _anywhere(_url: str) -> None:
    """Every host may be asked; the guard and the scheme are checked with every address."""
