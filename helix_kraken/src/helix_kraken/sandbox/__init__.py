"""A local Kraken: Spot REST over the simulated venue, for tests, demos and `helix sandbox kraken`.

Kraken itself has no spot testnet. Point a client's API URLs at the server and sign with the sandbox's key. What it
answers follows docs.kraken.com/api (Spot REST) as of August 2026; where Kraken's documents leave a question open, the
sandbox takes the answer that is worse for a bot: close orders that are too small are dropped without a word, stops
that wait hold their coins, and `validate=True` with a capital letter is a live order.
"""

from __future__ import annotations

from base64 import b64encode
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.sandbox import Fees, Sandbox, Venue
from helix_kraken.sandbox.dialect import KrakenDialect
from helix_kraken.sandbox.rules import MAKER_PCT, TAKER_PCT, market
from helix_kraken.sandbox.signing import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from helix_core import Clock

SECRET = b64encode(b"this secret of the sandbox guards nothing".ljust(64, b".")).decode()
_FIRST_PRICES = {"BTC/USDT": Decimal("64210.5")}
_FIRST_BALANCE = Decimal(10_000)
_FEES = Fees(taker=TAKER_PCT / 100, maker=MAKER_PCT / 100, buys_pay_in_quote=True, quote_step=Decimal("0.00001"))


def sandbox(
    *,
    symbol: str = "BTC/USDT",
    balances: Mapping[str, Decimal] | None = None,
    price: Decimal | None = None,
    api_key: str = "sandbox-key",
    api_secret: str = SECRET,
    clock: Clock | None = None,
    limits: bool = True,
) -> Sandbox:
    """Build a local Kraken with one pair. Without `balances` the account holds 10,000 of the quote currency.

    `price` in quote per base, on a tick of 0.1. `clock` is the venue's own (default: this machine's). `limits` turns
    on the two rate limiters, with the figures of a Starter account. Raises ValueError for a pair whose first price is
    neither given nor known, and for a secret that is not base64.
    """
    first_price = price if price is not None else _FIRST_PRICES.get(symbol)
    if first_price is None:
        message = f"price: the sandbox knows no first price for {symbol}; give one"
        raise ValueError(message)
    decoded(api_secret)
    rules = market(symbol)
    held = balances if balances is not None else {rules.quote: _FIRST_BALANCE}
    venue = Venue(prices={rules: first_price}, balances=held, fees=_FEES, clock=clock)
    return Sandbox(
        name="kraken",
        symbol=symbol,
        venue=venue,
        api_key=api_key,
        api_secret=api_secret,
        dialect=KrakenDialect(limits=limits),
    )
