"""Secrets that are planted in a bot, and a search that finds them however they are written."""

from __future__ import annotations

import base64
import binascii
import html
import json
import logging
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

WEBHOOK = {
    "the webhook's secret": "pl4nted-Web.hook~0ne",
    "its successor": "pl4nted-Web.hook~tw0",
}
TELEGRAM = {"the bot token": "123456789:AApl4ntedT3legram-t0ken_ofTheTests"}
STATUS = {"the status token": 'pl4nted st@tus/t0ken="yes"&+'.replace(" ", "|")}
APPRISE = {"Apprise's password": "pl4nted/Appr1se+w0rd", "Apprise's token": "pl4ntedPathT0ken99"}
BASIC = {"a sender's password": "pl4nted:B4sic=w0rd"}
COMMON = {**WEBHOOK, **STATUS, **TELEGRAM, **APPRISE}
DATABASE = {"the database's password": "pl4nted/Datab4se+w0rd"}
BINANCE = {
    "the key": "pl4ntedB1nanceApiKeyVmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy",
    "the key's secret": "pl4ntedB1nanceS3cretNhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65",
}
KRAKEN = {
    "the key": "pl4nted/Kr4ken+ApiKey8Jk2mQx7vT1bY6nR3cZ9wL5sD0f",
    "the key's secret": base64.b64encode(b"pl4nted Kr4ken s3cret" + b"?>~" * 14 + b".").decode(),
}

_ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{20,}")
_IN_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){8,}")


def found(planted: Mapping[str, str], data: bytes) -> set[str]:
    """Names of the secrets that `data` holds, whole or by half, as they stand or encoded."""
    halves = {name: _halves(secret) for name, secret in planted.items()}
    return {
        name for text in readings(data) for name, parts in halves.items() if any(part.lower() in text for part in parts)
    }


def _halves(secret: str) -> tuple[bytes, bytes]:
    """Both halves; what a bot token begins with is its number, which everybody may know."""
    text = re.sub(r"^\d+:", "", secret).encode()
    return text[: len(text) // 2], text[len(text) // 2 :]


def readings(data: bytes) -> Iterator[bytes]:
    """`data` in small letters, and all that it turns into when it is decoded."""
    plain = [data, unquote_to_bytes(data), unquote_to_bytes(data.replace(b"+", b" ")), data.replace(b"\0", b"")]
    plain.append(html.unescape(data.decode("latin-1")).encode("latin-1", "replace"))
    plain.append(re.sub(rb"\\+(.)", rb"\1", data))
    plain.append(re.sub(rb"\\u00([0-9a-f]{2})", lambda at: bytes.fromhex(at[1].decode()), data))
    yield from (text.lower() for text in plain)
    for text in plain[:2]:
        yield b"\n".join(_decoded(text)).lower()


def _decoded(data: bytes) -> Iterator[bytes]:
    for run in _ENCODED.findall(data):
        for begins in range(4):
            with suppress(binascii.Error):
                letters = run[begins:].replace(b"-", b"+").replace(b"_", b"/")
                yield base64.b64decode(letters[: len(letters) // 4 * 4])
    for run in _IN_HEX.findall(data):
        yield bytes.fromhex(run.decode())


def files_under(folder: Path) -> dict[str, bytes]:
    """All that stands in a folder, to the last byte."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def blurt(secrets: Iterable[str]) -> None:
    """What a careless plugin does: it logs all it knows, in every form, and dies of it."""
    careless = logging.getLogger("careless")
    for secret in secrets:
        careless.warning("GET https://host/%s?key=%s", quote(secret, safe=""), quote(secret), extra={"header": secret})
        careless.info(json.dumps({"body": secret}))
        careless.debug("Authorization: Basic %s", base64.b64encode(f"helix:{secret}".encode()).decode())
        try:
            refuse(secret)
        except RuntimeError as error:
            careless.exception("failed")
            sys.excepthook(RuntimeError, error, error.__traceback__)


def refuse(secret: str) -> None:
    raise RuntimeError(f"{secret!r} was refused\nby {base64.urlsafe_b64encode(secret.encode()).decode()}")
