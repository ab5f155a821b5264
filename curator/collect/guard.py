"""Which addresses of the network may be asked: public ones, and those named by the user.

A name is resolved once and the connection goes to the very address that was judged, so that a
resolver which answers differently a moment later (DNS rebinding) gains nothing. The judgement
is about what the resolver returns: ``http://2130706433/``, ``http://0x7f.1/`` and a name with
a record of ``127.0.0.1`` are all one address. Redirects and kept connections pass here too,
as every connection is made in one place (:mod:`curator.collect.wire`).

The ranges are those of the IANA special-purpose registries (RFC 6890 and its updates), as far
as :mod:`ipaddress` knows them, and those that lead on to another address of version 4: mapped
and compatible (RFC 4291), 6to4 (RFC 3056, RFC 7526), Teredo (RFC 4380), NAT64 (RFC 6052,
RFC 8215).
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from curator.collect.reasons import Reason, Refusal
from curator.errors import ConfigError

# One entry of getaddrinfo: family, kind, protocol, canonical name, socket address.
Info = tuple[int, int, int, str, Any]

_UNICAST_6 = IPv6Network("2000::/3")
_LEADS_ON: dict[str, IPv6Network | IPv4Network] = {
    "a version 4 address in disguise": IPv6Network("::/96"),
    "a mapped version 4 address": IPv6Network("::ffff:0:0/96"),
    "a 6to4 address": IPv6Network("2002::/16"),
    "a 6to4 relay": IPv4Network("192.88.99.0/24"),
    "a Teredo address": IPv6Network("2001::/32"),
    "a NAT64 address": IPv6Network("64:ff9b::/96"),
    "a local NAT64 address": IPv6Network("64:ff9b:1::/48"),
}
# Services that tell a machine in the cloud its own secrets; the other clouds' are link-local.
_METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "168.63.129.16", "100.100.100.200", "fd00:ec2::254"))
)


def objection(address: IPv4Address | IPv6Address) -> str | None:
    """Why this address must not be asked, as a noun; None for a public one."""
    if address in _METADATA:
        return "the metadata service of a cloud"
    if address.is_loopback:
        return "this machine itself"
    for what, network in _LEADS_ON.items():
        if address in network and not address.is_unspecified:
            return what
    kinds = (
        (address.is_unspecified, "no address of anybody"),
        (address.is_link_local, "a link-local address"),
        (address.is_multicast, "a multicast address"),
        (not address.is_global, "in a private or reserved network"),
        (address.version == 6 and address not in _UNICAST_6, "in a reserved network"),
    )
    return next((what for applies, what in kinds if applies), None)


class Guard:
    """Judges hosts by their addresses.

    Args:
        allowed: What may be asked although it is not public: a host or ``host:port`` as it
            stands in an address, an IP address or a network such as ``192.168.1.0/24``.

    Raises:
        ConfigError: if an entry is none of these.
    """

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self._hosts: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in allowed:
            try:
                self._networks.append(ip_network(entry.strip("[]")))
            except ValueError:
                if not entry or "/" in entry or any(char.isspace() for char in entry):
                    raise ConfigError(
                        f"allowed host {entry!r}: not a host, host:port, address or network"
                    ) from None
                self._hosts.add(entry.lower().rstrip("."))

    def addresses(self, host: str, port: int) -> Sequence[Info]:
        """Resolve the host, once, to addresses that may all be connected to.

        Raises:
            Refusal: ``forbidden-address`` if one of them must not be.
            OSError: ``socket.gaierror`` if the name is not known.
        """
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if {host.lower(), f"{host.lower()}:{port}"} & self._hosts:
            return found
        for info in found:
            # A link-local address carries its interface: fe80::1%eth0.
            address = ip_address(str(info[4][0]).partition("%")[0])
            what = objection(address)
            if what is not None and not any(address in network for network in self._networks):
                shown = host if host == str(address) else f"{host} ({address})"
                raise Refusal(Reason.FORBIDDEN_ADDRESS, f"{shown} is {what}")
        return found
