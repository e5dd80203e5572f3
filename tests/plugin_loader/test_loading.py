"""What a healthy set of plugins gives, in which order, and with whose settings."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from helix_core import ENTRY_GATES, ConfigError
from helix_core.plugins import DEFAULT_PLUGINS, Plugins, catalogue, default_signal_source, installed_plugins

if TYPE_CHECKING:
    from tests.plugin_loader.conftest import Site

MAX_SPREAD = """
@hookimpl
def helix_risk_checks(config):
    check = MaxSpread()
    check.seen = config
    return [check]
"""


def test_the_first_party_plugins_load() -> None:
    """Helix as it is shipped: seven gates, a signal source, notifiers; nothing imported by statement."""
    plugins = Plugins.load(lambda _name: {}, disabled=("telegram",))

    assert [check.name for check in plugins.risk_checks] == list(ENTRY_GATES)
    assert len(plugins.signal_sources) == 1
    assert "log" in [notifier.name for notifier in plugins.notifiers]
    assert {row["name"] for row in plugins.listing() if row["distribution"] == "helix-core"} == {
        module.rpartition(".")[2] for module in DEFAULT_PLUGINS
    }


def test_a_third_party_check_is_added_to_the_gates(site: Site) -> None:
    """It comes after the seven, and is given its own settings and nobody else's."""
    site.install(MAX_SPREAD)

    plugins = site.load(values={"max_spread": {"limit": "0.1"}, "risk": {"secret": "of another"}})

    *gates, check = plugins.risk_checks
    assert [gate.name for gate in gates] == list(ENTRY_GATES)
    assert vars(check)["seen"].name == "max_spread"
    assert vars(check)["seen"].values == {"limit": "0.1"}


def test_plugins_are_sorted_by_name(site: Site) -> None:
    """The order does not hang on the file system."""
    for name in ("zebra", "ant", "mole"):
        source = f"{MAX_SPREAD}\nMaxSpread.name = '{name}'\n"
        site.install(source, name=name, distribution=f"helix-{name}")

    names = [check.name for check in site.load().risk_checks]

    assert names[7:] == ["ant", "mole", "zebra"]


def test_a_plugin_may_be_an_object_and_a_generator(site: Site) -> None:
    """An entry point can name an object of a module, and a hook can yield."""
    source = """
class Plugin:
    @hookimpl
    def helix_risk_checks(self):
        yield MaxSpread()

plugin = Plugin()
"""
    site.install(source, target=":plugin")

    assert site.load().risk_checks[-1].name == "max_spread"


def test_a_plugin_may_have_nothing_to_give(site: Site) -> None:
    """A notifier without an address returns an empty list, which is an answer."""
    site.install("@hookimpl\ndef helix_notifiers():\n    return []\n")

    assert site.load().notifiers == ()


def test_a_disabled_plugin_is_not_even_imported(site: Site) -> None:
    """Nor does it get a word in: its code may be what is broken."""
    site.install("raise RuntimeError('imported')")

    plugins = site.load(disabled=("max_spread",))

    assert "plugin_helix_max_spread" not in sys.modules
    assert {"name": "max_spread", "status": "disabled"}.items() <= plugins.listing()[2].items()


def test_two_loads_know_nothing_of_each_other(site: Site) -> None:
    """There is no global manager: the second load registers the same modules again."""
    site.install(MAX_SPREAD)

    first, second = site.load(), site.load()

    assert first.risk_checks[-1] is not second.risk_checks[-1]


def test_the_listing_names_everything(site: Site) -> None:
    """Name, distribution, version, kinds and status; exchanges too, none of them imported."""
    site.install(MAX_SPREAD)
    site.install("raise RuntimeError('imported')", group="helix.exchanges", name="acme", distribution="helix-acme")

    rows = {str(row["name"]): row for row in site.load().listing()}

    assert rows["max_spread"] == {
        "name": "max_spread",
        "distribution": "helix-max-spread",
        "version": "1.2",
        "kinds": ["risk_checks"],
        "status": "loaded",
    }
    assert rows["risk"]["distribution"] == "helix-core"
    assert rows["acme"] == {
        "name": "acme",
        "distribution": "helix-acme",
        "version": "1.2",
        "kinds": ["exchange"],
        "status": "installed",
    }


def test_what_is_installed_is_known_without_importing(site: Site) -> None:
    """The settings ask for these names to find misspelt sections."""
    site.install("raise RuntimeError('imported')")

    assert {"max_spread", "telegram", "risk"} <= set(installed_plugins())
    assert "plugin_helix_max_spread" not in sys.modules


def test_the_catalogue_needs_no_settings(site: Site) -> None:
    """It tells what is installed and what is broken, and imports no driver."""
    site.install(MAX_SPREAD)
    site.install("import no_such_module_anywhere", name="sad", distribution="helix-sad")
    site.install("raise RuntimeError('imported')", group="helix.exchanges", name="acme", distribution="helix-acme")

    rows = {str(row["name"]): row for row in catalogue()}

    assert (rows["max_spread"]["kinds"], rows["max_spread"]["status"]) == (["risk_checks"], "installed")
    assert rows["telegram"]["kinds"] == ["notifiers"]
    assert str(rows["sad"]["status"]).startswith("broken: The plugin sad (helix-sad 1.2) could not be imported")
    assert (rows["acme"]["kinds"], rows["acme"]["status"]) == (["exchange"], "installed")


def test_the_reader_of_alerts_needs_no_settings() -> None:
    """`helix payload` reads an alert where no bot is set up."""
    assert default_signal_source().name == "tradingview"


@pytest.mark.parametrize("name", ["risk", *ENTRY_GATES])
def test_no_gate_can_be_disabled(site: Site, name: str) -> None:
    """Neither by its own name nor together with the others."""
    with pytest.raises(ConfigError, match=f"has {name} in it, and no setting switches a gate off"):
        site.load(disabled=(name,))


def test_disabling_what_is_not_there_is_an_error(site: Site) -> None:
    """A misspelt name would leave the plugin running."""
    site.install(MAX_SPREAD)

    with pytest.raises(ConfigError, match=r"has max_spred in it.*Did you mean max_spread\?"):
        site.load(disabled=("max_spred",))


def test_a_webhook_without_a_reader_does_not_start(site: Site) -> None:
    """Disabling the only signal source leaves nothing that could read an alert."""
    with pytest.raises(ConfigError, match="No plugin reads signals"):
        site.load(disabled=("posts",))
