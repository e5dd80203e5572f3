"""helix-kraken: the place of the Kraken spot driver. It is not finished and says so instead of pretending."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from helix_core import ConfigError, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_core import ExchangeClient, ExchangeConfig


@hookimpl
def helix_exchanges(config: ExchangeConfig) -> Iterable[ExchangeClient]:
    """Refuse: there is no client yet. Raises ConfigError with the way out."""
    message = (
        f"helix-kraken {version('helix-kraken')} cannot trade yet: its driver is not finished, in {config.mode} mode"
        " or any other. Use ACTIVE_EXCHANGE=binance."
    )
    raise ConfigError(message)
