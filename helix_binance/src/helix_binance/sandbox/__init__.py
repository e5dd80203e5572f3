"""A local Binance: Spot REST v3 over the simulated venue, for tests, demos and `helix sandbox`.

Point a client's `api` URLs at the server; sign with the sandbox's key. What it answers follows
github.com/binance/binance-spot-api-docs (rest-api.md, filters.md, errors.md) as of July 2026.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_binance.sandbox.dialect import BinanceDialect
from helix_binance.sandbox.rules import market
from helix_core.sandbox import Sandbox, Venue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core import Clock

_FIRST_PRICES = {"BTC/USDT": Decimal("64210.50")}
_FIRST_BALANCE = Decimal(10_000)


def sandbox(
    *,
    symbol: str = "BTC/USDT",
    balances: Mapping[str, Decimal] | None = None,
    price: Decimal | None = None,
    api_key: str = "sandbox-key",
    api_secret: str = "sandbox-secret",  # noqa: S107 - it guards nothing
    clock: Clock | None = None,
) -> Sandbox:
    """Build a local Binance with one pair. Without `balances` the account holds 10,000 of the quote currency.

    `price` in quote per base, on a tick of 0.01. `clock` is the venue's own (default: this machine's). Raises
    ValueError for a pair whose first price is neither given nor known.
    """
    first_price = price if price is not None else _FIRST_PRICES.get(symbol)
    if first_price is None:
        message = f"price: the sandbox knows no first price for {symbol}; give one"
        raise ValueError(message)
    rules = market(symbol)
    held = balances if balances is not None else {rules.quote: _FIRST_BALANCE}
    venue = Venue(prices={rules: first_price}, balances=held, clock=clock)
    return Sandbox(
        name="binance", symbol=symbol, venue=venue, api_key=api_key, api_secret=api_secret, dialect=BinanceDialect()
    )
