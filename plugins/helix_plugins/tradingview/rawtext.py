"""An alert's text before it is parsed: readable at all, its placeholders filled in, nothing that only looks right."""

from __future__ import annotations

import codecs
import re
import unicodedata

from helix_core import SignalUnreadable
from helix_plugins.tradingview.quoting import name_of, show

STRING = r'"(?:[^"\\]+|\\.)*+"?'
"""A JSON string, closed or not. Possessive, so that no text makes it slow."""

_DEEPEST = 8
_STRINGS = re.compile(STRING, re.DOTALL)
_KEYS = re.compile(rf"({STRING})(\s*:)?", re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_LOOKALIKE = re.compile(r"[\u2018-\u201f\u00ab\u00bb\u00a0\u200b\u2060\ufeff]|[:{,\[]\s*'")


def read_text(body: bytes) -> str:
    """Decode UTF-8. Raises SignalUnreadable for anything else, and for a byte order mark."""
    if body.startswith(codecs.BOM_UTF8):
        problem = "the message begins with a byte order mark (BOM), an invisible character"
        raise SignalUnreadable("message", problem, 'Send plain UTF-8 text that begins with "{".')
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"the message is not UTF-8 text (byte {error.start + 1} cannot be read)"
        raise SignalUnreadable("message", problem, "Send the message as UTF-8.") from None


def refuse_placeholder(text: str) -> None:
    """Refuse a `{{...}}` that TradingView left as it was: it is nobody's price and nobody's symbol."""
    found = _PLACEHOLDER.search(text)
    if found is None:
        return
    problem = f"the placeholder {show(found[0])[1:-1]} was not filled in by TradingView"
    fix = (
        "TradingView fills placeholders only in the alert's message box. In Pine's alert() build the text with "
        "str.tostring(); expressions like {{close * 0.98}} are never filled in, and a misspelt name is left as it is."
    )
    raise SignalUnreadable(key_at(text, found.start()), problem, fix)


def refuse_lookalikes(text: str) -> None:
    """Refuse typographic quotes, single quotes and invisible spaces where JSON has its own punctuation."""
    found = _LOOKALIKE.search(_outside_strings(text))
    if found is None:
        return
    character = found[0][-1]
    name = f"{unicodedata.name(character)} (U+{ord(character):04X})"
    problem = f"{name} stands where JSON wants a straight double quote or an ordinary space"
    fix = 'Retype it with straight double quotes ("): word processors and web pages change them.'
    raise SignalUnreadable(key_at(text, found.end()), problem, fix)


def refuse_depth(text: str) -> None:
    """Refuse deep nesting before a parser follows it down."""
    depth = 0
    for character in _outside_strings(text):
        depth += (character in "{[") - (character in "}]")
        if depth > _DEEPEST:
            problem = f"the message is nested more than {_DEEPEST} levels deep"
            raise SignalUnreadable("message", problem, "Keep the fields side by side at the top level.")


def key_at(text: str, position: int) -> str:
    """Name of the field that `position` lies in, or "message"."""
    name = "message"
    for found in _KEYS.finditer(text, 0, position):
        if found[2] is not None:
            name = name_of(found[1][1:-1])
    return name


def _outside_strings(text: str) -> str:
    """`text` with blanks for everything inside quotes, every position kept."""
    return _STRINGS.sub(lambda found: " " * len(found[0]), text)
