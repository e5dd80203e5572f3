"""helix-bybit: Bybit for Helix. Chosen with ACTIVE_EXCHANGE=bybit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_core import ExchangeClient, ExchangeConfig


@hookimpl
def helix_exchanges(config: ExchangeConfig) -> Iterable[ExchangeClient]:
    """Give the client for `config`. Only this brings in ccxt, which takes half a second to import."""
    from helix_bybit.client import Bybit  # noqa: PLC0415 - see above

    return [Bybit(config)]
