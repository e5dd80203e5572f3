"""The ways in which Helix can trade here: every installed venue that has a sandbox, in every entry style it knows."""

from __future__ import annotations

from functools import cache
from importlib import metadata

from helix_core.clock import SystemClock
from helix_core.config import ExchangeConfig, TradingMode
from helix_core.contracts.exchange import ExchangeClient
from helix_core.errors import ConfigError
from helix_core.plugins.exchanges import new_client

MARKET, ATOMIC = "market", "atomic"
_GROUP = "helix.sandboxes"
_ANY_PAIR = "BTC/USDT"
_OFTEN_S = 2.0
_ACTING_S = 2.0


@cache
def ways() -> tuple[tuple[str, str], ...]:
    """Venue and entry style of each. Raises ConfigError when no venue with a sandbox is installed."""
    found = [
        (name, style)
        for name in sorted({point.name for point in metadata.entry_points(group=_GROUP)})
        for style in (MARKET, ATOMIC)
        if style == MARKET or _takes_brackets(name)
    ]
    if not found:
        raise ConfigError("No venue with a sandbox is installed: install a driver.")
    return tuple(found)


def carries_stops(exchange: str) -> bool:
    """Whether the venue takes the stop with a plain entry."""
    return _client(exchange).capabilities.entry_carries_stop


def is_asked_seldom(exchange: str) -> bool:
    """Whether the venue may be asked for open orders only every few seconds."""
    return _client(exchange).capabilities.orders_poll_s > _OFTEN_S


def seen_after_s(exchange: str) -> float:
    """When the bot must have seen what a human did: one poll of the open orders, and two seconds to act on it."""
    return _client(exchange).capabilities.orders_poll_s + _ACTING_S


def _takes_brackets(exchange: str) -> bool:
    return type(_client(exchange)).place_entry_with_stop is not ExchangeClient.place_entry_with_stop


@cache
def _client(exchange: str) -> ExchangeClient:
    config = ExchangeConfig(name=exchange, mode=TradingMode.PAPER, symbol=_ANY_PAIR, clock=SystemClock())
    return new_client(config)
