"""Reading words: modes, levels, flags, names, pairs."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from helix_core.config import EntryStyle, TradingMode
from helix_core.domain.risk import ENTRY_GATES

LIVE_PHRASE = "I-UNDERSTAND-THE-RISK"
"""What the owner types to trade with real money."""

_PAIR = re.compile(r"[A-Z0-9]{2,15}/[A-Z0-9]{2,10}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_CHAT = re.compile(r"-?\d{1,20}", re.ASCII)
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def text_of(raw: object) -> str:
    """`raw` as text without spaces around it. Raises ValueError for anything but text."""
    if not isinstance(raw, str):
        message = "is not text. Put it in quotes."
        raise ValueError(message)  # noqa: TRY004 - pydantic collects ValueErrors
    if not raw.isprintable():
        message = "has a line break or an invisible character in it. Write it again by hand."
        raise ValueError(message)
    return raw.strip()


def is_empty(raw: object) -> bool:
    """True for what counts as not set."""
    return raw is None or (isinstance(raw, str) and not raw.strip()) or (isinstance(raw, list | tuple) and not raw)


def listed(raw: object) -> list[str]:
    """The entries of a list, or of text with commas."""
    if is_empty(raw):
        return []
    if isinstance(raw, str):
        raw = text_of(raw).split(",")
    if not isinstance(raw, list | tuple):
        message = "is not a list. Write the entries as text, with commas between them."
        raise ValueError(message)  # noqa: TRY004 - pydantic collects ValueErrors
    return [entry for entry in (text_of(part) for part in raw) if entry]


def read_mode(raw: object) -> TradingMode:
    """One of the three modes, in any case."""
    try:
        return TradingMode(text_of(raw).lower())
    except ValueError:
        message = "is not a mode. Write testnet, paper or live."
        raise ValueError(message) from None


def _style(raw: object) -> EntryStyle:
    try:
        return EntryStyle(text_of(raw).lower())
    except ValueError:
        message = "is not a way to enter. Write market or atomic."
        raise ValueError(message) from None


def read_name(raw: object) -> str:
    """The name of an exchange or a plugin, in lower case."""
    name = text_of(raw).lower()
    if not _NAME.fullmatch(name):
        message = "is not a name. Write it as its package does: small letters, digits, - and _."
        raise ValueError(message)
    return name


def read_disabled(raw: object) -> tuple[str, ...]:
    """Names of plugins that are not loaded; none of the gates can be among them."""
    names = tuple(read_name(entry) for entry in listed(raw))
    gates = [name for name in names if name in ENTRY_GATES]
    if gates:
        message = f"{gates[0]} is one of the seven gates, and no setting switches one off. Delete the name."
        raise ValueError(message)
    return names


def _level(raw: object) -> str:
    level = text_of(raw).upper()
    if level not in _LEVELS:
        message = f"is not a log level. Write one of {', '.join(_LEVELS)}."
        raise ValueError(message)
    return level


def _pair(raw: object) -> str:
    pair = text_of(raw)
    if not _PAIR.fullmatch(pair):
        message = "is not a pair. Write base and quote in capitals with a slash, like BTC/USDT."
        raise ValueError(message)
    return pair


def read_flag(raw: object) -> bool:
    """True or false, or a word for it."""
    value = raw if isinstance(raw, bool) else _FLAGS.get(text_of(raw).lower())
    if value is None:
        message = "is neither true nor false. Write true or false."
        raise ValueError(message)
    return value


def _chat(raw: object) -> str | None:
    if is_empty(raw):
        return None
    chat = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else text_of(raw)
    if not _CHAT.fullmatch(chat):
        message = "is not a chat's number. Write the number that @userinfobot shows you (a group's begins with -)."
        raise ValueError(message)
    return chat


def _confirmation(raw: object) -> str | None:
    if is_empty(raw):
        return None
    if raw != LIVE_PHRASE:
        message = f"is not the phrase. Write exactly {LIVE_PHRASE}, or delete it and type the phrase when asked."
        raise ValueError(message)
    return LIVE_PHRASE


Mode = Annotated[TradingMode, BeforeValidator(read_mode)]
Style = Annotated[EntryStyle, BeforeValidator(_style)]
Name = Annotated[str, BeforeValidator(read_name)]
DisabledPlugins = Annotated[tuple[str, ...], BeforeValidator(read_disabled)]
LogLevel = Annotated[str, BeforeValidator(_level)]
Pair = Annotated[str, BeforeValidator(_pair)]
Flag = Annotated[bool, BeforeValidator(read_flag)]
ChatId = Annotated[str | None, BeforeValidator(_chat)]
Confirmation = Annotated[str | None, BeforeValidator(_confirmation)]
