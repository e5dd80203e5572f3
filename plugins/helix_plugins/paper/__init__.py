"""Paper mode: the active driver's live prices, orders that are only simulated.

The core makes the driver's client without a key and hands it over as `config.venue`; what comes back is a client with
the same contract, so nothing above it knows the difference.

    exchange.py   PaperExchange: the contract of an exchange client
    matching.py   orders become fills: walking the book, stops set off by the price, fees
    rules.py      what a venue would refuse, and so does this one
    order.py      one order and its fills
    account.py    what the account holds and all its orders, one value
    vault.py      that value in the database: kept before anybody hears of it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import hookimpl
from helix_plugins.paper.exchange import PaperExchange, paper_exchange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_core import ExchangeClient, ExchangeConfig

__all__ = ["PaperExchange", "helix_exchanges", "paper_exchange"]


@hookimpl
def helix_exchanges(config: ExchangeConfig) -> Iterable[ExchangeClient]:
    """The simulated client for `config`, which must hold a `venue` and a `memory`. Raises ConfigError."""
    return [paper_exchange(config)]
