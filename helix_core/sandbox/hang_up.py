"""Breaking a connection, as a network does. ASGI has no word for it, so the server hands out its transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from starlette.types import Message, Receive, Scope, Send

TRANSPORT = "helix.transport"
"""The ASGI extension under which the sandbox's server offers the connection's transport."""
SILENCE = "helix.silence"
"""The one under which it offers, for a websocket, to say nothing any more, and to leave what comes unread."""


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close the connection at once and send nothing. Raises ConnectionResetError where there is no real connection."""
    transport = _transport(scope)
    transport.abort()
    await _gone(receive)


async def cut_short(messages: Sequence[Message], scope: Scope, receive: Receive, send: Send) -> None:
    """Send the head and half of the body of a kept answer, then close the connection."""
    head, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    transport = _transport(scope)
    await send(head)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    transport.close()
    await _gone(receive)


def _transport(scope: Scope) -> asyncio.Transport:
    offered = scope.get("extensions", {}).get(TRANSPORT)
    if offered is None:
        message = "the sandbox hung up"
        raise ConnectionResetError(message)
    transport: asyncio.Transport = offered["transport"]
    return transport


async def _gone(receive: Receive) -> None:
    """Wait until the server knows, so that it does not answer 500 for us."""
    while not (await receive())["type"].endswith(".disconnect"):
        pass
