from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from curator.collect.download import download
from curator.collect.fetch import Fetcher
from curator.collect.guard import Guard, objection
from curator.collect.limits import Limits
from curator.collect.reasons import Refusal
from curator.errors import ConfigError
from curator.records import Candidate, Fetched, Refused


# One of every block of the IANA special-purpose registries, and the ways to write one in v6.
@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254"),
        *("169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1"),
        *("192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1"),
        *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        *("168.63.129.16", "100.100.100.200", "fd00:ec2::254"),
        *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1"),
        *("64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1"),
        *("2002:7f00:1::1", "2002:808:808::1", "fc00::1", "fd12:3456::1", "fe80::1"),
        *("fec0::1", "ff02::1", "ff0e::1", "4000::1", "5f00::1"),
    ],
)
def test_addresses_that_are_not_public_are_objected_to(address: str) -> None:
    assert objection(ip_address(address)) is not None


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.63.0.1", "2606:4700::1111", "2a00:1450::1"]
)
def test_public_addresses_may_be_asked(address: str) -> None:
    assert objection(ip_address(address)) is None


def answer(*addresses: str) -> Callable[..., Any]:
    def resolver(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port))
            for a in addresses
        ]

    return resolver


@pytest.mark.parametrize(
    ("allowed", "host", "address"),
    [
        ("intranet", "intranet", "10.0.0.5"),
        ("Intranet.", "INTRANET", "10.0.0.5"),
        ("intranet:80", "intranet", "10.0.0.5"),
        ("10.0.0.5", "intranet", "10.0.0.5"),
        ("10.0.0.0/8", "intranet", "10.0.0.5"),
        ("[::1]", "::1", "::1"),
        ("fe80::/10", "printer", "fe80::1%eth0"),
    ],
)
def test_what_the_user_allows_may_be_asked(
    monkeypatch: pytest.MonkeyPatch, allowed: str, host: str, address: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answer(address))
    with pytest.raises(Refusal, match="forbidden-address"):
        Guard().addresses(host, 80)
    assert Guard([allowed]).addresses(host, 80)[0][4][0] == address
    with pytest.raises(Refusal):
        Guard(["other", "intranet:81", "10.0.0.6"]).addresses(host, 80)


def test_one_forbidden_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answer("8.8.8.8", "127.0.0.1"))
    with pytest.raises(Refusal, match=r"both.example \(127.0.0.1\) is this machine itself"):
        Guard().addresses("both.example", 80)


@pytest.mark.parametrize("entry", ["", "10.0.0.1/8", "a b", "http://x/"])
def test_what_is_no_host_is_one_sentence(entry: str) -> None:
    with pytest.raises(ConfigError, match="not a host, host:port, address or network"):
        Guard([entry])


def take(url: str, limits: Limits) -> Fetched | Refused:
    with Fetcher(limits) as fetcher:
        return download(Candidate(url=url, source="urls", name="x"), fetcher, lambda _: None)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::1]"]
)
def test_this_machine_is_not_asked_however_it_is_written(
    web: Any, limits: Limits, host: str
) -> None:
    web.picture("/x.jpg", 1)
    url = f"http://{host}:{web.host.partition(':')[2]}/x.jpg"
    record = take(url, replace(limits, allow_hosts=()))
    assert isinstance(record, Refused)
    assert (record.reason, record.retry) == ("forbidden-address", False)
    assert web.asked == {}


def test_a_name_is_resolved_once_and_that_address_is_connected_to(
    web: Any, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second look would be answered with a forbidden address."""
    limits = replace(limits, allow_hosts=("127.0.0.1",), obey=False)
    answers = iter(["127.0.0.1", "127.0.0.9"])
    asked = []

    def rebinding(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return answer(next(answers))(host, port)  # type: ignore[no-any-return]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    hosts: list[str] = []
    web.picture("/x.jpg", 1)
    plain = web.routes["/x.jpg"]

    def note(request: Any) -> None:
        hosts.append(request.headers["Host"])
        plain(request)

    web.routes["/x.jpg"] = note
    port = web.host.partition(":")[2]
    url = f"http://photos.example:{port}/x.jpg"
    assert isinstance(take(url, limits), Fetched)
    assert asked == ["photos.example"]
    assert hosts == [f"photos.example:{port}"]
