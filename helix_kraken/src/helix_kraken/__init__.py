"""helix-kraken: Kraken spot for Helix. Chosen with ACTIVE_EXCHANGE=kraken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_core import ExchangeClient, ExchangeConfig


@hookimpl
def helix_exchanges(config: ExchangeConfig) -> Iterable[ExchangeClient]:
    """The client for `config`. Importing this package is cheap; asking for the client brings in ccxt."""
    from helix_kraken.client import KrakenClient  # noqa: PLC0415 - ccxt takes half a second and 85 MB to import

    return [KrakenClient(config)]
