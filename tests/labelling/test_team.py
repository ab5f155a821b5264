"""With a team nothing is reached without a login, and no more than a role includes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from itsdangerous import URLSafeTimedSerializer
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from curator.app import accounts as accounts_module
from curator.app import navigation, session
from curator.app.accounts import COOKIE, Accounts, TooManyTries, session_key
from curator.app.login import local
from curator.app.passwords import hashed, matches
from curator.app.serve import serve
from curator.errors import ConfigError, Forbidden, InputError
from curator.pipeline.correct import Save, save
from curator.pipeline.editing import Change
from curator.records import Op, Role, User
from curator.store import users
from curator.store.dataset import Dataset, create_dataset

PASSWORD = "correct horse battery"
EVERYWHERE = [
    "/",
    "/browse",
    "/collect",
    "/release",
    "/account",
    "/pictures/1",
    "/pictures/1/display",
    "/pictures/1/thumbnail",
    "/pictures/1/faces/1",
    "/exports/1/yolo.zip",
    "/label/next",
    "/label/grid",
    "/label/image/1",
    "/label/history?face=1",
    "/label/progress",
    "/label/identities",
    "/label/settings",
    "/_stcore/host-config",
    "/_stcore/stream",
    "/_stcore/component/x",
    "/media/x.png",
    "/static/x.js",
    "/index.html",
    "/account/login/",
    "//account/login",
    "/ACCOUNT/LOGIN",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("team") / "faces"
    with create_dataset(folder) as dataset, dataset.write() as connection:
        stored = hashed(PASSWORD)
        for name, role in (("Ada", Role.OWNER), ("Rea", Role.REVIEWER), ("Lev", Role.LABELLER)):
            users.put(connection, name, role, stored)
    return folder


@contextmanager
def running(folder: Path, port: int) -> Iterator[None]:
    """The app as an owner starts it for a team."""
    words = ["app", "--team", "--no-browser", "-d", str(folder), "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "curator", *words], env=os.environ, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 120
        while not _answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)


def _answers(port: int) -> bool:
    try:
        return Visitor(port).get("/_stcore/health")[0] == 200
    except OSError:
        return False


class Visitor:
    """A browser that keeps cookies."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}

    def send(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, said)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie") or []:
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value.strip('"')
                self.cookie_lines = line
            return (
                response.status,
                dict(response.headers),
                response.read().decode("utf-8", "replace"),
            )
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        return self.send("GET", path, **headers)

    def log_in(self, name: str, password: str = PASSWORD, after: str = "/") -> int:
        """As the form does; the status of the answer."""
        _, _, page = self.get("/account/login")
        token = re.search(r'name="token" value="([^"]+)"', page)
        assert token
        fields = {"token": token[1], "name": name, "password": password, "next": after}
        status, headers, self.said = self.send("POST", "/account/login", urlencode(fields))
        self.location = headers.get("location", "")
        return status

    def socket(self) -> Any:
        """The WebSocket that Streamlit's pages talk over."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return connect(
            f"ws://127.0.0.1:{self.port}/_stcore/stream",
            additional_headers={"Cookie": cookies} if cookies else {},
            origin=f"http://127.0.0.1:{self.port}",
            subprotocols=["streamlit"],
            open_timeout=60,
        )


@pytest.fixture(scope="module")
def port(folder: Path, free_port: Callable[[], int]) -> Iterator[int]:
    port = free_port()
    with running(folder, port):
        yield port


def test_nothing_is_reached_without_a_login(port: int) -> None:
    stranger = Visitor(port)
    for path in EVERYWHERE:
        status, headers, body = stranger.get(path)
        assert (status, "logged out" in body) == (401, True), path
        assert headers["x-content-type-options"] == "nosniff"
    for path in ("/label/save", "/label/undo", "/label/choose", "/_stcore/upload_file/x/y"):
        for method in ("POST", "PUT", "DELETE"):
            assert stranger.send(method, path, "{}")[0] == 401, path
    status, headers, _ = stranger.get("/collect", Accept="text/html")
    assert (status, headers["location"]) == (303, "/account/login?next=%2Fcollect")


def test_the_socket_of_the_pages_is_refused_without_a_login(port: int) -> None:
    stranger = Visitor(port)
    with pytest.raises(InvalidStatus) as refused, stranger.socket():
        pass
    assert refused.value.response.status_code == 403
    stranger.cookies[COOKIE] = "WyJBZGEiLDBd.Zm9yZ2Vk.xxxxxxxx"
    with pytest.raises(InvalidStatus), stranger.socket():
        pass
    member = Visitor(port)
    assert member.log_in("Lev") == 303
    with member.socket() as open_socket:
        assert open_socket.subprotocol == "streamlit"


def test_a_login_leads_where_one_wanted_to_go_and_the_way_out_ends_it(port: int) -> None:
    member = Visitor(port)
    assert member.log_in("Lev", after="/browse") == 303
    assert member.location == "/browse"
    line = member.cookie_lines
    assert "HttpOnly" in line
    assert "samesite=strict" in line.lower()
    assert member.get("/label/next")[0] == 200
    assert member.get("/")[0] == 200
    # Under no-referrer a browser would send "Origin: null" with the form, and be turned away.
    assert member.get("/account/login")[1]["referrer-policy"] == "same-origin"
    assert member.get("/")[1]["referrer-policy"] == "no-referrer"
    _, _, page = member.get("/account")
    assert "Lev" in page
    assert "labeller" in page
    # A forged way out, as another site would post it, changes nothing.
    assert member.send("POST", "/account/logout", "token=guess")[0] == 403
    assert member.get("/label/next")[0] == 200
    token = urlencode({"token": member.cookies["curator_xsrf"]})
    status, headers, _ = member.send("POST", "/account/logout", token)
    assert (status, headers["location"]) == (303, "/account/login")
    assert member.get("/label/next")[0] == 401


def test_a_wrong_password_and_a_wrong_name_look_the_same(port: int) -> None:
    one, two = Visitor(port), Visitor(port)
    assert one.log_in("Rea", "wrong") == two.log_in("nobody", "wrong") == 401
    assert one.said.count("Name or password is wrong.") == two.said.count("is wrong.") == 1
    assert COOKIE not in one.cookies


def test_each_role_reaches_what_it_includes(port: int) -> None:
    expected = {"Lev": (403, 403), "Rea": (400, 404), "Ada": (400, 404)}
    for name, statuses in expected.items():
        member = Visitor(port)
        assert member.log_in(name) == 303
        token = member.cookies["curator_xsrf"]
        choose = member.send("POST", "/label/choose", "{}", X_XSRF_Token=token)[0]
        assert (choose, member.get("/exports/1/yolo.zip")[0]) == statuses, name


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\r\nX: y",
    ],
)
def test_a_login_never_leads_to_another_site(address: str) -> None:
    assert local(address) == "/"
    assert local("/browse?image=7") == "/browse?image=7"


def test_a_session_ends_with_a_new_password_another_role_or_removal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_module, "_KNOWN_SECONDS", -1)
    with create_dataset(tmp_path / "d") as dataset:
        people = Accounts(dataset)
        endings = (
            lambda c: users.put(c, "Ada", Role.OWNER, hashed(PASSWORD)),
            lambda c: users.set_role(c, "Ada", Role.LABELLER),
            lambda c: users.remove(c, "Ada"),
        )
        for ending in endings:
            with dataset.write() as connection:
                users.put(connection, "Ada", Role.OWNER, hashed(PASSWORD))
            cookie = people.log_in("Ada", PASSWORD, "here")
            user = people.user_of(cookie)
            assert user is not None
            assert user.name == "Ada"
            # A restart logs nobody out.
            assert Accounts(dataset).user_of(cookie) == user
            with dataset.write() as connection:
                ending(connection)
            assert people.user_of(cookie) is None


def test_a_cookie_of_another_key_or_too_old_is_none(dataset: Dataset) -> None:
    with dataset.write() as connection:
        users.put(connection, "Ada", Role.OWNER, hashed(PASSWORD))
    people = Accounts(dataset)
    forged = URLSafeTimedSerializer("guess", salt="curator session").dumps(["Ada", 0])
    assert people.user_of(str(forged)) is None
    key = session_key(dataset.folder)
    assert (dataset.folder / "session.key").stat().st_mode & 0o077 == 0

    class Old(URLSafeTimedSerializer):
        def make_signer(self, salt: Any) -> Any:
            signer = super().make_signer(salt)
            signer.get_timestamp = lambda: int(time.time()) - 13 * 3600
            return signer

    assert people.user_of(str(Old(key, salt="curator session").dumps(["Ada", 0]))) is None
    for nonsense in ("", "x", "a.b.c", "💥", "." * 5000):
        assert people.user_of(nonsense) is None


def test_guessing_is_slowed_down(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_module, "matches", lambda *_: False)
    people = Accounts(dataset)
    for _ in range(5):
        assert people.log_in("Ada", "guess", "here") is None
    with pytest.raises(TooManyTries):
        people.log_in("Ada", "guess", "here")
    assert people.log_in("Ada", "guess", "elsewhere") is None
    for number in range(25):
        people.log_in(f"name {number}", "guess", "here")
    with pytest.raises(TooManyTries):
        people.log_in("another", "guess", "here")


def test_passwords_are_hashed_with_a_salt_of_their_own() -> None:
    one, two = hashed(PASSWORD), hashed(PASSWORD)
    assert one != two
    assert one.startswith("scrypt$32768$8$3$")
    assert PASSWORD not in one
    assert matches(PASSWORD, one)
    assert not matches(PASSWORD + "x", one)
    assert not matches(PASSWORD, None)
    with pytest.raises(InputError, match="10 to 200"):
        hashed("short")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "example.org", ""])
def test_without_a_team_it_listens_on_this_machine_only(dataset: Dataset, host: str) -> None:
    with pytest.raises(ConfigError, match="without --team"):
        serve(dataset.folder, port=1, browser=False, host=host)


def test_a_team_without_an_owner_is_one_sentence(
    dataset: Dataset, free_port: Callable[[], int]
) -> None:
    with dataset.write() as connection:
        users.put(connection, "Lev", Role.LABELLER, hashed(PASSWORD))
    with pytest.raises(ConfigError, match="needs an owner"):
        serve(dataset.folder, port=free_port(), browser=False, team=True)


def test_people_are_added_and_removed_on_the_command_line(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    create_dataset(folder).close()

    def curator(*words: str, said: str = "") -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "curator", "user", *words, "-d", str(folder)]
        return subprocess.run(line, input=said, capture_output=True, text=True, check=False)

    assert curator("add", "Ada", "--role", "owner", said=f"{PASSWORD}\n").returncode == 0
    assert curator("add", "Lev", said="short\n").returncode == 3
    assert curator("role", "Ada", "reviewer").returncode == 0
    listed = curator("list", "--json").stdout
    assert '"reviewer"' in listed
    assert "scrypt" not in listed
    assert curator("remove", "Ada").returncode == 0
    gone = curator("remove", "Ada")
    assert (gone.returncode, gone.stderr) == (5, "curator: no user 'Ada'\n")


def test_a_page_is_there_for_those_whose_role_includes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for role, hidden in (
        (Role.LABELLER, {"collect", "release", "jobs", "people"}),
        (Role.REVIEWER, {"collect", "jobs"}),
        (Role.OWNER, set()),
    ):
        monkeypatch.setattr(session, "local_user", lambda role=role: User(name="x", role=role))
        names = {"label", "browse", "collect", "release", "jobs", "people", "a page to come"}
        closed = {name for name in names if not navigation.allowed(name)}
        assert closed == (hidden | ({"a page to come"} if role is not Role.OWNER else set()))


def test_a_labeller_does_not_reject_the_work_of_another(desk: Any) -> None:
    (image_id,) = desk.fill(1, desk.face)
    people = {role: User(name=role, role=role) for role in Role}

    def act(user: User, op: Op, **after: Any) -> None:
        version = desk.image(image_id).version
        change = Change(id=str(uuid4()), face=1, op=op, after=after)
        step = str(uuid4())
        wanted = Save(image_id=image_id, version=version, step=step, changes=(change,))
        save(desk.dataset, user, wanted)

    act(people[Role.OWNER], Op.BOX, box=[1, 2, 3, 4])
    with pytest.raises(Forbidden, match="is the work of owner"):
        act(people[Role.LABELLER], Op.REJECT)
    assert len(desk.stored(image_id)) == 1
    act(people[Role.REVIEWER], Op.REJECT)
    assert desk.stored(image_id) == []
