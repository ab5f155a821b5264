"""The body of an answer, in pieces, unpacked as it says and never more at once than asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from http.client import IncompleteRead

from curator.collect.reasons import Reason, Refusal
from curator.collect.response import Response

# What servers are asked for.
PACKING = "gzip"
# Enough to see what it is, and then in large pieces.
_HEAD = 512
_PIECE = 65_536
_PACKINGS = frozenset({"gzip", "x-gzip", "deflate"})
# zlib.decompressobj: the largest window, and whichever of gzip and zlib it is.
_EITHER = 32 + zlib.MAX_WBITS
_GZIP = b"\x1f\x8b"


def pieces(response: Response) -> Iterator[bytes]:
    """The body, none of its pieces empty or above 64 KiB.

    Raises:
        Refusal: ``http-error`` for a packing nobody asked for.
        IncompleteRead: if it ends before its stated length, or inside what is packed.
        zlib.error: if it is not packed as the server says.
    """
    packing = response.first.get("content-encoding", "").strip().lower()
    if packing in ("", "identity"):
        yield from _raw(response)
    elif packing in _PACKINGS:
        yield from _unpacked(_raw(response))
    else:
        detail = f"the answer is packed as {packing[:20]!r}, which was not asked for"
        raise Refusal(Reason.HTTP_ERROR, detail)


def _raw(response: Response) -> Iterator[bytes]:
    size = _HEAD
    while piece := response.read(size):
        yield piece
        size = _PIECE
    if response.length:
        raise IncompleteRead(b"", response.length)


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_EITHER)
    for piece in packed:
        while piece:
            if out := unpacker.decompress(piece, _PIECE):
                yield out
            piece = unpacker.unconsumed_tail  # noqa: PLW2901 - what did not fit into one piece
            if unpacker.eof:
                piece = unpacker.unused_data  # noqa: PLW2901 - gzip may go on with another part
                if not piece.startswith(_GZIP):
                    return
                unpacker = zlib.decompressobj(_EITHER)
    if not unpacker.eof:
        raise IncompleteRead(b"")
