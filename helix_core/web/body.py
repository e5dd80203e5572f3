"""Reading a message's bytes: no more than fit, no longer than allowed."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_BYTES = 4096
"""An alert is a few hundred bytes long."""


async def read_body(request: Request, *, within_s: float) -> bytes:
    """Return the whole body. Raises HTTPException 413 when it is too large, 408 when it is too slow.

    The bytes are counted as they arrive: what Content-Length says can only refuse a body, never vouch for it.
    (FastAPI's own `max_body_size` answers in plain text and knows no deadline.)
    """
    if int(request.headers.get("content-length", "0")) > MOST_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise _too_large()
    except TimeoutError:
        detail = f"The message did not arrive within {within_s:g} s. Send it in one go."
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, detail) from None
    return bytes(body)


def _too_large() -> HTTPException:
    detail = f"The message is larger than {MOST_BYTES} bytes. Leave out what Helix does not need."
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
