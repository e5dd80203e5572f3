"""Reading addresses: origins of venues, the host to listen on, networks to believe."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator

from helix_core.settings.words import is_empty, listed, text_of

Network = IPv4Network | IPv6Network

TRADINGVIEW = ("52.89.214.238", "34.212.75.30", "54.218.53.128", "52.32.178.7")
"""Where TradingView's alerts come from (tradingview.com/support/solutions/43000529348)."""

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)


def origin(plain_scheme: str, example: str) -> BeforeValidator:
    """Read `scheme://host:port`. The scheme without encryption is for this machine only."""

    def read(raw: object) -> str | None:
        if is_empty(raw):
            return None
        url = text_of(raw)
        parts = _split(url, example)
        if parts.scheme not in {plain_scheme, f"{plain_scheme}s"} or not parts.hostname or _has_more(parts):
            message = f"is not scheme://host:port. Write it like {example}, and nothing after it."
            raise ValueError(message)
        if parts.scheme == plain_scheme and not _is_loopback(parts.hostname):
            message = (
                f"is not encrypted, which is allowed on this machine only. Write {plain_scheme}s://, like {example}."
            )
            raise ValueError(message)
        return url.rstrip("/")

    return BeforeValidator(read)


def _split(url: str, example: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, since this is what checks it
    except ValueError:
        message = f"is not an address. Write it like {example}."
        raise ValueError(message) from None
    return parts


def _has_more(parts: SplitResult) -> bool:
    return bool("@" in parts.netloc or parts.path not in {"", "/"} or parts.query or parts.fragment)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host(raw: object) -> str:
    host = text_of(raw)
    try:
        return str(ip_address(host))
    except ValueError:
        if _HOST.fullmatch(host):
            return host
    message = "is not a host. Write an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them."
    raise ValueError(message)


def _networks(raw: object) -> tuple[Network, ...]:
    if isinstance(raw, list | tuple):
        raw = [str(entry) if isinstance(entry, Network) else entry for entry in raw]
    entries = [TRADINGVIEW if entry.lower() == "tradingview" else (entry,) for entry in listed(raw)]
    return tuple(_network(address) for addresses in entries for address in addresses)


def _network(address: str) -> Network:
    try:
        return ip_network(address)
    except ValueError:
        message = f"has {address!r} in it, which is no address. Write addresses like 203.0.113.7 or 10.0.0.0/8."
        raise ValueError(message) from None


HttpOrigin = Annotated[str | None, origin("http", "https://127.0.0.1:8443")]
SocketOrigin = Annotated[str | None, origin("ws", "wss://127.0.0.1:8443")]
Host = Annotated[str, BeforeValidator(_host)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks)]
