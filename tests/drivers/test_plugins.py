"""The two drivers as Helix finds them."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from helix_core import ConfigError, ExchangeClient, HelixError, TradingMode

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core import ExchangeConfig


def load(name: str) -> object:
    (found,) = entry_points(group="helix.exchanges", name=name)
    return found.load()


def test_binance_hands_over_one_client(config: Callable[..., ExchangeConfig]) -> None:
    (client,) = load("binance").helix_exchanges(config=config())  # type: ignore[attr-defined]

    assert isinstance(client, ExchangeClient)
    assert (client.name, client.label) == ("binance", "Binance")
    assert client.capabilities.testnet
    assert not client.capabilities.entry_carries_stop
    assert client.capabilities.order_fence_s == 20


def test_importing_a_driver_does_not_import_ccxt() -> None:
    """Finding plugins must stay cheap; ccxt takes half a second and 85 MB."""
    code = "import sys, helix_binance, helix_kraken; sys.exit('ccxt' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0


@pytest.mark.parametrize("mode", list(TradingMode))
def test_kraken_says_that_it_cannot_trade(config: Callable[..., ExchangeConfig], mode: TradingMode) -> None:
    with pytest.raises(ConfigError) as refused:
        load("kraken").helix_exchanges(config=config(mode=mode))  # type: ignore[attr-defined]

    assert isinstance(refused.value, HelixError)
    assert str(refused.value).startswith("helix-kraken 0.1.0 cannot trade yet:")
    assert "ACTIVE_EXCHANGE=binance" in str(refused.value)
