"""What must be set, which depends on other settings. Judged on the raw values, so that it is told with all the rest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from helix_core.config import TradingMode
from helix_core.settings.sealed import read_webhook_secrets
from helix_core.settings.words import is_empty, read_disabled, read_flag, read_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from typing import TypeVar

    from pydantic import SecretStr

    from helix_core.settings.names import Names
    from helix_core.settings.sources import Found

    Value = TypeVar("Value")

_NONE: tuple[str, ...] = ()
_NO_SECRETS: tuple[SecretStr, ...] = ()
_IN_PATH = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)
_WHERE = "Put it into .secrets.toml, .env or the environment."
_HOW_TO_MAKE_ONE = (
    "a text of at least 16 characters that every alert must carry. "
    "`python -c 'import secrets; print(secrets.token_urlsafe(32))'` makes one."
)


def missing(found: Mapping[str, Found], names: Names, installed: Collection[str]) -> Iterator[str]:
    """Name each setting that must be there and is not, and where to put it."""
    if _absent(found, "active_exchange"):
        drivers = f"Installed drivers: {', '.join(sorted(installed))}." if installed else "No driver is installed yet."
        yield (
            f"ACTIVE_EXCHANGE is not set. Name the driver in settings.toml, .env or the environment. {drivers} "
            "`helix init` asks for all that is needed and writes it."
        )
    if _absent(found, "webhook_secrets"):
        yield f"WEBHOOK_SECRET is not set: {_HOW_TO_MAKE_ONE} {_WHERE}"
    yield from _missing_keys(found, names)
    yield from _missing_telegram(found)
    yield from _unfit_for_a_path(found)


def _missing_keys(found: Mapping[str, Found], names: Names) -> Iterator[str]:
    if "api_key" not in names.fields:
        return  # without the exchange nobody knows what its key is called
    mode = _value(found, "trading_mode", read_mode, TradingMode.TESTNET)
    if mode in {None, TradingMode.PAPER}:
        return
    for field in ("api_key", "api_secret"):
        if _absent(found, field):
            yield f"{names.variable(field)} is not set, and TRADING_MODE {mode} needs it. {_WHERE}"


def _missing_telegram(found: Mapping[str, Found]) -> Iterator[str]:
    disabled = _value(found, "disabled_plugins", read_disabled, _NONE)
    if disabled is None or "telegram" in disabled:
        return
    for field, what in (
        ("telegram_bot_token", "the token that @BotFather gave your bot"),
        ("telegram_chat_id", "the number that @userinfobot shows you"),
    ):
        if _absent(found, field):
            yield (
                f"{field.upper()} is not set: {what}. {_WHERE} "
                "To run without Telegram, set DISABLED_PLUGINS to telegram."
            )


def _unfit_for_a_path(found: Mapping[str, Found]) -> Iterator[str]:
    in_path = _value(found, "webhook_secret_in_path", read_flag, False)
    if not in_path or _absent(found, "webhook_secrets"):
        return
    secrets = _value(found, "webhook_secrets", read_webhook_secrets, _NO_SECRETS)
    if secrets and not all(_IN_PATH.fullmatch(secret.get_secret_value()) for secret in secrets):
        yield (
            f"WEBHOOK_SECRET ({found['webhook_secrets'].source}) has a character that cannot stand in a path, and "
            "WEBHOOK_SECRET_IN_PATH is true. Use letters, digits, - and _ only."
        )


def _absent(found: Mapping[str, Found], field: str) -> bool:
    return field not in found or is_empty(found[field].value)


def _value(found: Mapping[str, Found], field: str, read: Callable[[object], Value], default: Value) -> Value | None:
    """The value if it can be read. None: it cannot, which is told elsewhere, so nothing is concluded from it."""
    if field not in found:
        return default
    try:
        return read(found[field].value)
    except ValueError:
        return None
