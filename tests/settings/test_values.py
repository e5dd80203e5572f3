"""What each setting accepts, and what is said when it does not."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from helix_core.config import EntryStyle, TradingMode
from helix_core.domain.limits import RiskLimits
from helix_core.domain.risk import ENTRY_GATES
from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from tests.settings.conftest import Bot


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[(name, text) for name in ("RISK_PER_TRADE_PCT", "STOP_LOSS_PCT") for text in ("nan", "inf", "1,5", "", "-1")],
        ("RISK_PER_TRADE_PCT", "0"),
        ("RISK_PER_TRADE_PCT", "10.01"),
        ("RISK_PER_TRADE_PCT", "٢"),
        ("STOP_LOSS_PCT", "0.09"),
        ("STOP_LOSS_PCT", "50.1"),
        ("MAX_DAILY_LOSS_PCT", "0"),
        ("MAX_DAILY_LOSS_PCT", "26"),
        ("MAX_DRAWDOWN_PCT", "51"),
        ("MAX_CONSECUTIVE_LOSSES", "0"),
        ("MAX_CONSECUTIVE_LOSSES", "2.5"),
        ("MIN_BALANCE", "-1"),
        ("MAX_POSITIONS", "2"),
        ("MAX_POSITIONS", "0"),
        ("DEDUP_WINDOW_S", "0"),
        ("MAX_SIGNAL_AGE_S", "-5"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("HOST", "not a host"),
        ("TRADING_PAIR", "BTCUSDT"),
        ("TRADING_PAIR", "btc/usdt"),
        ("LOG_LEVEL", "LOUD"),
        ("TRADING_MODE", "papr"),
        ("AUTO_RESUME", "maybe"),
        ("ENTRY_STYLE", "oco"),
        ("WEBHOOK_SECRET_IN_PATH", ""),
        ("WEBHOOK_LIMIT_PER_MINUTE", "0"),
        ("WEBHOOK_ALLOWED_IPS", "tradingview, 300.1.1.1"),
        ("TRUSTED_PROXIES", "*"),
        ("LIVE_CONFIRMATION", "i-understand-the-risk"),
        ("TELEGRAM_CHAT_ID", "@me"),
        ("TELEGRAM_BOT_TOKEN", "no-digits"),
        ("WEBHOOK_SECRET", "fifteen-letters"),
        ("WEBHOOK_SECRET", "long-enough-for-one,short"),
        ("STATUS_TOKEN", "short"),
        ("APPRISE_URLS", "discord"),
        ("DATABASE_URL", "sqlite:///data/helix.db"),
        ("DATABASE_URL", "sqlite+aiosqlite:///:memory:"),
        ("DATABASE_URL", "sqlite+aiosqlite:///file:x?mode=memory&uri=true"),
        ("AUDIT_LOG_PATH", ""),
        ("ACME_API_KEY", " with-a-space-before"),
        ("ACME_API_SECRET", "with-a-line-break\n"),
        ("ACTIVE_EXCHANGE", "no such/name"),
        *[("DISABLED_PLUGINS", gate) for gate in ENTRY_GATES],
    ],
)
def test_a_wrong_value_is_refused_by_name(bot: Bot, name: str, text: str) -> None:
    """One wrong value gives one problem: the variable, the source, and a fix."""
    with pytest.raises(ConfigError) as caught:
        bot.load(**{name: text})

    (problem,) = caught.value.problems
    assert problem.startswith(name)
    assert "(the environment)" in problem
    assert problem.endswith(".")


@pytest.mark.parametrize("name", ["ACME_BASE_URL", "TELEGRAM_BASE_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "http://198.51.100.7:8080",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "https://user:password@proxy.example.com",
        "https://proxy.example.com/path",
        "https://proxy.example.com?x=1",
        "https://proxy.example.com:99999",
        "https://",
        "proxy.example.com",
        "ftp://127.0.0.1",
        "https://[::1",
    ],
)
def test_an_origin_is_scheme_host_and_port(bot: Bot, name: str, url: str) -> None:
    """Anything more, and anything unencrypted beyond this machine, is refused and not quoted."""
    with pytest.raises(ConfigError) as caught:
        bot.load(**{name: url})

    assert name in str(caught.value)
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8900", "http://localhost", "http://[::1]:80", "https://proxy.test:1"]
)
def test_origins_that_are_fine(bot: Bot, url: str) -> None:
    """Loopback may be plain; everywhere else is encrypted. A slash at the end does not matter."""
    settings = bot.load(ACME_BASE_URL=url + "/", ACME_WS_URL=url.replace("http", "ws"))

    assert (settings.exchange_base_url, settings.exchange_ws_url) == (url, url.replace("http", "ws"))


def test_streams_are_encrypted_too(bot: Bot) -> None:
    """ws:// is for this machine only, and https:// is no stream."""
    for url in ("ws://198.51.100.7", "https://127.0.0.1"):
        with pytest.raises(ConfigError, match="ACME_WS_URL"):
            bot.load(ACME_WS_URL=url)


