"""Every setting with its type, its range and its default. `settings.toml` says the same to the owner."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from helix_core.config import EntryStyle, TradingMode
from helix_core.domain.limits import RiskLimits
from helix_core.settings.addresses import Host, HttpOrigin, Networks, SocketOrigin
from helix_core.settings.names import Names
from helix_core.settings.numbers import number, only_one, whole
from helix_core.settings.sealed import (
    AppriseUrls,
    BotToken,
    DatabaseUrl,
    Secret,
    StatusToken,
    WebhookSecrets,
    password_of,
)
from helix_core.settings.showing import Row, rows
from helix_core.settings.words import (
    LIVE_PHRASE,
    ChatId,
    Confirmation,
    DisabledPlugins,
    Flag,
    LogLevel,
    Mode,
    Name,
    Pair,
    Style,
    text_of,
)

_SHARED_WITH_PLUGINS = (
    "telegram_bot_token",
    "telegram_chat_id",
    "telegram_base_url",
    "apprise_urls",
    "paper_balance",
)


def _file_path(raw: object) -> Path:
    text = text_of(str(raw) if isinstance(raw, Path) else raw)
    if not text:
        message = "is empty. Name a file, such as logs/audit.log."
        raise ValueError(message)
    return Path(text)


def _sealed(sections: Mapping[str, Mapping[str, object]]) -> Mapping[str, Mapping[str, object]]:
    return MappingProxyType({name: MappingProxyType(dict(values)) for name, values in sections.items()})


class Settings(BaseModel):
    """All settings, checked and frozen. Percentages are percent (1.0 is 1 %), money is in quote currency.

    Secrets are SecretStr. Neither `repr` nor `model_dump` shows one, nor the plugins' sections.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)

    active_exchange: Name
    trading_mode: Mode = TradingMode.TESTNET
    live_confirmation: Confirmation = None
    trading_pair: Pair = "BTC/USDT"

    api_key: Secret = None
    api_secret: Secret = None
    exchange_base_url: HttpOrigin = None
    exchange_ws_url: SocketOrigin = None

    paper_balance: Annotated[Decimal, number("0.00000001", "1000000000", example="10000")] = Decimal(10_000)

    risk_per_trade_pct: Annotated[Decimal, number("0.01", "10", example="1.0")] = Decimal("1.0")
    stop_loss_pct: Annotated[Decimal, number("0.1", "50", example="2.0")] = Decimal("2.0")
    max_daily_loss_pct: Annotated[Decimal, number("0.1", "25", example="3.0")] = Decimal("3.0")
    max_drawdown_pct: Annotated[Decimal, number("0.1", "50", example="15.0")] = Decimal("15.0")
    max_consecutive_losses: Annotated[int, whole(1, 100, example=5)] = 5
    min_balance: Annotated[Decimal, number("0", "1000000000", example="50")] = Decimal(50)
    max_positions: Annotated[int, only_one] = 1
    dedup_window_s: Annotated[int, whole(1, 86_400, example=60)] = 60
    max_signal_age_s: Annotated[int, whole(1, 86_400, example=120)] = 120
    auto_resume: Flag = False
    entry_style: Style = EntryStyle.MARKET

    webhook_secrets: WebhookSecrets
    webhook_secret_in_path: Flag = False
    webhook_allowed_ips: Networks = ()
    webhook_limit_per_minute: Annotated[int, whole(1, 10_000, example=10)] = 10
    health_limit_per_minute: Annotated[int, whole(1, 10_000, example=30)] = 30
    trusted_proxies: Networks = ()
    status_token: StatusToken = None
    host: Host = "0.0.0.0"  # noqa: S104 - the webhook is there to be reached; WEBHOOK_SECRET guards it
    port: Annotated[int, whole(1, 65_535, example=8000)] = 8000

    telegram_bot_token: BotToken = None
    telegram_chat_id: ChatId = None
    telegram_base_url: HttpOrigin = None
    apprise_urls: AppriseUrls = ()

    database_url: DatabaseUrl = SecretStr("sqlite+aiosqlite:///data/helix.db")
    audit_log_path: Annotated[Path, BeforeValidator(_file_path)] = Path("logs/audit.log")
    log_level: LogLevel = "INFO"
    disabled_plugins: DisabledPlugins = ()

    plugin_sections: Annotated[Mapping[str, Mapping[str, object]], AfterValidator(_sealed)] = Field(
        default_factory=dict, repr=False, exclude=True
    )
    origins: Annotated[Mapping[str, str], AfterValidator(MappingProxyType)] = Field(
        default_factory=dict, repr=False, exclude=True
    )
    warnings: tuple[str, ...] = Field(default=(), exclude=True)

    @property
    def limits(self) -> RiskLimits:
        """The limits as the gates and the sizing read them."""
        return RiskLimits(
            risk_per_trade_pct=self.risk_per_trade_pct,
            stop_loss_pct=self.stop_loss_pct,
            max_daily_loss_pct=self.max_daily_loss_pct,
            max_drawdown_pct=self.max_drawdown_pct,
            max_consecutive_losses=self.max_consecutive_losses,
            max_positions=self.max_positions,
            min_balance=self.min_balance,
            dedup_window_s=self.dedup_window_s,
            max_signal_age_s=self.max_signal_age_s,
        )

    @property
    def live_confirmed(self) -> bool:
        """True when LIVE_CONFIRMATION holds the phrase. Otherwise it must be typed at a terminal."""
        return self.live_confirmation == LIVE_PHRASE

    def plugin_values(self, name: str) -> Mapping[str, object]:
        """What one plugin or driver may see: its own section, and the settings whose names begin with its own."""
        prefix = f"{name}_"
        shared = {
            field.removeprefix(prefix): getattr(self, field)
            for field in _SHARED_WITH_PLUGINS
            if field.startswith(prefix)
        }
        given = {key: value for key, value in shared.items() if value not in (None, ())}
        return MappingProxyType({**self.plugin_sections.get(name, {}), **given})

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """Every secret there is, for the log's scrubber."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "database_url"}
        password = password_of(self.database_url)
        return (*_secrets_in(fields), *([password] if password else []))

    def describe(self) -> list[Row]:
        """Name, value as it may be shown and source of every setting; a secret is "set" or "not set"."""
        names = Names.known(type(self).model_fields, self.active_exchange, ())
        return rows(self, names)


def _secrets_in(value: object) -> tuple[SecretStr, ...]:
    if isinstance(value, SecretStr):
        return (value,)
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        return tuple(secret for entry in value for secret in _secrets_in(entry))
    return ()
