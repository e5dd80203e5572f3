"""What to say when a field is missing: other services' messages use other names for the same thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from helix_core import SignalUnreadable
from helix_plugins.tradingview.quoting import show
from helix_plugins.tradingview.symbol import read_symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helix_core import Fields

_ALIASES = {
    "signal": ("signal", "action", "side", "order", "orderaction", "direction", "strategyorderaction", "sentiment"),
    "symbol": ("symbol", "ticker", "tvinstrument", "instrument", "market", "pair", "tickerid"),
    "price": ("price", "orderprice", "triggerprice", "close", "entryprice", "strategyorderprice"),
    "signal_id": ("signalid", "id", "orderid", "strategyorderid", "alertid", "rowid", "uuid"),
}
_EXAMPLES = {
    "signal": '"signal": "BUY" or "signal": "SELL"',
    "symbol": '"symbol": "BTC/USDT"',
    "price": '"price": {{close}}',
    "signal_id": '"signal_id": {{strategy.order.id}}',
}
_PUNCTUATION = re.compile(r"[^a-z0-9]")


def missing(name: str, fields: Fields) -> SignalUnreadable:
    """Say that the required field `name` is missing and, if the message seems to hold it elsewhere, where."""
    problem = f'"{name}" is missing'
    for alias in _ALIASES[name]:
        for key, value, parent in _scalars(fields):
            if _PUNCTUATION.sub("", key.lower()) == alias:
                return SignalUnreadable(name, problem, _advice(name, key, str(value), parent))
    return SignalUnreadable(name, problem, f"Add {_EXAMPLES[name]} to the message.")


def _scalars(fields: Fields, parent: str | None = None) -> Iterator[tuple[str, object, str | None]]:
    """Every scalar with its key: those of the top level first, then those one level down with their object's key."""
    for key, value in fields.items():
        if not isinstance(value, dict | list | None):
            yield key, value, parent
    for key, value in fields.items():
        if isinstance(value, dict) and parent is None:
            yield from _scalars(value, key)


def _advice(name: str, key: str, value: str, parent: str | None) -> str:
    if parent is None:
        advice = f'Your message has {show(key)}: {show(value)}: rename it to "{name}"'
    else:
        place = f"inside {show(parent)}"
        advice = f'Your message has {show(key)}: {show(value)} {place}: move it to the top level and name it "{name}"'
    return f"{advice}{_and_more(name, value)}."


def _and_more(name: str, value: str) -> str:
    """What else has to change once the name is right."""
    if name == "signal" and value.upper() not in {"BUY", "SELL"}:
        return " and let it say BUY or SELL"
    if name == "symbol":
        try:
            read_symbol(value)
        except SignalUnreadable:
            return " and let it name a spot pair like BTC/USDT"
    return ""
