"""Each field of a signal, read from a decoded message or refused with what to change."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core import Action, SignalUnreadable, exact
from helix_plugins.tradingview.naming import missing
from helix_plugins.tradingview.quoting import show
from helix_plugins.tradingview.symbol import read_symbol
from helix_plugins.tradingview.timestamp import read_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from helix_core import Fields

_LONGEST_TEXT = 128
_LOWEST_PRICE, _HIGHEST_PRICE = Decimal("1e-18"), Decimal("1e15")


def _signal(fields: Fields) -> Action:
    value = _required("signal", fields)
    try:
        return Action(value.upper())
    except ValueError:
        fix = 'Let "signal" say BUY (opens a long position) or SELL (closes it).'
        raise SignalUnreadable("signal", f'"signal" is {show(value)}', fix) from None


def _symbol(fields: Fields) -> str:
    return read_symbol(_required("symbol", fields))


def _price(fields: Fields) -> Decimal:
    value = _required("price", fields)
    try:
        price = exact(value)
    except ValueError:
        fix = "Send plain ASCII digits with a point and no separators, like 64210.5: {{close}} does."
        raise SignalUnreadable("price", f'"price" is {show(value)}, not a number', fix) from None
    if not _LOWEST_PRICE <= price <= _HIGHEST_PRICE:
        raise SignalUnreadable(
            "price", f'"price" is {show(value)}, not a price', "Send the market's price: {{close}} does."
        )
    return price


def _signal_id(fields: Fields) -> str:
    return _label("signal_id", _required("signal_id", fields))


def _timestamp(fields: Fields) -> datetime | None:
    value = fields.get("timestamp")
    return None if value is None else read_timestamp(_text("timestamp", value))


def _strategy(fields: Fields) -> str | None:
    value = fields.get("strategy")
    return None if value is None else _label("strategy", _text("strategy", value))


READERS: dict[str, Callable[[Fields], Any]] = {
    "action": _signal,
    "symbol": _symbol,
    "price": _price,
    "signal_id": _signal_id,
    "timestamp": _timestamp,
    "strategy": _strategy,
}
"""What each attribute of a Signal is read by; each raises SignalUnreadable naming its field."""


def _required(name: str, fields: Fields) -> str:
    if fields.get(name) is None:
        raise missing(name, fields)
    return _text(name, fields[name])


def _text(name: str, value: object) -> str:
    """Return a text, or a number as its text; it may not be empty."""
    if isinstance(value, bool | dict | list):
        problem = f'"{name}" is {"true or false" if isinstance(value, bool) else "a list or an object"}'
        raise SignalUnreadable(name, problem, f'Give "{name}" a text or a number.')
    text = str(value).strip()
    if not text:
        fix = f'Give "{name}" a value; a placeholder may have had nothing to fill in.'
        raise SignalUnreadable(name, f'"{name}" is empty', fix)
    return text


def _label(name: str, text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        fix = f"Shorten it to {_LONGEST_TEXT} characters."
        raise SignalUnreadable(name, f'"{name}" has {len(text)} characters', fix)
    if not text.isprintable():
        fix = f'Keep line breaks and invisible characters out of "{name}".'
        raise SignalUnreadable(name, f'"{name}" is {show(text)}', fix)
    if text.lower() == "nan":
        raise SignalUnreadable(name, f'"{name}" is NaN: the plot had no value on this bar', f'Give "{name}" a text.')
    return text
