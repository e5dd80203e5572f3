"""Exact decimals: reading them, rounding them to a venue's steps, writing them."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_PLAIN = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST = 40


def exact(value: object) -> Decimal:
    """Read a finite decimal from text, an int or a Decimal.

    Raises TypeError for a float (it has already lost digits) and ValueError for anything that is not a plain
    ASCII number: no NaN, no Infinity, no other scripts' digits, no underscores, at most 40 characters.
    """
    if isinstance(value, bool | float):
        message = f"{type(value).__name__} is not exact: give text or a Decimal"
        raise TypeError(message)
    text = value if isinstance(value, str) else str(value)
    if len(text) > _LONGEST or not _PLAIN.fullmatch(text):
        message = f"{text[:_LONGEST]!r} is not a plain number"
        raise ValueError(message)
    return Decimal(text)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Largest multiple of `step` that is not above `value`."""
    return _to_step(value, step, ROUND_FLOOR)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """Smallest multiple of `step` that is not below `value`."""
    return _to_step(value, step, ROUND_CEILING)


def _to_step(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    if step <= 0:
        message = f"a step is positive, not {step}"
        raise ValueError(message)
    return (value / step).quantize(Decimal(1), rounding=rounding) * step


def plain(value: Decimal) -> str:
    """Text without an exponent and without trailing zeros: 0.0084, 64210.5, 100."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
