"""The committed settings.toml and the template of the secrets, held against the code."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.settings.conftest import Bot

ROOT = Path(__file__).parents[2]
SECRETS = {"WEBHOOK_SECRET", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "APPRISE_URLS", "STATUS_TOKEN"}
KEYS = {"ACME_API_KEY", "ACME_API_SECRET"}


def test_settings_toml_says_what_the_package_does(bot: Bot) -> None:
    """With the committed file and without any, every setting has the same value."""
    without = bot.load()
    shutil.copy(ROOT / "settings.toml", bot.folder)

    assert bot.load().model_dump() == without.model_dump()


def test_settings_toml_lists_every_setting(bot: Bot) -> None:
    """Each has a line, as a value or commented out, and a comment above; no secret is among them."""
    text = (ROOT / "settings.toml").read_text(encoding="utf-8")
    listed = set(re.findall(r"^(?:# )?([A-Z_]+) = ", text, re.MULTILINE))

    wanted = {name for name, _shown, _source in bot.load().describe()} - SECRETS - KEYS

    assert {re.sub("^BINANCE", "ACME", name) for name in listed} == wanted
    assert "ACTIVE_EXCHANGE" not in tomllib.loads(text)
    assert not SECRETS & tomllib.loads(text).keys()


def test_the_template_lists_every_secret(bot: Bot) -> None:
    """The values are empty, so that a copy of it is not a configuration."""
    values = tomllib.loads((ROOT / ".secrets.toml.example").read_text(encoding="utf-8"))

    assert values.keys() == SECRETS
    assert set(values.values()) == {""}
