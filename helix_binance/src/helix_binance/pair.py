"""The two legs of an OCO read as one protective order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from helix_core import OrderReport


async def seen(stop: Awaitable[OrderReport | None], profit: Awaitable[OrderReport | None]) -> OrderReport | None:
    """`join` of what two looks answer that are under way together. Raises what either raises.

    Where one leg was seen before, and the other after they moved, they are OPEN or UNKNOWN without a living stop: no
    end, and looked at again.
    """
    found = await asyncio.gather(stop, profit, return_exceptions=True)
    reports: list[OrderReport | None] = []
    for report in found:
        if isinstance(report, BaseException):
            raise report
        reports.append(report)
    return join(*reports)


def join(stop: OrderReport | None, profit: OrderReport | None) -> OrderReport | None:
    """One report of the legs that were found; None when there are none.

    A stop placed alone has no far leg. A far leg without its stop is not understood: UNKNOWN.
    """
    if stop is not None and profit is not None:
        return both(stop, profit)
    return stop if profit is None else replace(profit, status=OrderStatus.UNKNOWN)


def both(stop: OrderReport, profit: OrderReport) -> OrderReport:
    """One report of two legs, the stop's id first.

    FILLED when either leg filled whole; OPEN while either can still fill (`protecting` says whether the stop can);
    else what became of the stop.
    """
    return replace(
        stop,
        status=_status(stop.status, profit.status),
        filled=stop.filled + profit.filled,
        venue_order_ids=stop.venue_order_ids + profit.venue_order_ids,
        raw_status=f"{stop.raw_status}/{profit.raw_status}",
        average_price=_average(stop, profit),
    )


def with_first(copy: OrderReport, legs: Sequence[OrderReport]) -> OrderReport:
    """One report of a stop under whose name a late copy stands now, and of the `legs` of the first, which are over."""
    if not legs:
        return copy
    every = (copy, *legs)
    return replace(
        copy,
        filled=sum((leg.filled for leg in every), Decimal(0)),
        venue_order_ids=tuple(name for leg in every for name in leg.venue_order_ids),
        resting=copy.venue_order_ids,
        average_price=_average(*every),
    )


def _average(*legs: OrderReport) -> Decimal | None:
    """The price of all that the legs filled; None where nothing was, or one leg's price is not known."""
    filled = [leg for leg in legs if leg.filled]
    prices = [leg.average_price for leg in filled if leg.average_price is not None]
    if not filled or len(prices) < len(filled):
        return None
    cost = sum((price * leg.filled for price, leg in zip(prices, filled, strict=True)), Decimal(0))
    return cost / sum(leg.filled for leg in filled)


def _status(stop: OrderStatus, profit: OrderStatus) -> OrderStatus:
    if OrderStatus.FILLED in {stop, profit}:
        return OrderStatus.FILLED
    if stop is OrderStatus.UNKNOWN:
        return stop
    return profit if profit in {OrderStatus.OPEN, OrderStatus.UNKNOWN} and stop.final else stop
