"""Reading secrets. What is wrong is told without a character of the secret."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, SecretStr

from helix_core.settings.words import is_empty

_SHORTEST = 16
_BOT_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]+", re.ASCII)
_BETWEEN_URLS = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)", re.ASCII)
_DATABASE = re.compile(r"[a-z0-9]+\+[a-z0-9]+://\S+", re.ASCII)
_PASSWORD = re.compile(r"(://[^@/]*:)[^@]*@")
_IN_MEMORY = re.compile(r"sqlite.*(:///|:memory:.*|mode=memory.*)", re.ASCII)
_GENERATE = "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"


def read_secret(raw: object) -> SecretStr:
    """One secret, exactly as it stands. Raises ValueError without telling any of it."""
    text = raw.get_secret_value() if isinstance(raw, SecretStr) else raw
    if not isinstance(text, str):
        message = "is not text. Put it in quotes."
        raise ValueError(message)  # noqa: TRY004 - pydantic collects ValueErrors
    if text != text.strip() or not text.isprintable():
        message = "has a space, a line break or an invisible character at its edge or in it. Paste it again without."
        raise ValueError(message)
    return SecretStr(text)


def _optional(raw: object) -> SecretStr | None:
    return None if is_empty(raw) else read_secret(raw)


def read_webhook_secrets(raw: object) -> tuple[SecretStr, ...]:
    """One secret or several with commas between them, each long enough not to be guessed."""
    parts = raw.split(",") if isinstance(raw, str) else raw if isinstance(raw, list | tuple) else [raw]
    secrets = tuple(read_secret(part.strip() if isinstance(part, str) else part) for part in parts)
    for secret in secrets:
        _long_enough(secret)
    if not secrets:
        message = f"is empty. Give a secret of at least {_SHORTEST} characters: {_GENERATE}."
        raise ValueError(message)
    return secrets


def _status_token(raw: object) -> SecretStr | None:
    return None if is_empty(raw) else _long_enough(read_secret(raw))


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < _SHORTEST:
        message = f"has a secret of fewer than {_SHORTEST} characters. Take a longer one: {_GENERATE}."
        raise ValueError(message)
    return secret


def _bot_token(raw: object) -> SecretStr | None:
    if is_empty(raw):
        return None
    token = read_secret(raw)
    if not _BOT_TOKEN.fullmatch(token.get_secret_value()):
        message = "is not a bot token: digits, a colon, letters. Copy it whole from @BotFather."
        raise ValueError(message)
    return token


def _apprise_urls(raw: object) -> tuple[SecretStr, ...]:
    """A comma may stand inside such a URL: only one before the next `scheme://` divides."""
    if is_empty(raw):
        return ()
    parts = _BETWEEN_URLS.split(raw.strip(" ,")) if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple):
        message = "is not a list. Write the URLs as text, with commas between them."
        raise ValueError(message)  # noqa: TRY004 - pydantic collects ValueErrors
    urls = tuple(read_secret(part) for part in parts)
    if not all("://" in url.get_secret_value() for url in urls):
        message = "has an entry that is not an Apprise URL. Each begins like discord:// or ntfys://."
        raise ValueError(message)
    return urls


def _database_url(raw: object) -> SecretStr:
    url = read_secret(raw)
    text = url.get_secret_value()
    if not _DATABASE.fullmatch(text):
        message = "is not an address of a database. Write it like sqlite+aiosqlite:///data/helix.db."
        raise ValueError(message)
    if _IN_MEMORY.fullmatch(text):
        message = "is a database in memory, which forgets every halt. Name a file: sqlite+aiosqlite:///data/helix.db."
        raise ValueError(message)
    return url


def password_of(url: SecretStr) -> SecretStr | None:
    """The password inside a database's address."""
    password = urlsplit(url.get_secret_value()).password
    return SecretStr(unquote(password)) if password else None


def without_password(url: SecretStr) -> str:
    """A database's address as it may be shown."""
    return _PASSWORD.sub(r"\1***@", url.get_secret_value())


Secret = Annotated[SecretStr | None, BeforeValidator(_optional)]
WebhookSecrets = Annotated[tuple[SecretStr, ...], BeforeValidator(read_webhook_secrets)]
StatusToken = Annotated[SecretStr | None, BeforeValidator(_status_token)]
BotToken = Annotated[SecretStr | None, BeforeValidator(_bot_token)]
AppriseUrls = Annotated[tuple[SecretStr, ...], BeforeValidator(_apprise_urls)]
DatabaseUrl = Annotated[SecretStr, BeforeValidator(_database_url)]
