"""How large an entry may be and where its two exits lie. Pure arithmetic: no clock, no network, no rounding up."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import TYPE_CHECKING

from helix_core.domain.money import floor_to
from helix_core.errors import OrderNotAllowed

if TYPE_CHECKING:
    from helix_core.domain.limits import RiskLimits
    from helix_core.domain.market import Instrument

_CASH_SHARE = Decimal("0.995")
"""Share of the free cash an entry may use: the price may rise half a percent before the order arrives."""

_FAR = Decimal(2)
"""The take profit comes later; until then the OCO's limit leg rests at twice the price, where it harms nobody."""

_RATIO_SHARE = Decimal("0.9")
"""Share of the venue's price cap that leg may use: the cap moves with the venue's own average price."""

_DIGITS = 60
"""Far more than any quotient needs, so that no intermediate step rounds up across a lot."""


def size_entry(
    *, equity_quote: Decimal, free_quote: Decimal, ask: Decimal, limits: RiskLimits, instrument: Instrument
) -> Decimal:
    """Base units to buy, on the lot step: the size that loses RISK_PER_TRADE_PCT of the equity at the stop.

    `equity_quote` is cash plus the bot's open position, `free_quote` the cash that can be spent, both in quote;
    `ask` in quote per base. Capped by the free cash less the taker fee and half a percent, and by the largest market
    order. Zero when nothing fits; the result may be below the venue's minimum, which the gate min_notional denies.
    """
    with localcontext(prec=_DIGITS, rounding=ROUND_FLOOR):
        wanted = equity_quote * limits.risk_per_trade_pct / limits.stop_loss_pct
        affordable = free_quote * _CASH_SHARE / (1 + instrument.taker_fee)
        quantity = min(wanted / ask, affordable / ask, instrument.max_quantity)
        return max(instrument.lots(quantity), Decimal(0))


def stop_price(price: Decimal, limits: RiskLimits, instrument: Instrument) -> Decimal:
    """STOP_LOSS_PCT below `price` (quote per base), rounded up to the tick: never further away than asked."""
    return instrument.stop_price(price * (1 - limits.stop_loss_pct / 100))


def take_profit_price(price: Decimal, instrument: Instrument) -> Decimal:
    """The far leg of the protective pair, on the tick: twice `price`, or 0.9 of the venue's cap where that is nearer.

    Raises OrderNotAllowed when the venue's cap leaves no room above `price`.
    """
    cap = _FAR if instrument.max_price_ratio is None else instrument.max_price_ratio * _RATIO_SHARE
    far = floor_to(price * min(_FAR, cap), instrument.price_tick)
    if far <= price:
        message = f"{instrument.symbol}: no take profit price fits between {price} and the venue's cap"
        raise OrderNotAllowed(message)
    return far
