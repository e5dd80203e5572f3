"""`Plugins`: what a successful load gives the rest of Helix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.plugins.exchanges import new_client, paper_client
from helix_core.plugins.loading import Loading
from helix_core.plugins.provider import (
    DEFAULT_PLUGINS,
    EXCHANGE_GROUP,
    PAPER_PLUGIN,
    PLUGIN_GROUP,
    Provider,
    first_party,
    installed,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from helix_core.config import ExchangeConfig
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.contracts.notifier import Notifier
    from helix_core.contracts.risk import RiskCheck
    from helix_core.contracts.signal_source import SignalSource
    from helix_core.plugins.collecting import Collected
    from helix_core.plugins.loading import ValuesOf


def installed_plugins() -> tuple[str, ...]:
    """Names of Helix's own plugins and of all others that are installed. Imports nothing."""
    return tuple(sorted({provider.name for provider in _candidates(DEFAULT_PLUGINS)}))


class Plugins:
    """What the plugins gave: risk checks, notifiers, signal sources, and on request the exchange's client.

    Built by `load`, and never half: each of the seven gates is there, and comes from Helix itself.
    """

    def __init__(self, found: Mapping[str, Collected], listing: Sequence[dict[str, object]]) -> None:
        """Take what `load` collected."""
        self.risk_checks: tuple[RiskCheck, ...] = tuple(found["helix_risk_checks"].objects)
        self.notifiers: tuple[Notifier, ...] = tuple(found["helix_notifiers"].objects)
        self.signal_sources: tuple[SignalSource, ...] = tuple(found["helix_signal_sources"].objects)
        self._listing = listing
        self._active: str | None = None
        self._paper = False

    @classmethod
    def load(
        cls,
        values_of: ValuesOf,
        *,
        disabled: Collection[str] = (),
        defaults: Sequence[str] = DEFAULT_PLUGINS,
    ) -> Plugins:
        """Load Helix's own plugins `defaults`, then every installed one, without those `disabled`.

        `values_of` gives a plugin's own settings by its name. Raises PluginError with every failure in it, each naming
        the plugin and the distribution it came from; ConfigError when nothing but settings is wrong.
        """
        loading = Loading(values_of, frozenset(disabled))
        loading.load(_candidates(defaults))
        loading.collect()
        loading.raise_problems()
        return cls(loading.found, loading.listing())

    def exchange_client(self, config: ExchangeConfig) -> ExchangeClient:
        """Import the driver that `config` names, and no other, and take its client. Opens no connection.

        Raises PluginError or ConfigError.
        """
        client = new_client(config)
        self._active = config.name
        return client

    def paper_client(self, config: ExchangeConfig) -> ExchangeClient:
        """Take the client that simulates orders on the prices of `config.venue`. Raises PluginError or ConfigError."""
        client = paper_client(config)
        self._paper = True
        return client

    def listing(self) -> list[dict[str, object]]:
        """Every plugin and driver with distribution, version, kinds and status. Imports nothing more.

        Status is "loaded", "disabled", for a driver "installed", and "active" for the one in use.
        """
        drivers = [
            driver.row(["exchange"], "active" if driver.name == self._active else "installed")
            for driver in installed(EXCHANGE_GROUP)
        ]
        paper = [plugin.row(["exchange"], "active") for plugin in first_party((PAPER_PLUGIN,)) if self._paper]
        return [*self._listing, *paper, *drivers]


def _candidates(defaults: Sequence[str]) -> list[Provider]:
    return [*first_party(defaults), *installed(PLUGIN_GROUP)]
