"""The hooks. Each only hands over objects, once; nothing ever trades through a hook.

A plugin is a module (or object) with functions of these names marked `@hookimpl`. Helix asks each plugin by itself,
with that plugin's own configuration, so every answer has an owner. All are asked at boot, introductions by
`helix init` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_core.config import ExchangeConfig, PluginConfig
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.contracts.introduction import Introduction
    from helix_core.contracts.notifier import Notifier
    from helix_core.contracts.risk import RiskCheck
    from helix_core.contracts.signal_source import SignalSource

API_VERSION = 1
"""Grows when a hook or a contract changes in a way that breaks plugins."""

hookspec = pluggy.HookspecMarker("helix")
hookimpl = pluggy.HookimplMarker("helix")


@hookspec
def helix_exchanges(config: ExchangeConfig) -> Iterable[ExchangeClient]:  # type: ignore[empty-body]
    """Return the exchange client for `config`. No network here: that is what `connect` is for."""


@hookspec
def helix_risk_checks(config: PluginConfig) -> Iterable[RiskCheck]:  # type: ignore[empty-body]
    """Return risk checks. They are added to the seven gates and can only narrow what is allowed."""


@hookspec
def helix_notifiers(config: PluginConfig) -> Iterable[Notifier]:  # type: ignore[empty-body]
    """Return notifiers."""


@hookspec
def helix_signal_sources(config: PluginConfig) -> Iterable[SignalSource]:  # type: ignore[empty-body]
    """Return signal sources."""


@hookspec
def helix_introductions(config: PluginConfig) -> Iterable[Introduction]:  # type: ignore[empty-body]
    """Return how `helix init` finds the owner. `config` lacks what nobody has answered yet."""
