"""ccxt's exchange class on Helix's transport: one request, no redirect, no hidden retry, nothing passed over.

ccxt's own transport follows redirects (a 307 repeats an order), turns a body that was cut short into what looks like
a refusal, lets HTTP 523, 524, 599, 3xx and a 200 with HTML pass as success, and puts the signed address into its
exceptions. This one records the raw answer as evidence and never quotes what was sent.
"""

from __future__ import annotations

import json
import os
import ssl
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import ccxt.async_support as ccxt  # type: ignore[import-untyped]
import yarl

from helix_core.ccxt.evidence import CALL, Answer
from helix_core.config import TradingMode
from helix_core.domain.money import exact
from helix_core.errors import ConfigError, InvariantBroken, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from decimal import Decimal

    from helix_core.clock import Clock
    from helix_core.config import ExchangeConfig

_CONNECT_TIMEOUT_S = 4.0
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Lane(Protocol):
    """Says when a request may be signed and sent. An order must not wait behind questions."""

    def turn(self, path: str, *, signed: bool, order: bool) -> AbstractAsyncContextManager[object]:
        """Hold the turn of one request to `path`, from before it is signed until it is answered."""


class Wire:
    """Mixed in before a ccxt exchange class. Times come from the Clock, numbers stay text."""

    clock: Clock
    lane: Lane | None = None
    hear: Callable[[Answer], None] | None = None
    number = str

    def milliseconds(self) -> int:
        """Unix time in ms."""
        return int(self.clock.now().timestamp() * 1000)

    def seconds(self) -> int:
        """Unix time in s."""
        return self.milliseconds() // 1000

    def microseconds(self) -> int:
        """Unix time in us, to the ms."""
        return self.milliseconds() * 1000

    def parse_order_book_bid_ask(self, level: Any, price_key: Any = 0, amount_key: Any = 1, *_: Any) -> list[Decimal]:
        """Read one level exactly: ccxt makes floats of it, and where it keeps texts, it sorts them by their letters."""
        return [exact(level[price_key]), exact(level[amount_key])]

    def open(self, lazy: bool = False) -> None:
        """Open the session as ccxt does."""
        super().open(lazy)  # type: ignore[misc]
        session: Any = self.session  # type: ignore[attr-defined]
        # aiohttp sends GET and DELETE again, unasked, when a kept connection turns out to be dead. Then "connection
        # refused" no longer proves that nothing was sent. There is no public switch.
        session._retry_connection = False  # noqa: SLF001

    async def fetch2(self, path: str, api: Any = ("public",), *rest: Any, **more: Any) -> Any:
        """Sign and send one request, in its turn where the driver has a lane."""
        send = super().fetch2  # type: ignore[misc]
        if self.lane is None:
            return await send(path, api, *rest, **more)
        async with self.lane.turn(path, signed="public" not in api, order=CALL.get().order):
            return await send(path, api, *rest, **more)

    async def fetch(self: Any, url: str, method: str = "GET", headers: Any = None, body: str | None = None) -> Any:
        """Send one request and return the JSON of a plain success; the answer is left on the Call either way.

        Raises ccxt's NetworkError when no whole answer came, and BadResponse or ccxt's class for any other answer.
        """
        call = CALL.get()
        self.open(lazy=True)
        request = self.prepare_request_headers(headers)
        call.leave()
        try:
            answer, text = await _exchange(self.session, method, url, request, body)
        except _NEVER_SENT as error:
            call.left = False
            raise ccxt.NetworkError(_why_not_sent(error)) from None
        except TimeoutError:
            raise ccxt.RequestTimeout("no answer in time") from None
        except aiohttp.ClientConnectionError:
            raise ccxt.NetworkError("connection reset") from None
        except aiohttp.ClientError:
            raise ccxt.NetworkError("the answer was cut short or garbled") from None
        call.answer = answer
        if self.hear is not None:
            self.hear(answer)
        try:
            self.handle_errors(answer.status, "", url, method, dict(answer.headers), text, answer.data, request, body)
            self.handle_http_status_code(answer.status, "", "", method, "")
        except ccxt.BaseError as error:
            call.answer = replace(answer, error=type(error))
            raise
        if not 200 <= answer.status < 300 or answer.data is None:  # noqa: PLR2004 - HTTP's own figures
            raise ccxt.BadResponse("not a plain success")
        return answer.data


