"""Passwords: stored as a slow hash with a salt of their own, compared in constant time."""

from __future__ import annotations

import hashlib
import secrets
from base64 import b64decode, b64encode

from curator.errors import InputError

# OWASP's password storage cheat sheet: N = 2^15, r = 8, p = 3 is as good as its first choice and
# takes a quarter of the memory, 32 MiB a login.
_N, _R, _P = 2**15, 8, 3
SHORTEST, LONGEST = 10, 200


def hashed(password: str) -> str:
    """What is stored: how it was made, the salt, and the hash.

    Raises:
        InputError: if the password is too short, or too long to be one.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(f"a password has {SHORTEST} to {LONGEST} characters")
    salt = secrets.token_bytes(16)
    parts = (_scrypt(password, salt, _N, _R, _P), salt)
    digest, salted = (b64encode(part).decode() for part in parts)
    return f"scrypt${_N}${_R}${_P}${salted}${digest}"


def matches(password: str, stored: str | None) -> bool:
    """Whether this is the password; takes as long where there is none to compare with."""
    _, n, r, p, salt, digest = (stored or _NOBODY).split("$")
    found = _scrypt(password[:LONGEST], b64decode(salt), int(n), int(r), int(p))
    return secrets.compare_digest(found, b64decode(digest)) and stored is not None


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32)


_NOBODY = f"scrypt${_N}${_R}${_P}${b64encode(b'nobody').decode()}${b64encode(bytes(32)).decode()}"
