"""Where a message ends must have one answer only: else a proxy and Helix could each read another one out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSIONS = {"1.0", "1.1"}


class Unclear(Exception):
    """A request that another reader could take for a different one."""


def body_length(url: bytes, version: str, headers: Iterable[tuple[bytes, bytes]], *, switching: bool) -> int:
    """How many bytes of body the head announces; 0 for none, and for chunks, which say themselves where they end.

    `headers` have lower-case names. Raises Unclear for what llhttp lets pass (RFC 9112, 3.2, 6.1 and 7.8): no Host or
    two, a fragment in the address, two lengths, an encoding that is not simply chunked or in a version that has none,
    and a body behind the wish to switch to another protocol (`switching`): it may be meant for either of them.
    """
    given: dict[bytes, list[bytes]] = {b"host": [], b"content-length": [], b"transfer-encoding": []}
    for name, value in headers:
        if name in given:
            given[name].append(value)
    hosts, lengths, encodings = given.values()
    if version not in _VERSIONS or len(hosts) > 1 or (not hosts and version == "1.1") or b"#" in url:
        raise Unclear
    if encodings and (lengths or version == "1.0" or [one.lower() for one in encodings] != [b"chunked"]):
        raise Unclear
    if len(lengths) > 1 or (switching and (lengths or encodings)):
        raise Unclear
    return int(lengths[0]) if lengths else 0
