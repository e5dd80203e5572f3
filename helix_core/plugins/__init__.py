"""Plugins: found by entry point, each asked by itself, everything checked before the first order.

    provider.py    who provides a plugin: its name, its distribution, how it is imported
    registry.py    pluggy, one plugin at a time: register it, ask it, blame it by name
    collecting.py  what came back from a hook: the right type, a name of its own
    exchanges.py   the one driver that ACTIVE_EXCHANGE names; no other is imported
    loading.py     all of the above in order, keeping every problem
    catalogue.py   what is installed, told without settings
    introductions.py  who can find the owner, for `helix init`
    loaded.py      `Plugins`: what the rest of Helix gets

A plugin that fails stops the start. There is no half-loaded Helix: what did not load could be a risk check.
"""

from helix_core.plugins.catalogue import catalogue, default_signal_source
from helix_core.plugins.exchanges import exchange_modes, installed_exchanges, keyless_client
from helix_core.plugins.introductions import introductions
from helix_core.plugins.loaded import Plugins, installed_plugins
from helix_core.plugins.provider import DEFAULT_PLUGINS

__all__ = [
    "DEFAULT_PLUGINS",
    "Plugins",
    "catalogue",
    "default_signal_source",
    "exchange_modes",
    "installed_exchanges",
    "installed_plugins",
    "introductions",
    "keyless_client",
]
