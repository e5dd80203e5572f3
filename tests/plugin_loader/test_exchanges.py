"""The one driver that ACTIVE_EXCHANGE names, and what is said when it cannot be used."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from helix_core import API_VERSION, ConfigError, PluginError, TradingMode
from helix_core.clock import SystemClock
from helix_core.plugins import exchange_modes, installed_exchanges

if TYPE_CHECKING:
    from helix_core.config import ExchangeConfig
    from tests.plugin_loader.conftest import Site

DRIVER = """
from helix_core import Capabilities, ExchangeClient

class Client(ExchangeClient):
    name, label = "acme", "Acme"
    capabilities = Capabilities(testnet=False, entry_carries_stop=False, order_fence_s=1.0)

    def __init__(self, config):
        self.config = config

for method in list(ExchangeClient.__abstractmethods__):
    setattr(Client, method, lambda self: None)
Client.__abstractmethods__ = frozenset()

@hookimpl
def helix_exchanges(config):
    return [Client(config)]
"""

HOOK = "@hookimpl\n"

BROKEN = {
    "import": ("import no_such_module_anywhere", "could not be imported: ModuleNotFoundError"),
    "no hooks": ("", "has no hooks"),
    "misspelt": (f"{HOOK}def helix_exchange(): return []", "Did you mean helix_exchanges?"),
    "raises": (f"{HOOK}def helix_exchanges(): raise OSError('x')", "failed in helix_exchanges: OSError: x"),
    "None": (f"{HOOK}def helix_exchanges(): pass", "returned nothing from helix_exchanges"),
    "none": (f"{HOOK}def helix_exchanges(): return []", "returned 0 clients, not one"),
    "wrong type": (f"{HOOK}def helix_exchanges(): return [object()]", "returned a object from helix_exchanges"),
    "wrong name": (DRIVER.replace('"acme", "Acme"', '"bcme", "Acme"'), "returned a client named bcme, not acme"),
    "two": (
        DRIVER.replace("[Client(config)]", '[Client(config), type("B", (Client,), {"name": "b"})(config)]'),
        "returned 2 clients, not one",
    ),
    "no label": (DRIVER.replace("name, label =", "name, other ="), "without label or capabilities"),
    "another version": (f"helix_api = {API_VERSION + 1}\n{DRIVER}", "Helix's plugin interface"),
    "more": (
        f"{DRIVER}\n@hookimpl\ndef helix_risk_checks(): return []",
        "helix_risk_checks, which is asked only of entry points in the group helix.plugins",
    ),
}


def install(site: Site, source: str = DRIVER, name: str = "acme", distribution: str = "helix-acme") -> None:
    site.install(source, group="helix.exchanges", name=name, distribution=distribution)


def test_only_the_named_driver_is_imported(site: Site, acme: ExchangeConfig) -> None:
    """The others may be broken, slow or hostile: they stay on the disk."""
    install(site)
    install(site, "raise RuntimeError('imported')", "zenith", "helix-zenith")

    plugins = site.load()
    assert "plugin_helix_acme" not in sys.modules
    client = plugins.exchange_client(acme)

    assert client.name == "acme"
    assert vars(client)["config"] is acme
    assert "plugin_helix_zenith" not in sys.modules
    status = {row["name"]: row["status"] for row in plugins.listing()}
    assert (status["acme"], status["zenith"]) == ("active", "installed")


def test_an_unknown_exchange_names_what_is_installed(site: Site, acme: ExchangeConfig) -> None:
    """And the command that installs what was asked for."""
    install(site)

    with pytest.raises(PluginError) as caught:
        site.load().exchange_client(replace(acme, name="zenith"))

    assert "ACTIVE_EXCHANGE is zenith" in str(caught.value)
    assert "acme" in str(caught.value).split("installed: ")[1]
    assert str(caught.value).endswith("pip install helix-zenith")


def test_one_exchange_from_two_distributions_is_refused(site: Site, acme: ExchangeConfig) -> None:
    """Both are named, and neither is imported."""
    install(site, distribution="helix-acme")
    install(site, distribution="helix-acme-fork")

    with pytest.raises(PluginError, match=r"by acme \(helix-acme 1.2\) and by acme \(helix-acme-fork 1.2\)"):
        site.load().exchange_client(acme)

    assert not {"plugin_helix_acme", "plugin_helix_acme_fork"} & sys.modules.keys()


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_driver_is_named(site: Site, acme: ExchangeConfig, kind: str) -> None:
    """With its distribution and version, and what is wrong with it."""
    source, said = BROKEN[kind]
    install(site, source)

    with pytest.raises(PluginError) as caught:
        site.load().exchange_client(acme)

    assert "acme (helix-acme 1.2)" in str(caught.value)
    assert said in str(caught.value)


def test_testnet_is_refused_where_there_is_none(site: Site, acme: ExchangeConfig) -> None:
    """The owner is told of paper."""
    install(site)

    with pytest.raises(ConfigError, match=r"Acme has no testnet. Set it to paper"):
        site.load().exchange_client(replace(acme, mode=TradingMode.TESTNET))


@pytest.mark.parametrize(
    ("testnet", "modes"),
    [(False, ["paper", "live"]), (True, ["testnet", "paper", "live"])],
)
def test_the_modes_of_an_exchange_are_its_drivers(site: Site, testnet: bool, modes: list[str]) -> None:
    """The settings ask this to choose the safest default."""
    install(site, DRIVER.replace("testnet=False", f"testnet={testnet}"))

    assert [str(mode) for mode in exchange_modes("acme", SystemClock())] == modes


def test_installed_exchanges_are_listed_without_importing(site: Site) -> None:
    """Entry points are read, not followed."""
    install(site, "raise RuntimeError('imported')")

    assert "acme" in installed_exchanges()
    assert "plugin_helix_acme" not in sys.modules
