"""Where a request really comes from, and what that entitles it to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_FORWARDING = {"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip"}
_BUCKETS = 65_536


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
        hops = [hop for line in request.headers.getlist("x-forwarded-for") for hop in line.split(",")]
        address = _parsed(request.client.host) if request.client else None
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
        """True for a loopback connection that no proxy has passed on."""
        peer = _parsed(request.client.host) if request.client else None
        passed_on = any(name in _FORWARDING or name.startswith("x-forwarded-") for name in request.headers)
        return peer is not None and peer.is_loopback and not passed_on

    def bucket(self, request: Request) -> str:
        """Name the sender for counting: an IPv4 address, an IPv6 network.

        Hashed into a fixed number of buckets, so that a flood from countless addresses cannot fill the memory.
        """
        address = self.address(request)
        sender = ip_network((address, 64), strict=False) if isinstance(address, IPv6Address) else address
        return str(hash(str(sender)) % _BUCKETS)


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
