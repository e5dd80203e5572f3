"""The two drivers as Helix finds them."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from helix_core import ConfigError, ExchangeClient, TradingMode
from helix_core.plugins.exchanges import new_client

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


def test_kraken_hands_over_one_client(config: Callable[..., ExchangeConfig]) -> None:
    (client,) = load("kraken").helix_exchanges(config=config(name="kraken"))  # type: ignore[attr-defined]

    assert isinstance(client, ExchangeClient)
    assert (client.name, client.label) == ("kraken", "Kraken")
    assert not client.capabilities.testnet
    assert client.capabilities.entry_carries_stop
    assert client.capabilities.order_fence_s == 10


def test_a_testnet_that_kraken_does_not_have_is_refused_with_the_way_out(config: Callable[..., ExchangeConfig]) -> None:
    with pytest.raises(ConfigError, match=r"Kraken has no testnet\. Set it to paper"):
        new_client(config(name="kraken", mode=TradingMode.TESTNET))
