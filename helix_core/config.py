"""What a plugin is given: its own section of the settings and nothing of anyone else's."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from helix_core.domain.money import exact
from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from pydantic import SecretStr

    from helix_core.clock import Clock
    from helix_core.contracts.exchange import ExchangeClient
    from helix_core.contracts.memory import Memory


class TradingMode(StrEnum):
    """Where orders go: the venue's test environment, the real market, or a simulation on live prices."""

    TESTNET = "testnet"
    LIVE = "live"
    PAPER = "paper"


class EntryStyle(StrEnum):
    """How an entry goes out: at market and its stop right after it, or both in one request where the market allows."""

    MARKET = "market"
    ATOMIC = "atomic"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginConfig:
    """The settings of one plugin: its section `[plugins.NAME]`, and every setting whose name starts with `NAME_`.

    Keys are lower case without that prefix. Secrets are SecretStr: call `get_secret_value()` only where they are sent.
    """

    name: str
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, key: str, default: str | None = None) -> str:
        """A text. Raises ConfigError when it is not set and has no default."""
        value = self._value(key, default)
        if not isinstance(value, str):
            raise self._wrong(key, value, "a text")
        return value

    def secret(self, key: str) -> SecretStr:
        """A secret. Raises ConfigError when it is not set."""
        from pydantic import SecretStr  # noqa: PLC0415 - only a plugin with a secret needs it

        value = self._value(key, None)
        return value if isinstance(value, SecretStr) else SecretStr(str(value))

    def decimal(self, key: str, default: str | None = None) -> Decimal:
        """An exact number, written as text in TOML. Raises ConfigError for a float or anything else."""
        value = self._value(key, default)
        try:
            return exact(value)
        except (TypeError, ValueError) as error:
            raise self._wrong(key, value, 'a number in quotes, like "0.5"') from error

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number. Raises ConfigError for anything else."""
        value = self.decimal(key, None if default is None else str(default))
        if value != int(value):
            raise self._wrong(key, value, "a whole number")
        return int(value)

    def _value(self, key: str, default: object) -> object:
        value = self.values.get(key, default)
        if value is None:
            message = f"{self._variable(key)} is not set. The plugin {self.name} needs it."
            raise ConfigError(message)
        return value

    def _wrong(self, key: str, value: object, wanted: str) -> ConfigError:
        return ConfigError(f"{self._variable(key)} is {value!r}. Write {wanted}.")

    def _variable(self, key: str) -> str:
        """What the setting is called in the environment."""
        return f"{self.name}_{key}".upper().replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeConfig(PluginConfig):
    """What a driver is given. `base_url` and `ws_url` replace the venue's own origins when set.

    `api_key` and `api_secret` are None in paper mode: then a driver gives public market data only, and the paper
    plugin, given the driver's client as `venue` and a `memory`, fills orders by it. `open_session`, when set, opens the
    HTTP session in place of the driver's own: a simulation's, with aiohttp's shape.
    """

    mode: TradingMode
    symbol: str
    clock: Clock
    api_key: SecretStr | None = None
    api_secret: SecretStr | None = None
    base_url: str | None = None
    ws_url: str | None = None
    open_session: Callable[[], Any] | None = None
    venue: ExchangeClient | None = None
    memory: Memory | None = None
