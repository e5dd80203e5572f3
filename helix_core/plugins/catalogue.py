"""What is installed, told without any settings: for `helix plugins` and `helix payload`."""

from __future__ import annotations

from helix_core.config import PluginConfig
from helix_core.contracts.signal_source import SignalSource
from helix_core.errors import PluginError
from helix_core.plugins.loading import PLUGIN_HOOKS, kinds_of
from helix_core.plugins.provider import (
    DEFAULT_PLUGINS,
    EXCHANGE_GROUP,
    PAPER_PLUGIN,
    PLUGIN_GROUP,
    Provider,
    first_party,
    installed,
)
from helix_core.plugins.registry import Registry

_SOURCE = "helix_plugins.tradingview"


def catalogue() -> list[dict[str, object]]:
    """Every plugin with what it provides, and every driver. Plugins are imported, drivers are not.

    A plugin that cannot be imported is listed with the reason: this is where the owner looks for it.
    """
    registry = Registry()
    rows = [_row(registry, provider) for provider in (*first_party(DEFAULT_PLUGINS), *installed(PLUGIN_GROUP))]
    rows.append(first_party((PAPER_PLUGIN,))[0].row(["exchange"], "installed"))
    return [*rows, *(driver.row(["exchange"], "installed") for driver in installed(EXCHANGE_GROUP))]


def default_signal_source() -> SignalSource:
    """The reader of TradingView's messages, which needs no settings."""
    registry, provider = Registry(), first_party((_SOURCE,))[0]
    registry.add(provider, provider.load(), allowed=PLUGIN_HOOKS)
    answer = registry.ask(provider, "helix_signal_sources", PluginConfig(name=provider.name))
    source = next(iter(answer), None) if isinstance(answer, list | tuple) else None
    if not isinstance(source, SignalSource):
        raise PluginError(f"The plugin {provider} gave no signal source. {provider.remedy}")
    return source


def _row(registry: Registry, provider: Provider) -> dict[str, object]:
    try:
        registry.add(provider, provider.load(), allowed=PLUGIN_HOOKS)
    except PluginError as error:
        return provider.row([], f"broken: {error}")
    return provider.row(kinds_of(registry, provider), "installed")
