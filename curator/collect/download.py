"""One picture from the web: fetch it, then judge the bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from curator.collect.addresses import site
from curator.collect.fetch import Fetcher, Reply
from curator.collect.fetch import Unchanged as NotModified
from curator.collect.inspection import check_size, checked, examine, fetched
from curator.collect.judges import JUDGES, Verdict
from curator.collect.limits import Limits
from curator.collect.names import with_suffix_of
from curator.collect.reasons import Reason, Refusal, refused
from curator.collect.sniff import is_html, is_image
from curator.collect.workers import Finish
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
        reply = _fetch(candidate, fetcher, permit, validator)
    except NotModified:
        return Unchanged(candidate=candidate)
    except Refusal as refusal:
        return refused(candidate, refusal.reason, refusal.detail)
    return judge(candidate, reply, fetcher.limits)


def _fetch(
    candidate: Candidate, fetcher: Fetcher, permit: Callable[[str], None], validator: str | None
) -> Reply:
    return fetcher.get(candidate.url, permit=permit, room=picture_room, validator=validator)


def judge(candidate: Candidate, reply: Reply, limits: Limits) -> Fetched | Refused:
    """The record of a picture that has arrived; it is named after what it really is."""
    return _record(candidate, reply, lambda: examine(reply.data, limits))


def _record(
    candidate: Candidate, reply: Reply, examined: Callable[[], Verdict]
) -> Fetched | Refused:
    try:
        found = examined()
    except Refusal as refusal:
        candidate = replace(candidate, validator=reply.validator)
        return refused(candidate, refusal.reason, refusal.detail)
    name = with_suffix_of(candidate.name, found["mime"])
    if name != candidate.name or reply.validator is not None:
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
    item: Candidate | Refused,
    finish: Finish[Fetched | Refused | Unchanged],
    *,
    fetcher: Fetcher,
    validator_of: ValidatorOf,
) -> None:
    """What comes of a row of a list or of a result of a search, which may be of any host.

    What was refused before it was asked for stays refused. Whoever fetched a picture does not
    wait until it is judged.
    """
    if isinstance(item, Refused):
        finish(lambda: item)
        return
    limits = fetcher.limits
    try:
        reply = _fetch(item, fetcher, _anywhere, validator_of(item.url))
        check_size(reply.data, limits)
    except NotModified:
        finish(lambda: Unchanged(candidate=item))
    except Refusal as refusal:
        finish(partial(refused, item, refusal.reason, refusal.detail))
    else:

        def answer(found: Verdict | Exception) -> None:
            finish(partial(_record, item, reply, partial(_examined, found, limits)))

        JUDGES.hand(reply.data, limits.max_pixels, answer)


def _examined(found: Verdict | Exception, limits: Limits) -> Verdict:
    if isinstance(found, Exception):
        raise found
    return checked(found, limits)


def is_ready(fetcher: Fetcher, item: Candidate | Refused) -> bool:
    """Whether nothing has to be waited for before :func:`record_of`."""
    return isinstance(item, Refused) or fetcher.pace.is_free(site(item.url))


def _anywhere(_url: str) -> None:
    """Every host may be asked; the guard and the scheme are checked with every address."""
