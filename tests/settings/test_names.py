"""Names: unknown ones, misspelt ones, other drivers', plugins'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from tests.settings.conftest import Bot


@pytest.mark.parametrize("name", ["settings.toml", ".secrets.toml"])
@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("RISK_PER_TRADE_PTC", "RISK_PER_TRADE_PCT"),
        ("risk_per_trade_ptc", "RISK_PER_TRADE_PCT"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN"),
    ],
)
def test_a_misspelt_key_in_a_file_is_an_error(bot: Bot, name: str, key: str, meant: str) -> None:
    """The answer is a question: did you mean ...?"""
    bot.write(name, f'{key} = "1"\n')

    with pytest.raises(ConfigError) as caught:
        bot.load()

    assert caught.value.problems == (f"{key.upper()} ({name}) is not a setting. Did you mean {meant}?",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "COLOUR=red\n"),
        (".env", "RISK_COLOUR=red\n"),
        ("settings.toml", 'COLOUR = "red"\n'),
        ("settings.toml", "PLUGINS__x__y = 1\n"),
        ("settings.toml", "[colours]\nred = 1\n"),
    ],
)
def test_an_unknown_key_in_a_file_is_an_error(bot: Bot, name: str, text: str) -> None:
    """Helix's own files hold nothing that Helix does not know, not even below a plugin's first word."""
    bot.write(name, text)

    with pytest.raises(ConfigError, match="is not a setting"):
        bot.load()


def test_the_environment_is_shared_with_other_programs(bot: Bot) -> None:
    """There only a near miss is an error."""
    bot.load(PATH="/bin", COLOUR="red", HOSTNAME="h", LC_ALL="C", RISK_COLOUR="red", X__Y="1")

    for slip, meant in (("RISK_PER_TRADE_PTC", "RISK_PER_TRADE_PCT"), ("trading_mode", "TRADING_MODE")):
        with pytest.raises(ConfigError, match=f"{slip} .the environment. is not a setting. Did you mean {meant}"):
            bot.load(**{slip: "1"})


def test_other_drivers_credentials_are_not_read(bot: Bot) -> None:
    """Keys of a driver that is not active are neither checked, nor kept, nor shown."""
    bot.write(".secrets.toml", 'ZENITH_API_KEY = 5\nZENITH_API_SECRET = "planted-zenith"\n')
    bot.write(".env", "ZENITH_BASE_URL=planted-zenith\n")

    settings = bot.load(ZENITH_WS_URL="planted-zenith")

    assert settings.api_key == SecretStr("planted-acme-api-key")
    assert not any("zenith" in secret.get_secret_value() for secret in settings.secrets)
    assert "ZENITH" not in str(settings.describe())


def test_a_slip_in_a_drivers_name_is_warned_of(bot: Bot) -> None:
    """ACNE_BASE_URL looks like another driver's, but then orders would go elsewhere than the owner thinks."""
    settings = bot.load(ACNE_BASE_URL="http://127.0.0.1:1")

    assert settings.exchange_base_url is None
    (warning,) = settings.warnings
    assert warning.startswith("ACNE_BASE_URL (the environment) is not read")
    assert warning.endswith("Did you mean ACME_BASE_URL?")


def test_the_active_exchange_decides_whose_names_count(bot: Bot) -> None:
    """A name with a hyphen is written with an underscore in variables."""
    settings = bot.load(
        ACTIVE_EXCHANGE="acme-us",
        ACME_US_API_KEY="the-key",
        ACME_US_API_SECRET="the-secret",
        ACME_US_WS_URL="wss://a.test",
    )

    assert (settings.api_key, settings.exchange_ws_url) == (SecretStr("the-key"), "wss://a.test")
    assert ("ACME_US_API_KEY", "set", "the environment") in settings.describe()


def test_a_plugin_sees_its_own_settings_only(bot: Bot) -> None:
    """Its section, variables that begin with its name, and none of Helix's own secrets."""
    bot.write("settings.toml", '[plugins.max-spread]\nlimit_pct = "0.1"\nLevels = [1, 2]\n')
    bot.write(".secrets.toml", '[plugins.max-spread]\nwebhook = "planted-hook"\nmore = ["planted-more"]\n')

    settings = bot.load(MAX_SPREAD_LIMIT_PCT="0.2", MAX_SPREAD_TOKEN="planted-token")

    assert settings.plugin_values("max-spread") == {
        "limit_pct": "0.2",
        "levels": [1, 2],
        "webhook": SecretStr("planted-hook"),
        "more": (SecretStr("planted-more"),),
        "token": SecretStr("planted-token"),
    }
    assert settings.plugin_values("webhook") == settings.plugin_values("acme") == {}
    assert ("plugins.max-spread.token", "set", "the environment") in settings.describe()


def test_the_first_party_notifiers_get_their_variables(bot: Bot) -> None:
    """TELEGRAM_* and APPRISE_* arrive without their prefix; what is not set does not arrive at all."""
    settings = bot.load(APPRISE_URLS="ntfys://topic")

    assert settings.plugin_values("telegram") == {
        "bot_token": SecretStr("123456:planted-bot-token"),
        "chat_id": "-1001234567",
    }
    assert settings.plugin_values("apprise") == {"urls": (SecretStr("ntfys://topic"),)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[plugins.max-spred]\nx = 1\n", "Did you mean [plugins.max-spread]?"),
        ("[plugins.colour]\nx = 1\n", "Install the plugin or delete the section."),
        ("[plugins]\nmax-spread = 1\n", "is not a section"),
        ("plugins = 1\n", "PLUGINS (settings.toml) is not a setting"),
        ('[plugins.telegram]\nbot_token = "1:x"\n', "Write it as TELEGRAM_BOT_TOKEN, above all sections."),
    ],
)
def test_a_section_that_nobody_reads_is_an_error(bot: Bot, text: str, said: str) -> None:
    """A setting that has no effect would be believed to have one."""
    bot.write("settings.toml", text)

    with pytest.raises(ConfigError) as caught:
        bot.load()

    assert said in str(caught.value)
