"""Figures as the owner reads them: prices on the tick, money to the cent, a true minus sign."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from helix_core.domain.money import plain

if TYPE_CHECKING:
    from helix_core.domain.market import Instrument

_DOLLARS = frozenset({"USD", "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI"})
_FINE_COINS = frozenset({"BTC", "ETH", "BNB"})
"""Quote coins of which a hundredth is a lot of money: shown with eight decimals."""

_MINUS = "\N{MINUS SIGN}"


def price(value: Decimal, instrument: Instrument) -> str:
    """A price with as many decimals as the tick has: 64210.50."""
    return format(_rounded(value, _decimals(instrument.price_tick)), "f")


def size(value: Decimal) -> str:
    """Base units without trailing zeros: 0.0084."""
    return plain(value)


def percent(value: Decimal) -> str:
    """Signed, two decimals: +0.55%, −3.02%."""
    rounded = _rounded(value, 2)
    return f"{_sign(rounded)}{abs(rounded):f}%"


def share(part: int, whole: int) -> str:
    """`part` of `whole` in whole percent: 86%. Of nothing: a dash."""
    return "–" if not whole else f"{_rounded(Decimal(100 * part) / whole, 0):f}%"


def profit(value: Decimal, quote: str) -> str:
    """Signed money without thousands separators: +$28.97, −$101.82, +28.97 EUR."""
    rounded = _rounded(value, _cents(quote))
    return _sign(rounded) + _in_currency(f"{abs(rounded):f}", quote)


def amount(value: Decimal, quote: str) -> str:
    """Money that is there, with thousands separators: $10,000.00, 10,000.00 EUR."""
    return _in_currency(f"{_rounded(value, _cents(quote)):,f}", quote)


def _in_currency(figure: str, quote: str) -> str:
    return f"${figure}" if quote in _DOLLARS else f"{figure} {quote}"


def _sign(rounded: Decimal) -> str:
    """The sign of what is shown: a loss that rounds to nothing is not shown as one."""
    return _MINUS if rounded < 0 else "+"


def _cents(quote: str) -> int:
    return 8 if quote in _FINE_COINS else 2


def _decimals(step: Decimal) -> int:
    """Decimals of a venue's step: 2 for 0.01, 0 for 5."""
    text = plain(step)
    return len(text.partition(".")[2])


def _rounded(value: Decimal, decimals: int) -> Decimal:
    """`value` to that many decimals, half to even; never a negative zero."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN) + 0
