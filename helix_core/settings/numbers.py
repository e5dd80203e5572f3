"""Reading numbers. Every problem is told with its fix."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BeforeValidator

from helix_core.domain.money import exact, plain


def number(low: str, high: str, *, example: str) -> BeforeValidator:
    """Read an exact number from `low` to `high`, both included."""
    least, most = Decimal(low), Decimal(high)

    def read(raw: object) -> Decimal:
        value = _decimal(raw, example)
        if not least <= value <= most:
            message = f"must be from {plain(least)} to {plain(most)}. Set it to a number such as {example}."
            raise ValueError(message)
        return value

    return BeforeValidator(read)


def whole(low: int, high: int, *, example: int) -> BeforeValidator:
    """Read a whole number from `low` to `high`, both included."""

    def read(raw: object) -> int:
        value = _decimal(raw, str(example))
        if value != value.to_integral_value():
            message = f"must be a whole number. Set it to one such as {example}."
            raise ValueError(message)
        if not low <= value <= high:
            message = f"must be from {low} to {high}. Set it to a number such as {example}."
            raise ValueError(message)
        return int(value)

    return BeforeValidator(read)


def _one(raw: object) -> int:
    if _decimal(raw, "1") != 1:
        message = "this version trades one pair and holds one position at a time. Set it to 1."
        raise ValueError(message)
    return 1


only_one = BeforeValidator(_one)
"""Read a number that cannot be anything but 1 yet."""


def _decimal(raw: object, example: str) -> Decimal:
    """TOML has no exact numbers: its float is taken by the shortest text that means it, which is what was typed."""
    text = repr(raw) if isinstance(raw, float) else raw.strip() if isinstance(raw, str) else raw
    try:
        return exact(text)
    except (TypeError, ValueError):
        message = f'is not a number. Write a plain number with a point, like "{example}".'
        raise ValueError(message) from None
