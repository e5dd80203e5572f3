"""No secret shows, however the settings are looked at; and what is loaded stays as it is."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from tests.settings.conftest import Bot

PLANTED = {
    "ACME_API_KEY": "planted-acme-api-key",
    "ACME_API_SECRET": "planted-acme-api-secret",
    "WEBHOOK_SECRET": "planted-webhook-1,planted-webhook-2",
    "TELEGRAM_BOT_TOKEN": "123456:planted-bot-token",
    "STATUS_TOKEN": "planted-status-token",
    "APPRISE_URLS": "discord://planted-id/planted-apprise, ntfys://planted-topic",
    "DATABASE_URL": "postgresql+asyncpg://helix:planted%2Fdatabase@db.test/helix",
    "MAX_SPREAD_TOKEN": "planted-plugin-token",
}


def test_nothing_shows_a_secret(bot: Bot) -> None:
    """repr, str, dumps, rows for `helix check`, and the plugin's section in each of them."""
    bot.write(".secrets.toml", '[plugins.max-spread]\nhook = "planted-plugin-hook"\n')
    settings = bot.load(**PLANTED)

    shown = [
        repr(settings),
        str(settings),
        str(settings.model_dump()),
        settings.model_dump_json(),
        str(settings.describe()),
        str(settings.plugin_values("max-spread")),
        str(settings.plugin_values("telegram")),
        repr(copy.copy(settings)),
    ]

    assert not [text for text in shown if "planted" in text]
    assert ("DATABASE_URL", "postgresql+asyncpg://helix:***@db.test/helix", "the environment") in settings.describe()


def test_the_scrubber_learns_every_secret(bot: Bot) -> None:
    """Nothing planted is missing from `secrets`."""
    bot.write(".secrets.toml", '[plugins.max-spread]\nhook = "planted-plugin-hook"\n')

    found = {secret.get_secret_value() for secret in bot.load(**PLANTED).secrets}

    assert found == {
        "planted-acme-api-key",
        "planted-acme-api-secret",
        "planted-webhook-1",
        "planted-webhook-2",
        "123456:planted-bot-token",
        "planted-status-token",
        "discord://planted-id/planted-apprise",
        "ntfys://planted-topic",
        "planted/database",
        "planted-plugin-token",
        "planted-plugin-hook",
    }


@pytest.mark.parametrize("name", sorted({*PLANTED} - {"MAX_SPREAD_TOKEN"}))
def test_an_error_never_quotes_a_secret(bot: Bot, name: str) -> None:
    """Not when the secret itself is wrong, and not when it was pasted into another setting as well."""
    wrong = f"planted secret\n{PLANTED[name]}"
    with pytest.raises(ConfigError) as caught:
        bot.load(**{**PLANTED, name: wrong, "TELEGRAM_CHAT_ID": wrong, "LIVE_CONFIRMATION": wrong})

    assert name in str(caught.value)
    assert "planted" not in str(caught.value)
    assert "planted" not in repr(caught.value.__cause__) + repr(caught.value.__context__)


def test_a_secret_pasted_into_the_wrong_place_is_masked(bot: Bot) -> None:
    """The pair is quoted in its error, the key in it is not."""
    with pytest.raises(ConfigError) as caught:
        bot.load(TRADING_PAIR="planted-acme-api-key", WEBHOOK_SECRET="planted-webhook-1,planted-webhook-2")

    assert caught.value.problems[0].startswith("TRADING_PAIR is '***'")


def test_a_secret_in_settings_toml_is_warned_of(bot: Bot) -> None:
    """That file is committed to git and shown to friends."""
    bot.write("settings.toml", 'WEBHOOK_SECRET = "planted-webhook-secret"\n')

    (warning,) = bot.load(WEBHOOK_SECRET=None).warnings

    assert warning == "WEBHOOK_SECRET is a secret, and settings.toml is no place for one. Move it to .secrets.toml."


def test_settings_are_frozen(bot: Bot) -> None:
    """Nobody changes a limit while the bot runs."""
    settings = bot.load()

    with pytest.raises(ValidationError):
        settings.max_positions = 5
    with pytest.raises(TypeError):
        settings.origins["PORT"] = "nowhere"  # type: ignore[index]
    with pytest.raises(TypeError):
        settings.plugin_values("telegram")["chat_id"] = "1"  # type: ignore[index]
