"""Who can find the owner: asked of every plugin by `helix init`, before there are settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.config import PluginConfig
from helix_core.contracts.introduction import Introduction
from helix_core.plugins.collecting import Collected
from helix_core.plugins.loading import PLUGIN_HOOKS
from helix_core.plugins.provider import DEFAULT_PLUGINS, PLUGIN_GROUP, first_party, installed
from helix_core.plugins.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Collection

_HOOK = "helix_introductions"


def introductions(disabled: Collection[str]) -> dict[str, Introduction]:
    """The introduction of each plugin that has one, by the plugin's name. Raises PluginError for a broken plugin."""
    found: dict[str, Introduction] = {}
    for provider in (*first_party(DEFAULT_PLUGINS), *installed(PLUGIN_GROUP)):
        if provider.name in disabled:
            continue
        registry, answers = Registry(), Collected(_HOOK, Introduction)
        registry.add(provider, provider.load(), allowed=PLUGIN_HOOKS)
        if _HOOK in registry.hooks(provider):
            answers.take(provider, registry.ask(provider, _HOOK, PluginConfig(name=provider.name)))
            for answer in answers.objects:
                found[provider.name] = answer
    return found
