"""Accounts: who may come in, as names and passwords in the dataset and a signed cookie.

The cookie says name, epoch and time; nothing is kept on the server, so a restart logs nobody
out. A new password, another role or the removal of somebody ends their sessions at once.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore, Lock

from itsdangerous import BadData, URLSafeTimedSerializer

from curator.app.passwords import matches
from curator.errors import ConfigError, NotFound, StoreError
from curator.records import Role, User
from curator.store import users
from curator.store.dataset import Dataset

COOKIE = "curator_session"
SESSION_SECONDS = 12 * 3600
KEY_FILE = "session.key"
# Failed logins of one name from one place, and of one place whatever the name, within a while.
MOST_FAILURES = 5
MOST_FROM_ONE_PLACE = 30
FORGET_SECONDS = 300.0
# How long the database need not be asked again who somebody is.
_KNOWN_SECONDS = 1.0


class TooManyTries(ConfigError):
    """Somebody guesses passwords; they are told to wait."""


class Failures:
    """Counts failed logins and says when to wait."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, ...], deque[float]] = {}
        self._lock = Lock()

    def check(self, name: str, place: str) -> None:
        """Refuse one more try after too many.

        Raises:
            TooManyTries: if there were.
        """
        with self._lock:
            limits = (((name, place), MOST_FAILURES), ((place,), MOST_FROM_ONE_PLACE))
            if any(len(self._recent(key)) >= most for key, most in limits):
                raise TooManyTries("too many failed tries; wait five minutes and try again")

    def note(self, name: str, place: str) -> None:
        """One try failed."""
        moment = time.monotonic()
        with self._lock:
            for key in ((name, place), (place,)):
                self._recent(key).append(moment)
            # What nobody tries any more is forgotten, so that names made up fill no memory.
            if len(self._at) > 10_000:
                self._at = {key: self._recent(key) for key in list(self._at)}
                self._at = {key: times for key, times in self._at.items() if times}

    def _recent(self, key: tuple[str, ...]) -> deque[float]:
        times = self._at.setdefault(key, deque())
        while times and time.monotonic() - times[0] > FORGET_SECONDS:
            times.popleft()
        return times


class Accounts:
    """The people who may use one dataset over the network."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._signer = URLSafeTimedSerializer(session_key(dataset.folder), salt="curator session")
        self._failures = Failures()
        # Each takes 32 MiB and a tenth of a second: not all at once.
        self._room = BoundedSemaphore(2)
        self._known: dict[str, tuple[float, User | None]] = {}

    def log_in(self, name: str, password: str, place: str) -> str | None:
        """The cookie of a new session; None where name or password is wrong.

        Args:
            name: Of the user.
            password: As typed.
            place: The address it came from.

        Raises:
            TooManyTries: after too many failures.
        """
        self._failures.check(name, place)
        user = self._user(name)
        with self._room:
            right = matches(password, None if user is None else user.password)
        if user is None or not right:
            self._failures.note(name, place)
            return None
        return str(self._signer.dumps([user.name, user.epoch]))

    def user_of(self, cookie: str | None) -> User | None:
        """Who a session belongs to; None where it is over, forged, or not there."""
        if not cookie:
            return None
        try:
            name, epoch = self._signer.loads(cookie, max_age=SESSION_SECONDS)
        except (BadData, ValueError, TypeError):
            return None
        moment, user = self._known.get(name, (0.0, None))
        if time.monotonic() - moment > _KNOWN_SECONDS:
            user = self._user(name)
            self._known[name] = (time.monotonic(), user)
        return user if user is not None and user.epoch == epoch and user.password else None

    def _user(self, name: str) -> User | None:
        with suppress(NotFound), self._dataset.read() as connection:
            return users.get(connection, name)
        return None


def require_owner(dataset: Dataset) -> None:
    """Refuse to open the doors where nobody could come in and decide.

    Raises:
        ConfigError: if no owner can log in.
    """
    with dataset.read() as connection:
        every = users.every(connection)
    if not any(user.role is Role.OWNER and user.password for user in every):
        raise ConfigError(
            "a team needs an owner who can log in; add one with: curator user add NAME --role owner"
        )


def session_key(folder: Path) -> str:
    """What sessions are signed with: made once a dataset, readable by its owner only.

    Raises:
        StoreError: if it cannot be kept.
    """
    path = folder / KEY_FILE
    try:
        with suppress(FileExistsError):
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(secrets.token_hex(32))
        return path.read_text()
    except OSError as cause:
        raise StoreError(f"{path}: cannot be written ({cause.strerror})") from cause