def test_every_kind_of_value_is_read(bot: Bot) -> None:
    """Text from the environment becomes the type that the setting has."""
    settings = bot.load(
        ACTIVE_EXCHANGE="Acme",
        TRADING_MODE="LIVE",
        LIVE_CONFIRMATION="I-UNDERSTAND-THE-RISK",
        WEBHOOK_SECRET="the-old-secret-of-16, the-new-secret-of-16",
        APPRISE_URLS="discord://id/token?to=a,b, ntfys://topic",
        WEBHOOK_ALLOWED_IPS="tradingview, 10.0.0.0/8",
        DISABLED_PLUGINS="telegram,apprise",
        AUTO_RESUME="Yes",
        ENTRY_STYLE="Atomic",
        HOST="::1",
    )

    assert settings.active_exchange == "acme"
    assert settings.trading_mode is TradingMode.LIVE
    assert settings.live_confirmed
    assert [secret.get_secret_value() for secret in settings.webhook_secrets] == [
        "the-old-secret-of-16",
        "the-new-secret-of-16",
    ]
    assert [url.get_secret_value() for url in settings.apprise_urls] == ["discord://id/token?to=a,b", "ntfys://topic"]
    assert len(settings.webhook_allowed_ips) == 5
    assert ip_network("10.0.0.0/8") in settings.webhook_allowed_ips
    assert settings.disabled_plugins == ("telegram", "apprise")
    assert settings.auto_resume
    assert settings.entry_style is EntryStyle.ATOMIC
    assert settings.host == "::1"


def test_an_empty_optional_value_is_not_set(bot: Bot) -> None:
    """docker compose hands through empty variables; they mean the same as none."""
    settings = bot.load(LIVE_CONFIRMATION="", STATUS_TOKEN="", ACME_BASE_URL="", TRUSTED_PROXIES="", APPRISE_URLS="")

    assert (settings.live_confirmed, settings.status_token, settings.exchange_base_url) == (False, None, None)
    assert (settings.trusted_proxies, settings.apprise_urls) == ((), ())


def test_toml_types_are_read(bot: Bot) -> None:
    """A list, a flag and a chat's number may be written the TOML way; a secret without quotes may not."""
    bot.write(
        ".secrets.toml", 'WEBHOOK_SECRET = ["the-old-secret-of-16", "the-new-secret-of-16"]\nTELEGRAM_CHAT_ID = -5\n'
    )
    bot.write("settings.toml", 'AUTO_RESUME = true\nDISABLED_PLUGINS = ["apprise"]\n')

    settings = bot.load(WEBHOOK_SECRET=None, TELEGRAM_CHAT_ID=None)

    assert (len(settings.webhook_secrets), settings.telegram_chat_id, settings.auto_resume) == (2, "-5", True)
    bot.write(".secrets.toml", "WEBHOOK_SECRET = 1234567890123456789\n")
    with pytest.raises(ConfigError, match=r"WEBHOOK_SECRET \(.secrets.toml\): is not text. Put it in quotes"):
        bot.load(WEBHOOK_SECRET=None)


def test_the_limits_are_the_owners(bot: Bot) -> None:
    """The gates read the same numbers that the owner wrote."""
    settings = bot.load(RISK_PER_TRADE_PCT="0.5", MIN_BALANCE="75.50", DEDUP_WINDOW_S="30")

    assert settings.limits == RiskLimits(
        risk_per_trade_pct=Decimal("0.5"),
        stop_loss_pct=Decimal("2.0"),
        max_daily_loss_pct=Decimal("3.0"),
        max_drawdown_pct=Decimal("15.0"),
        max_consecutive_losses=5,
        max_positions=1,
        min_balance=Decimal("75.50"),
        dedup_window_s=30,
        max_signal_age_s=120,
    )
