"""The service manager: told when the bot is ready, as long as it is alive, and when it stops.

The protocol is that of sd_notify(3): lines in a datagram, to the socket that NOTIFY_SOCKET names. systemd speaks it,
and so do other supervisors.
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from helix_core.app import Bot

log = structlog.get_logger(__name__)

_BEAT_S = 1.0
_LONGEST_START_S = 180
_WORKER_PATIENCE_S = 300.0
"""How long the worker may be at one thing. It gives up whatever it waits for long before that."""


class Manager:
    """Whoever started this process and wants to hear of it."""

    def __init__(self, address: str) -> None:
        """`address` is a socket's path, or a name after @ that is in no file system."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._heard = True

    def tell(self, *words: str) -> None:
        """Send lines such as READY=1. What cannot be sent is logged once: it is no reason to end."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
                line.sendto("\n".join(words).encode(), self._address)
        except OSError as error:
            if self._heard:
                log.warning("service_manager_not_told", words=words[0], problem=error.strerror)
            self._heard = False
        else:
            self._heard = True


def companion(environ: Mapping[str, str]) -> Callable[[Bot, asyncio.Event], Coroutine[object, object, None]] | None:
    """What runs beside the bot where a service manager listens; None where none does."""
    address = environ.get("NOTIFY_SOCKET", "")
    return partial(attend, Manager(address)) if address.startswith(("/", "@")) else None


async def attend(
    manager: Manager,
    bot: Bot,
    stop: asyncio.Event,
    *,
    beat_s: float = _BEAT_S,
    patience_s: float = _WORKER_PATIENCE_S,
) -> None:
    """Tell `manager` of `bot` until `stop` is set.

    READY=1 once it takes signals, and before that, at each beat, that it is still at its start: a start may have to
    wait for an exchange. Then WATCHDOG=1 at each beat for which the event loop runs and the worker was at rest within
    `patience_s`: one that hangs is left to the watchdog. STOPPING=1 at the end.
    """
    loop, ready = asyncio.get_running_loop(), False
    at_rest_at = loop.time()
    while not await _within(beat_s, stop.wait()):
        if await _within(beat_s, bot.worker.idle()):
            at_rest_at = loop.time()
        if bot.desk.ready and not ready:
            ready = True
            manager.tell("READY=1", f"STATUS=Takes signals for {bot.settings.trading_pair}.")
        if loop.time() - at_rest_at > patience_s:
            manager.tell("STATUS=The worker hangs.")
        elif ready:
            manager.tell("WATCHDOG=1")
        else:
            manager.tell(f"EXTEND_TIMEOUT_USEC={_LONGEST_START_S * 1_000_000}", "STATUS=Starting.")
    manager.tell("STOPPING=1", "STATUS=Finishes what is under way.")


async def _within(seconds: float, event: Coroutine[object, object, object]) -> bool:
    """Whether `event` came in time."""
    try:
        async with asyncio.timeout(seconds):
            await event
    except TimeoutError:
        return False
    return True