async def _exchange(
    session: aiohttp.ClientSession, method: str, url: str, headers: Mapping[str, str], body: str | None
) -> tuple[Answer, str]:
    # How long the whole may take is the caller's business; here only connecting has a bound of its own, because
    # a connection that never stood proves that nothing was sent.
    async with session.request(
        method,
        yarl.URL(url, encoded=True),
        data=body.encode() if body else None,
        headers=headers,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=None, connect=_CONNECT_TIMEOUT_S),
    ) as response:
        text = (await response.text(errors="replace")).strip()
        return Answer(response.status, dict(response.headers), _json(text)), text


def _json(text: str) -> Any:
    try:
        data = json.loads(text, parse_float=str, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict | list) else None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _why_not_sent(error: Exception) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the venue's name could not be resolved"
    if isinstance(error, aiohttp.ClientSSLError):
        return "no secure connection"
    number = getattr(error, "errno", None)
    return os.strerror(number).lower() if number else "no connection"


@cache
def _venue_class(ccxt_id: str) -> Any:
    if ccxt_id not in ccxt.exchanges:
        message = f"ccxt {ccxt.__version__} knows no exchange {ccxt_id!r}: correct `ccxt_id` in the driver"
        raise PluginError(message)
    return type(ccxt_id, (Wire, getattr(ccxt, ccxt_id)), {})


@cache
def _trust(certificates: str) -> ssl.SSLContext:
    # Reading the certificates blocks the loop for 30 ms, so a reconnect does not do it again.
    return ssl.create_default_context(cafile=certificates)


def open_venue(ccxt_id: str, config: ExchangeConfig, options: Mapping[str, object]) -> Any:
    """A ccxt exchange for `config`, not yet connected; the caller closes it.

    Raises ConfigError for a testnet the venue does not have.
    """
    settings: dict[str, Any] = {
        "clock": config.clock,
        # ccxt's limiter is first in, first out: an order would wait behind a poll. Helix has its own Pace.
        "enableRateLimit": False,
        "options": dict(options),
        # ccxt sleeps after closing to let old aiohttp versions finish; the pinned one closes at once.
        "timeout_on_exit": 0,
    }
    if config.api_key and config.api_secret:
        settings |= {"apiKey": config.api_key.get_secret_value(), "secret": config.api_secret.get_secret_value()}
    venue = _venue_class(ccxt_id)(settings)
    venue.ssl_context = _trust(venue.cafile)
    if venue.options.get("maxRetriesOnFailure"):
        message = "ccxt's maxRetriesOnFailure sends an order again: it must stay 0"
        raise InvariantBroken(message)
    if config.open_session is not None:
        venue.session, venue.own_session = config.open_session(), False
    _point(venue, config)
    return venue


def _point(venue: Any, config: ExchangeConfig) -> None:
    if config.mode is TradingMode.TESTNET and not config.base_url:
        if not venue.urls.get("test"):
            message = f"TRADING_MODE is testnet, but {venue.name} has no testnet. Use paper, or live."
            raise ConfigError(message)
        venue.set_sandbox_mode(True)
    venue.urls["api"] = _moved(venue.urls["api"], config)


def _moved(url: Any, config: ExchangeConfig) -> Any:
    if isinstance(url, dict):
        return {key: _moved(value, config) for key, value in url.items()}
    parts = urlsplit(url)
    origin = config.ws_url if parts.scheme in {"ws", "wss"} else config.base_url
    return url if origin is None else origin.rstrip("/") + parts.path
