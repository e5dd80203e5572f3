"""One websocket to a venue's stream of orders, from the handshake to the last event. What it says is a hint only.

It is opened with the session of the ccxt exchange (its certificates, its proxies), and ccxt gives the credentials. It
is not spoken by ccxt.pro, read at 4.5.90, for what that leaves out: no word that a subscription was confirmed or, at
one venue, refused; fills that do not count as news of an order; notices of shutdown dropped; a dead connection
unnoticed for six minutes; and several tasks for each connection that nobody supervises.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp

from helix_core.config import TradingMode
from helix_core.errors import ConfigError, ExchangeUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from helix_core.ccxt.evidence import Answer
    from helix_core.ccxt.line import Line
    from helix_core.config import ExchangeConfig
    from helix_core.contracts.exchange import OrderEvent

_LARGEST_MESSAGE = 1 << 20
_CLOSE_TIMEOUT_S = 1.0
_SHORTEST_SECRET = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamBounds:
    """How long a stream may take to stand (`answer_timeout_s`, handshake and subscription each).

    Every `ping_s` the connection is tried; without a sign of life within half of that again it counts as dead.
    `silence_s` is for venues that say something all the time: then a venue that only answers pings is dead, too.
    """

    answer_timeout_s: float = 10.0
    ping_s: float = 10.0
    silence_s: float | None = None


class Speech(Protocol):
    """How one venue's stream of orders is spoken. A driver writes one, new for each connection."""

    path: str
    live: str
    testnet: str | None
    """`path` is where the stream is at every origin; `live` and `testnet` are the origins."""

    async def opening(self, line: Line) -> Mapping[str, Any]:
        """The message that subscribes, signed or with a token asked for over `line`. Raises as a question does."""

    def verdict(self, message: Mapping[str, Any]) -> bool | Answer:
        """Whether this message confirms the subscription; an Answer, to be ruled on, where it refuses it."""

    def news(self, message: Mapping[str, Any]) -> Iterable[OrderEvent]:
        """The orders this message is about. Raises ExchangeUnavailable where it announces the stream's end."""


async def order_events(
    line: Line, config: ExchangeConfig, speech: Speech, bounds: StreamBounds
) -> AsyncIterator[OrderEvent | None]:
    """Subscribe, yield None when that is confirmed, then what the venue says, until the connection ends.

    Raises ExchangeUnavailable, AuthenticationFailed or ConfigError; no text of theirs quotes what was sent.
    """
    url = address(speech, config)
    if line.venue is None:
        message = "not connected: there is no session to open a stream on"
        raise ExchangeUnavailable(message)
    opening = await speech.opening(line)
    async with _open(line.venue, url, bounds) as socket:
        await socket.send(opening)
        await _confirmed(line, speech, socket, opening, bounds)
        yield None
        while True:
            for event in speech.news(await socket.receive(bounds.silence_s)):
                yield event


def address(speech: Speech, config: ExchangeConfig) -> str:
    """Where the stream is. Raises ConfigError for a testnet the venue does not have.

    A venue whose questions go elsewhere (a sandbox, a proxy) is not met at its own origin behind the owner's back:
    unless an origin is set for streams, theirs is taken, too.
    """
    if config.ws_url is not None:
        origin = config.ws_url
    elif config.base_url is not None:
        origin = "ws" + config.base_url.removeprefix("http")
    elif config.mode is TradingMode.TESTNET:
        if speech.testnet is None:
            message = "TRADING_MODE is testnet, but the venue has no testnet. Use paper, or live."
            raise ConfigError(message)
        origin = speech.testnet
    else:
        origin = speech.live
    return origin.rstrip("/") + speech.path


async def _confirmed(
    line: Line, speech: Speech, socket: _Socket, opening: Mapping[str, Any], bounds: StreamBounds
) -> None:
    """Return when the venue has confirmed the subscription."""
    verdict: bool | Answer = False
    with suppress(TimeoutError):
        async with asyncio.timeout(bounds.answer_timeout_s):
            while verdict is False:
                verdict = speech.verdict(await socket.receive(bounds.silence_s))
    if verdict is False:
        message = f"the subscription was not answered within {bounds.answer_timeout_s:g} s"
        raise ExchangeUnavailable(message)
    if verdict is not True:
        raise await line.refusal(verdict, sent=tuple(_texts(opening)))


class _Socket:
    """An open websocket that speaks JSON objects. Whatever ends it is an ExchangeUnavailable."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send one message."""
        with suppress(aiohttp.ClientError, OSError):
            return await self._socket.send_str(json.dumps(message))
        raise ExchangeUnavailable(_ENDED)

    async def receive(self, silence_s: float | None) -> Mapping[str, Any]:
        """Wait for the next message. What is not a JSON object says nothing: an empty one stands for it."""
        try:
            async with asyncio.timeout(silence_s):
                frame = await self._socket.receive()
        except TimeoutError:
            silent = ExchangeUnavailable(f"the stream has been silent for {silence_s:g} s")
        else:
            if frame.type is aiohttp.WSMsgType.TEXT:
                return _object(frame.data)
            if frame.type is aiohttp.WSMsgType.BINARY:
                return {}
            dead = isinstance(frame.data, aiohttp.ServerTimeoutError)
            silent = ExchangeUnavailable("the stream no longer answers" if dead else _ENDED)
        raise silent


_ENDED = "the venue closed the stream"


@asynccontextmanager
async def _open(venue: Any, url: str, bounds: StreamBounds) -> AsyncIterator[_Socket]:
    """Open a websocket on the session of `venue`, and close it again whatever happens."""
    session = None if venue is None else venue.session
    if not hasattr(session, "ws_connect"):
        message = "this session has no websockets"
        raise ExchangeUnavailable(message)
    socket = await _handshake(session, url, bounds)
    try:
        yield _Socket(socket)
    finally:
        with suppress(aiohttp.ClientError, OSError):
            await socket.close()


async def _handshake(session: Any, url: str, bounds: StreamBounds) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(bounds.answer_timeout_s):
            socket: aiohttp.ClientWebSocketResponse = await session.ws_connect(
                url,
                heartbeat=bounds.ping_s,
                max_msg_size=_LARGEST_MESSAGE,
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT_S),
            )
            return socket
    except aiohttp.WSServerHandshakeError as error:
        problem = f"the stream was answered with HTTP {error.status}"
    except (aiohttp.ClientError, OSError, TimeoutError, RuntimeError) as error:
        # RuntimeError is aiohttp's word for a session that was closed meanwhile.
        problem = f"the stream could not be opened ({type(error).__name__})"
    raise ExchangeUnavailable(problem)


def _object(text: str) -> Mapping[str, Any]:
    try:
        message = json.loads(text, parse_float=str)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _texts(message: object) -> Iterable[str]:
    """Every text in what was sent that is long enough to be a key, a token or a signature."""
    if isinstance(message, dict):
        for part in message.values():
            yield from _texts(part)
    elif isinstance(message, str) and len(message) >= _SHORTEST_SECRET:
        yield message
