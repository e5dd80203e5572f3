"""A server of HTTP and websockets inside the running loop, for sandboxes: tests, the demo, `helix sandbox` use it."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from helix_core.sandbox.hang_up import SILENCE, TRANSPORT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

CLOSING_TIME_S = 1
"""How long requests that are under way may take once the server is told to stop."""


KEEP_ALIVE_S = 120
"""Long enough that no idle connection ends just when a slow client sends its next request."""


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1 that lets the application break the connection."""

    def on_message_begin(self) -> None:
        """A new request: offer the transport to the application."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


class _WebSocketProtocol(WebSocketsSansIOProtocol):
    """Websockets that let the application break the connection, or let it go dead without breaking it."""

    def __init__(self, *args: Any, **more: Any) -> None:
        """As uvicorn makes it, but without a log of every frame: keys and signatures are in them."""
        super().__init__(*args, **more)
        self.conn.debug = False

    async def run_asgi(self) -> None:
        """A new connection: offer both to the application."""
        offered = {TRANSPORT: {"transport": self.transport}, SILENCE: {"begin": self._fall_silent}}
        extensions: dict[str, Any] = {**self.scope["extensions"], **offered}
        self.scope["extensions"] = extensions
        await super().run_asgi()

    def _fall_silent(self) -> None:
        self.stop_keepalive()
        self.transport.pause_reading()


class SandboxServer:
    """Serves one ASGI application, which is sent requests and no lifespan events.

    It starts no task, installs no signal handler and writes no access log.
    """

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 lets the system choose a free one."""
        self._address = (host, port)
        self._socket: socket.socket | None = None
        config = Config(
            app,
            http=_Protocol,
            ws=_WebSocketProtocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=CLOSING_TIME_S,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        config.load()
        self._server = Server(config)
        self._server.lifespan = config.lifespan_class(config)

    @property
    def url(self) -> str:
        """`http://host:port`. Raises RuntimeError before `start` and after `stop`."""
        if self._socket is None:
            message = "the server is not running"
            raise RuntimeError(message)
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._socket = _listener(*self._address)
        await self._server.startup(sockets=[self._socket])

    async def stop(self) -> None:
        """Stop listening, close idle connections and give those under way a second. Calling it twice is fine."""
        if self._socket is not None:
            listener, self._socket = self._socket, None
            await self._server.shutdown(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    """A bound socket. It names its protocol: asyncio turns Nagle's 40 ms of waiting off only for such sockets."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


@asynccontextmanager
async def serving(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve `app` and yield its URL."""
    server = SandboxServer(app, host, port)
    await server.start()
    try:
        yield server.url
    finally:
        await server.stop()
