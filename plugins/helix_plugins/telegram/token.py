"""The bot token, which Telegram wants inside every address: kept out of logs, exceptions and reprs."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from helix_core import ConfigError

if TYPE_CHECKING:
    from pydantic import SecretStr

_SHAPE = re.compile(r"\d+:[A-Za-z0-9_-]+", re.ASCII)
_IN_ADDRESS = re.compile(r"/bot[^/\s]+")
_TALKATIVE = ("httpx", "telegram.Bot", "telegram.ext.ExtBot")


def checked(token: SecretStr) -> SecretStr:
    """`token` if it has the shape of one (core.telegram.org/bots/api, "Authorizing your bot"), else ConfigError."""
    if not _SHAPE.fullmatch(token.get_secret_value()):
        message = "TELEGRAM_BOT_TOKEN is not a bot token. Copy it whole from @BotFather: digits, a colon, letters."
        raise ConfigError(message)
    return token


def hide_in_logs() -> None:
    """Take the token out of what the libraries log: each address at INFO and DEBUG. Calling it twice is fine."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_without_token)


def _without_token(record: logging.LogRecord) -> bool:
    record.msg, record.args = _IN_ADDRESS.sub("/bot***", record.getMessage()), ()
    return True
