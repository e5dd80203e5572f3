"""The driver that ACTIVE_EXCHANGE names. No other is imported, and none before it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.config import ExchangeConfig, TradingMode
from helix_core.contracts.exchange import Capabilities, ExchangeClient
from helix_core.errors import ConfigError, PluginError
from helix_core.plugins.collecting import Collected
from helix_core.plugins.provider import EXCHANGE_GROUP, PAPER_PLUGIN, Provider, first_party, installed
from helix_core.plugins.registry import Registry

if TYPE_CHECKING:
    from helix_core.clock import Clock

_HOOK = "helix_exchanges"
_ANY_PAIR = "BTC/USDT"


def installed_exchanges() -> tuple[str, ...]:
    """Names that ACTIVE_EXCHANGE can take right now. Imports nothing."""
    return tuple(sorted({provider.name for provider in installed(EXCHANGE_GROUP)}))


def exchange_modes(name: str, clock: Clock) -> tuple[TradingMode, ...]:
    """The modes that an exchange has, as its driver says. Raises PluginError when the driver cannot be used."""
    testnet = (TradingMode.TESTNET,) if keyless_client(name, clock).capabilities.testnet else ()
    return (*testnet, TradingMode.PAPER, TradingMode.LIVE)


def keyless_client(name: str, clock: Clock) -> ExchangeClient:
    """A client that says what its exchange is like. Opens no connection. Raises PluginError as `new_client`."""
    return new_client(ExchangeConfig(name=name, mode=TradingMode.PAPER, symbol=_ANY_PAIR, clock=clock))


def new_client(config: ExchangeConfig) -> ExchangeClient:
    """Import the driver named `config.name` and take its client. Opens no connection.

    Raises PluginError when the driver is not installed or cannot be used, ConfigError when it does not accept the
    settings or has no such mode.
    """
    return _client_of(driver(config.name), config)


def paper_client(config: ExchangeConfig) -> ExchangeClient:
    """A client that simulates orders on the prices of `config.venue`, kept in `config.memory`. Raises as `new_client`.

    It has the driver's name, so that everything above takes it for the driver's own.
    """
    return _client_of(first_party((PAPER_PLUGIN,))[0], config)


def _client_of(provider: Provider, config: ExchangeConfig) -> ExchangeClient:
    registry = Registry()
    registry.add(provider, provider.load(), allowed=(_HOOK,))
    clients = Collected(_HOOK, ExchangeClient)
    clients.take(provider, registry.ask(provider, _HOOK, config))
    if len(clients.objects) != 1:
        raise PluginError(f"The driver {provider} returned {len(clients.objects)} clients, not one. {provider.remedy}")
    client: ExchangeClient = clients.objects[0]
    _check(provider, client, config)
    return client


def driver(name: str) -> Provider:
    """The one installed driver of that name. Raises PluginError naming what is installed, or both providers."""
    everything = installed(EXCHANGE_GROUP)
    matching = [provider for provider in everything if provider.name == name]
    if not matching:
        others = ", ".join(sorted({provider.name for provider in everything})) or "none"
        raise PluginError(
            f"ACTIVE_EXCHANGE is {name}, and no driver of that name is installed (installed: {others}). "
            f"Install it: pip install helix-{name}"
        )
    if len(matching) > 1:
        who = " and ".join(f"by {provider}" for provider in matching)
        raise PluginError(f"The exchange {name} is provided twice: {who}. Remove one.")
    return matching[0]


def _check(provider: Provider, client: ExchangeClient, config: ExchangeConfig) -> None:
    capabilities = getattr(client, "capabilities", None)
    if client.name != config.name:
        raise PluginError(
            f"The driver {provider} returned a client named {client.name}, not {config.name}. {provider.remedy}"
        )
    if not isinstance(capabilities, Capabilities) or not isinstance(getattr(client, "label", None), str):
        raise PluginError(f"The driver {provider} has a client without label or capabilities. {provider.remedy}")
    if config.mode is TradingMode.TESTNET and not capabilities.testnet:
        raise ConfigError(
            f"TRADING_MODE is testnet, and {client.label} has no testnet. Set it to paper (real prices, simulated "
            "orders) or live."
        )
