"""The real bot as a process of its own, in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from helix_core.errors import HelixError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

_BOOT_S = 30.0
_STOP_S = 25.0
_ports = (18_000 + (os.getpid() * 10 + offset) % 10_000 for offset in range(10_000))
_KEPT = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "PYTHONPATH", "SSL_CERT_FILE")


class BotProcess:
    """A running `helix run`, spoken to over HTTP."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        """`client` knows the bot's address."""
        self._client = client

    async def post(self, body: str) -> httpx.Response:
        """Post an alert as TradingView does: plain text, no header of ours."""
        return await self._client.post("/webhook", content=body, headers={"Content-Type": "text/plain; charset=utf-8"})

    async def get(self, path: str) -> dict[str, Any]:
        """Ask a question; raises httpx.HTTPError when it is not answered."""
        answer = await self._client.get(path)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def running_bot(folder: Path, settings: Mapping[str, str]) -> AsyncIterator[BotProcess]:
    """Start the bot with `settings` and nothing else of this shell's, wait until it is ready, and stop it at the end.

    Raises HelixError with the log's last lines when it does not start or does not stop cleanly.
    """
    port = free_port()
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    log = folder / "helix.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "helix_core", "run"),
            cwd=folder,
            env={**environment, **settings, "HOST": "127.0.0.1", "PORT": str(port)},
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            await _until_ready(client, process, log)
            yield BotProcess(client)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(_STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        raise HelixError(f"The bot ended with {process.returncode}:\n{_tail(log)}")


def free_port() -> int:
    """A port that nobody listens on, below those that the system gives to outgoing connections.

    A port of theirs could be taken again before the bot binds it. Raises HelixError when none is left.
    """
    for port in _ports:
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise HelixError("No port from 18000 to 27999 is free on this machine.")


async def _until_ready(client: httpx.AsyncClient, process: asyncio.subprocess.Process, log: Path) -> None:
    try:
        async with asyncio.timeout(_BOOT_S):
            while process.returncode is None:
                try:
                    if (await client.get("/health")).json()["status"] == "ok":
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise HelixError(f"The bot was not ready within {_BOOT_S:g} s:\n{_tail(log)}") from None
    raise HelixError(f"The bot did not start (exit code {process.returncode}):\n{_tail(log)}")


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
