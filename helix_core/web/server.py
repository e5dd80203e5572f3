"""The web server: uvicorn on a port, started, stopped and supervised by the application."""

from __future__ import annotations

import asyncio
import errno
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from helix_core.errors import ConfigError
from helix_core.web.protocol import PromptProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

_MOST_CONNECTIONS = 512
_KEEP_ALIVE_S = 5
_LAST_ANSWERS_S = 5


class Server:
    """Serves `app` on one address. `bind` takes the port, `run` serves until `stop` or until it is cancelled."""

    def __init__(self, app: ASGIApp, *, host: str, port: int, http: type[PromptProtocol] = PromptProtocol) -> None:
        """Prepare; nothing is opened yet. Port 0 lets the system choose one. `http` has the limits of a connection."""
        self._host, self._port = host, port
        self._socket: socket.socket | None = None
        self._uvicorn = _Uvicorn(_config(app, http))

    @property
    def port(self) -> int:
        """The port in use, once bound."""
        return self._port

    def bind(self) -> None:
        """Take the port. Raises ConfigError that says what is wrong with HOST or PORT."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._socket = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            raise ConfigError(self._sentence(error)) from error
        # Connections inherit it. asyncio would not set it on a socket made here, and answers would wait 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._port = self._socket.getsockname()[1]

    async def run(self) -> None:
        """Serve until `stop` is called; requests under way are answered first, for at most 5 s."""
        if self._socket is None:
            self.bind()
        assert self._socket is not None
        try:
            await self._uvicorn.serve(sockets=[self._socket])
        except asyncio.CancelledError:
            if self._uvicorn.started:
                await self._uvicorn.shutdown(sockets=[self._socket])
            raise
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Ask `run` to return."""
        self._uvicorn.should_exit = True

    def _sentence(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return (
                f"PORT {self._port} is already in use. Another program listens there, perhaps a second Helix: "
                "stop it, or set PORT to a free one."
            )
        if error.errno in {errno.EACCES, errno.EPERM}:
            return f"PORT {self._port} may not be used by this user. Set PORT to 1024 or higher, such as 8000."
        return f"HOST {self._host} cannot be listened on ({error.strerror}). Set HOST to an address of this machine."


class _Uvicorn(uvicorn.Server):
    """uvicorn that leaves SIGINT and SIGTERM to the application, which has positions to think of."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _config(app: ASGIApp, http: type[PromptProtocol]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=http,
        ws="none",
        lifespan="off",
        workers=1,
        log_config=None,
        log_level="error",  # a warning for each request that cannot be read would let anybody fill the disk
        access_log=False,  # a path may hold the secret
        proxy_headers=False,  # uvicorn would believe X-Forwarded-For from loopback; the door decides
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_LAST_ANSWERS_S,
    )
