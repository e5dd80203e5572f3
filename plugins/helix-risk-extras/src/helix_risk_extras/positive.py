"""A limit as the owner wrote it: an exact number above zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import ConfigError, plain

if TYPE_CHECKING:
    from decimal import Decimal

    from helix_core import PluginConfig


def positive(config: PluginConfig, key: str) -> Decimal:
    """Return the setting `key`. Raises ConfigError unless it is a number above zero."""
    value = config.decimal(key)
    if value <= 0:
        raise ConfigError(
            f"{key} of the plugin {config.name} is {plain(value)}. Write a number above 0, or delete the line."
        )
    return value
