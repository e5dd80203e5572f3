"""What a venue would refuse, and so does the simulated one, in words for the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import OrderRefused, StopWouldTrigger, plain

if TYPE_CHECKING:
    from decimal import Decimal

    from helix_core import Instrument, Ticker
    from helix_plugins.paper.account import PaperAccount
    from helix_plugins.paper.order import PaperOrder


def check_new(account: PaperAccount, client_order_id: str, symbol: str, rules: Instrument) -> None:
    """Raise OrderRefused for another market, one that does not trade, or an id that was used before."""
    if symbol != account.symbol:
        raise OrderRefused(f"The paper account trades {account.symbol}, not {symbol}.", code="unknown_symbol")
    if not rules.trading:
        raise OrderRefused(f"{symbol} is not trading.", code="not_trading")
    if account.find(client_order_id) is not None:
        raise OrderRefused(f"An order {client_order_id} exists already.", code="duplicate_order")


def check_size(rules: Instrument, quantity: Decimal, price: Decimal) -> None:
    """Raise OrderRefused unless `quantity` is on the lot step, within the limits and worth enough at `price`."""
    if quantity % rules.lot_step or quantity < rules.min_quantity:
        lots = f"a multiple of {plain(rules.lot_step)} from {plain(rules.min_quantity)} on"
        raise OrderRefused(f"Lot size: {plain(quantity)} is not {lots}.", code="lot_size")
    if quantity * price < rules.min_notional:
        worth = f"{plain(quantity * price)} {rules.quote}, at least {plain(rules.min_notional)}"
        raise OrderRefused(f"Minimum notional: the order is worth {worth} is taken.", code="min_notional")


def check_largest(rules: Instrument, quantity: Decimal) -> None:
    """Raise OrderRefused for more than the largest market order."""
    if quantity > rules.max_quantity:
        most = f"{plain(quantity)} is more than {plain(rules.max_quantity)}"
        raise OrderRefused(f"Lot size: {most}, the largest market order.", code="lot_size")


def check_funds(account: PaperAccount, currency: str, needed: Decimal) -> None:
    """Raise OrderRefused unless `needed` can be spent."""
    free = account.balance(currency).free
    if needed > free:
        raise OrderRefused(
            f"Insufficient funds: {plain(needed)} {currency} needed, {plain(free)} free.", code="insufficient_funds"
        )


def check_stop(order: PaperOrder, ticker: Ticker) -> None:
    """Raise StopWouldTrigger when the price has crossed the stop, OrderRefused when the far leg would sell at once."""
    if order.set_off_by(ticker):
        seen = plain(min(ticker.last, ticker.bid))
        raise StopWouldTrigger(f"The stop would trigger immediately: the price is {seen}.", code="would_trigger")
    if order.reached_by(ticker):
        raise OrderRefused(f"The far leg would sell immediately: the bid is {plain(ticker.bid)}.", code="would_match")
