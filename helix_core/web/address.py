"""Where a request really comes from, and what that entitles it to."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FORWARDING = {"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"}
_BUCKETS = 65_536
_REMEMBERED = 1024
"""A flood comes from few addresses or is slow, and to read one takes long beside what else a refusal does."""
_PORT = re.compile(r":\d+$")


class Sources:
    """Tells senders apart. What a sender says about itself counts only where the owner trusts the proxy in between."""

    def __init__(self, *, allowed: tuple[Network, ...], trusted_proxies: tuple[Network, ...]) -> None:
        """Allow everybody where `allowed` is empty; believe nobody where `trusted_proxies` is."""
        self._allowed, self._trusted = allowed, trusted_proxies

    def address(self, request: Request) -> Address | None:
        """Address of the sender, or None when it cannot be told.

        Proxies append to X-Forwarded-For, so it is read from the right: the first hop that is not a trusted proxy is
        the sender; whatever stands left of it is the sender's own invention.
        """
        address = _parsed(request.client.host) if request.client else None
        if not self._trusted:
            return address
        hops = [hop for line in request.headers.getlist("x-forwarded-for") for hop in line.split(",")]
        while hops and address is not None and _within(address, self._trusted):
            address = _parsed(hops.pop().strip())
        return address

    def may_signal(self, request: Request) -> bool:
        """Whether the sender's address may use the webhook."""
        if not self._allowed:
            return True
        address = self.address(request)
        return address is not None and _within(address, self._allowed)

    def is_this_machine(self, request: Request) -> bool:
        """True for a loopback connection that asks for this machine by its own name and that no proxy has passed on.

        Another name in Host is that of a web page which had its own name resolved to this machine, to read through
        the owner's browser.
        """
        peer = _parsed(request.client.host) if request.client else None
        if peer is None or not peer.is_loopback or _within(peer, self._trusted):
            return False
        passed_on = any(name in _FORWARDING or name.startswith("x-forwarded-") for name in request.headers)
        return not passed_on and _is_own_name(request.headers.get("host", ""))

    def bucket(self, request: Request) -> str:
        """Name the sender for counting: an IPv4 address, an IPv6 network.

        Hashed into a fixed number of buckets, so that a flood from countless addresses cannot fill the memory.
        """
        return str(hash(_network(self.address(request))) % _BUCKETS)


def household(text: str) -> str:
    """Who shares an address: one IPv4 address, or one IPv6 network, for whoever holds one of its addresses has all."""
    return _network(_parsed(text))


@lru_cache(_REMEMBERED)
def _network(address: Address | None) -> str:
    return str(ip_network((address, 64), strict=False) if isinstance(address, IPv6Address) else address)


def _is_own_name(host: str) -> bool:
    name = _PORT.sub("", host).strip("[]")
    address = _parsed(name)
    return name.lower() == "localhost" or (address is not None and address.is_loopback)


@lru_cache(_REMEMBERED)
def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
