"""Kraken's ids: OXXXXX-XXXXX-XXXXXX for orders, TXXXXX-XXXXX-XXXXXX for trades; here they are counters in base 32."""

from __future__ import annotations

import re

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LENGTH = 16
_GROUPS = re.compile(r"([OT][A-Z2-7]{5})-([A-Z2-7]{5})-([A-Z2-7]{6})")


def order_txid(number: int) -> str:
    """The id of the order with this number."""
    return _encoded("O", number)


def trade_txid(number: int) -> str:
    """The id of the trade with this number."""
    return _encoded("T", number)


def number_of(txid: str, kind: str) -> int | None:
    """The number in an id that begins with `kind`; None when it is no such id."""
    found = _GROUPS.fullmatch(txid)
    if found is None or not txid.startswith(kind):
        return None
    number = 0
    for digit in "".join(found.groups())[1:]:
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    return number


def _encoded(kind: str, number: int) -> str:
    digits = ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return f"{kind}{digits[:5]}-{digits[5:10]}-{digits[10:]}"
