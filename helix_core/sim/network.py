"""The network between the bot and the venue: latency, strikes, and requests that outlive their sender."""

from __future__ import annotations

import asyncio
import errno
from contextvars import Context
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_reqrep import ConnectionKey

from helix_core.ccxt.evidence import CALL
from helix_core.sim.strikes import Asked, Strike, StrikeKind
from helix_core.sim.venue_side import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import yarl

    from helix_core.sandbox import Sandbox
    from helix_core.sim.asgi import Reply
    from helix_core.sim.life import Life

LATENCY_S = 0.025
_CONNECT_TIMEOUT_S = 4.0
_KEY = ConnectionKey("venue", 80, False, True, None, None, None)
_RESETS = {StrikeKind.LOST_REQUEST, StrikeKind.LATE_AFTER_RESET}
_NEVER_ARRIVE = {StrikeKind.LOST_REQUEST, StrikeKind.SILENT_REQUEST}
_LATE = {StrikeKind.LATE, StrikeKind.LATE_AFTER_RESET}


class Network:
    """Carries requests to the venue and answers back.

    `latency_s` is asked once for each way. `judge` is asked once for each request, when it is about to leave.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, sandbox: Sandbox, told: Callable[[str], None]) -> None:
        """Connect everybody with `sandbox`; `told` hears of each request, answer and strike."""
        self._loop, self._sandbox, self._told = loop, sandbox, told
        self.latency_s: Callable[[], float] = lambda: LATENCY_S
        self.judge: Callable[[Asked], Strike | None] = lambda _: None
        self.on_change: Callable[[], None] = lambda: None
        """Called whenever a request has changed something at the venue."""
        self.count = 0
        self._outside = Context()

    async def ask(self, life: Life, method: str, url: yarl.URL, body: bytes, headers: Mapping[str, str]) -> _Answer:
        """Send one request. Raises aiohttp's exceptions when no answer comes."""
        self.count += 1
        call = CALL.get(None)
        asked = Asked(
            index=self.count,
            method=method,
            path=url.raw_path,
            query=url.raw_query_string,
            body=body,
            order=call is not None and call.order,
            at_s=self._loop.time(),
            life=life.number,
            headers=tuple(headers.items()),
        )
        strike = self.judge(asked)
        self._told(f"> {asked.name}" if strike is None else f"> {asked.name} [{strike.kind}]")
        await life.cross(f"send:before {asked.name}")
        if strike is not None and strike.kind is StrikeKind.NO_CONNECTION:
            await self._not_connected(strike)
        waiting: asyncio.Future[_Answer] = self._loop.create_future()
        self._send(life, asked, strike, waiting)
        answered = await waiting
        await life.cross(f"answer:read {asked.name}")
        return answered

    async def _not_connected(self, strike: Strike) -> None:
        if strike.delay_s >= _CONNECT_TIMEOUT_S:
            await asyncio.sleep(_CONNECT_TIMEOUT_S)
            raise aiohttp.ConnectionTimeoutError
        await asyncio.sleep(strike.delay_s or self.latency_s())
        raise aiohttp.ClientConnectorError(_KEY, OSError(errno.ECONNREFUSED, "Connection refused"))

    def _send(self, life: Life, asked: Asked, strike: Strike | None, waiting: asyncio.Future[_Answer]) -> None:
        kind = None if strike is None else strike.kind
        if kind in _RESETS:
            self._later(2 * self.latency_s(), self._deliver, life, waiting, aiohttp.ServerDisconnectedError())
        if kind not in _NEVER_ARRIVE:
            late_s = strike.delay_s if strike is not None and kind in _LATE else 0.0
            self._later(self.latency_s() + late_s, self._arrive, life, asked, strike, waiting)

    def _arrive(self, life: Life, asked: Asked, strike: Strike | None, waiting: asyncio.Future[_Answer]) -> None:
        """The request is at the venue. From here on nothing depends on whether its sender still lives."""
        outcome: _Answer | Exception
        movements = len(self._sandbox.venue.ledger.movements)
        try:
            reply = answer(self._sandbox, asked, strike)
        except ConnectionResetError:
            outcome = aiohttp.ServerDisconnectedError()
        else:
            self._told(f"< {asked.name} {reply.status}")
            outcome = _Answer(reply, cut=strike is not None and strike.kind is StrikeKind.CUT_BODY)
        if len(self._sandbox.venue.ledger.movements) != movements:
            self.on_change()
        if life.crosses(f"send:arrived {asked.name}"):
            return
        kind = None if strike is None else strike.kind
        if kind is StrikeKind.LOST_ANSWER:
            outcome = aiohttp.ServerDisconnectedError()
        if kind is not StrikeKind.SILENT_ANSWER:
            slow_s = strike.delay_s if strike is not None and kind is StrikeKind.SLOW_ANSWER else 0.0
            self._later(self.latency_s() + slow_s, self._deliver, life, waiting, outcome)

    def _deliver(self, life: Life, waiting: asyncio.Future[_Answer], outcome: _Answer | Exception) -> None:
        if waiting.done() or life.dead:
            return
        if isinstance(outcome, Exception):
            waiting.set_exception(outcome)
        else:
            waiting.set_result(outcome)

    def _later(self, delay_s: float, act: Callable[..., None], *args: Any) -> None:
        self._loop.call_later(delay_s, act, *args, context=self._outside.copy())


class _Answer:
    """What the driver gets: the shape of aiohttp's response, as far as it is used."""

    def __init__(self, reply: Reply, *, cut: bool) -> None:
        self.status, self.headers = reply.status, reply.headers
        self._body, self._cut = reply.body, cut

    async def text(self, errors: str = "strict") -> str:
        """The body. Raises ClientPayloadError where the connection broke in the middle of it."""
        if self._cut:
            raise aiohttp.ClientPayloadError
        return self._body.decode(errors=errors)


class Session:
    """The shape of aiohttp's ClientSession, as far as a driver uses it."""

    def __init__(self, network: Network, life: Life) -> None:
        """Send over `network` for one life."""
        self._network, self._life = network, life
        self.closed = False
        self.headers: dict[str, str] = {}

    def request(
        self, method: str, url: yarl.URL, *, data: bytes | None, headers: Mapping[str, str], **_: Any
    ) -> _Request:
        """One request, sent when the block is entered."""
        return _Request(self._network, self._life, method, url, data or b"", headers)

    async def close(self) -> None:
        """Close."""
        self.closed = True


class _Request:
    def __init__(self, network: Network, *request: Any) -> None:
        self._network, self._request = network, request

    async def __aenter__(self) -> _Answer:
        return await self._network.ask(*self._request)

    async def __aexit__(self, *_: object) -> None:
        return None
