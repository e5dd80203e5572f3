"""From the bytes of an alert to its fields: JSON, with the one liberty that TradingView's placeholders need.

TradingView fills a placeholder in without quotes, so the usual template arrives as invalid JSON:
`"timestamp": 2026-05-15T08:14:32Z, "signal_id": Close entry(s) order Long`. Bare scalars after a colon are put in
quotes before the standard parser sees them. Nothing else is forgiven: whatever two readers could read differently is
refused.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from helix_core import SignalUnreadable, exact
from helix_plugins.tradingview.quoting import name_of, show
from helix_plugins.tradingview.rawtext import (
    STRING,
    key_at,
    read_text,
    refuse_depth,
    refuse_lookalikes,
    refuse_placeholder,
)
from helix_plugins.tradingview.template import PASTE

if TYPE_CHECKING:
    from collections.abc import Iterator

_BARE = re.compile(rf'{STRING}|(?P<colon>:\s*)(?P<bare>[^\s"{{\[,}}\]][^"\n,}}\]]*)', re.DOTALL)
_JSON_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_WHY = {"NaN": "the plot had no value on this bar", "Infinity": "something was divided by zero on this bar"}


class _Unusable(str):
    """NaN, Infinity or a number without end, kept until the name it came with is known."""

    __slots__ = ()


def decode(body: bytes) -> dict[str, Any]:
    """Decode one message: text, Decimal, bool, None, and lists and dicts of them. Raises SignalUnreadable."""
    text = read_text(body)
    refuse_placeholder(text)
    if not text.lstrip().startswith("{"):
        raise SignalUnreadable("message", "the message is not a JSON object", PASTE)
    refuse_lookalikes(text)
    refuse_depth(text)
    fields = _parse(_BARE.sub(_quoted, text))
    for key, value in _scalars("message", fields):
        _check(key, value)
    return fields


def _quoted(found: re.Match[str]) -> str:
    if found["bare"] is None:
        return found[0]
    token = found["bare"].rstrip()
    if _JSON_SCALAR.fullmatch(token):
        return found[0]
    if _NOT_FINITE.fullmatch(token):
        return found["colon"] + ("NaN" if token.lower().endswith("nan") else "Infinity")
    return found["colon"] + json.dumps(token)


def _parse(text: str) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(
            text,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_Unusable,
            object_pairs_hook=_once_each,
        )
    except json.JSONDecodeError as error:
        raise _not_json(text, error) from None
    return fields


def _not_json(text: str, error: json.JSONDecodeError) -> SignalUnreadable:
    key = key_at(text, error.pos)
    if error.msg == "Expecting value" and text[error.pos : error.pos + 1] in {",", "}", "]"}:
        fix = "A placeholder had nothing to fill in: leave the field out, or put quotes around the placeholder."
        return SignalUnreadable(key, f'"{key}" has no value', fix)
    problem = f"not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}"
    fix = "Put names and texts in straight double quotes, a comma between fields and none after the last one."
    return SignalUnreadable(key, problem, fix)


def _number(text: str) -> Any:
    try:
        return exact(text)
    except ValueError:
        return _Unusable(text)


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if key in fields:
            name = show(key)
            fix = f"Keep one {name} and remove the others: Helix does not choose between them."
            raise SignalUnreadable(name_of(key), f"{name} is given more than once", fix)
        fields[key] = value
    return fields


def _scalars(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every key and every value that is not a container, each with the name it is known by."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, name
            yield from _scalars(name, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(key, inner)
    else:
        yield key, value


def _check(key: str, value: Any) -> None:
    if not isinstance(value, str):
        return
    name = name_of(key)
    if isinstance(value, _Unusable):
        raise _unusable(name, value)
    if _UNPRINTABLE.search(value):
        raise SignalUnreadable(name, f'"{name}" holds control characters or broken text', "Send readable text.")
    refuse_placeholder(value)


def _unusable(name: str, value: str) -> SignalUnreadable:
    why = _WHY.get(value.lstrip("-"))
    if why is None:
        fix = "Send at most 40 digits and an exponent of at most three."
        return SignalUnreadable(name, f"{name} is a number of {len(value)} characters, too long to be real", fix)
    fix = f"Leave {name} out of the message, or plot a number on every bar (nz() gives one)."
    return SignalUnreadable(name, f"{name} is {value}: {why}", fix)
