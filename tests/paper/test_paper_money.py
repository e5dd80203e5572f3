"""Whatever happens on paper, the money is right to the last digit, and the account survives being written down."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from helix_core import (
    Action,
    HelixError,
    Instrument,
    Level,
    OrderBook,
    OrderStatus,
    Ticker,
)
from helix_plugins.paper import matching
from helix_plugins.paper.account import PaperAccount
from tests.paper.conftest import SYMBOL, buy, sell, stop_order

if TYPE_CHECKING:
    from helix_plugins.paper.order import PaperOrder

D = Decimal
NOW = datetime(2026, 5, 15, tzinfo=UTC)
RULES = Instrument(
    symbol=SYMBOL,
    base="BTC",
    quote="USDT",
    native_id="BTCUSDT",
    trading=True,
    lot_step=D("0.00001"),
    price_tick=D("0.01"),
    min_quantity=D("0.00001"),
    max_quantity=D(100),
    min_notional=D(5),
    taker_fee=D("0.00075"),
)
lots = st.integers(1, 30_000).map(lambda lot: lot * D("0.00001"))
prices = st.integers(5_000_000, 8_000_000).map(lambda tick: tick * D("0.01"))
sides = st.lists(st.tuples(st.integers(0, 100_000), lots), max_size=4)
steps = st.lists(
    st.tuples(st.sampled_from(["buy", "sell", "rest", "touch", "work", "cancel"]), lots, prices, sides), max_size=25
)


def book(price: Decimal, levels: list[tuple[int, Decimal]]) -> OrderBook:
    """Both sides `levels` away from the price."""
    deep = sorted((away * D("0.01"), quantity) for away, quantity in levels)
    asks = tuple(Level(price + away, quantity) for away, quantity in deep)
    bids = tuple(Level(price - away, quantity) for away, quantity in deep if away < price)
    return OrderBook(symbol=SYMBOL, bids=bids, asks=asks, at=NOW)


def step(account: PaperAccount, number: int, what: str, lot: Decimal, seen: Ticker, deep: OrderBook) -> PaperAccount:
    """One step that the bot, the price or the owner could take."""
    match what:
        case "buy":
            return matching.trade(account, buy(str(lot), f"b{number}"), deep, RULES, NOW)
        case "sell":
            return matching.trade(account, sell(str(lot), f"s{number}"), deep, RULES, NOW)
        case "rest":
            stop = stop_order(f"p{number}", str(lot), stop_price=seen.bid * D("0.98"), take_profit_price=seen.bid * 2)
            return matching.rest(account, stop, seen, RULES, NOW)
        case "touch":
            return matching.touch(account, seen, RULES, NOW)
        case "work":
            return matching.sell_triggered(account, deep, RULES, NOW)
        case _:
            return matching.cancelled(account, account.resting[0]) if account.resting else account


def expected(orders: dict[str, PaperOrder]) -> dict[str, Decimal]:
    """What the fills add up to."""
    held = {"USDT": D(10_000), "BTC": D(0)}
    for order in orders.values():
        for fill in order.fills:
            sign = 1 if order.side is Action.BUY else -1
            held["BTC"] += sign * fill.quantity
            held["USDT"] -= sign * fill.price * fill.quantity
            held[fill.fee_currency] -= fill.fee
    return held


@given(steps)
def test_money_is_neither_made_nor_lost(script: list[tuple[str, Decimal, Decimal, list[tuple[int, Decimal]]]]) -> None:
    """Each holding is what came in less what went out and the fees, never below zero, and stops lock what they hold."""
    account = PaperAccount(exchange="acme", symbol=SYMBOL, born="1", holdings={"USDT": D(10_000)})
    orders: dict[str, PaperOrder] = {}
    for number, (what, lot, price, levels) in enumerate(script):
        seen = Ticker(symbol=SYMBOL, bid=price, ask=price + D("0.01"), last=price, at=NOW)
        try:
            account = step(account, number, what, lot, seen, book(price, levels))
        except HelixError:
            continue
        orders |= {order.order_id: order for order in account.orders}

        assert {"BTC": D(0), **account.holdings} == expected(orders)
        assert account.balance("BTC").locked == sum(order.quantity for order in account.resting)
        assert all(account.balance(currency).free >= 0 for currency in account.holdings)
        assert all(order.filled <= order.quantity for order in account.orders)
        assert PaperAccount.model_validate_json(account.model_dump_json()) == account


def test_an_empty_book_fills_nothing() -> None:
    account = PaperAccount(exchange="acme", symbol=SYMBOL, born="1", holdings={"USDT": D(10_000)})

    after = matching.trade(account, buy(), book(D(60_000), []), RULES, NOW)

    (order,) = after.orders
    assert (order.status, order.filled, after.holdings["USDT"]) == (OrderStatus.EXPIRED, 0, D(10_000))


def test_fees_are_the_takers_on_both_sides() -> None:
    """0.075 % in the coin that is bought, then of the money that comes in."""
    account = PaperAccount(exchange="acme", symbol=SYMBOL, born="1", holdings={"USDT": D(10_000)})
    deep = book(D(60_000), [(0, D(1))])

    bought = matching.trade(account, buy("0.1"), deep, RULES, NOW)
    sold = matching.trade(bought, sell("0.09992"), deep, RULES, NOW)

    assert bought.holdings == {"USDT": D(4000), "BTC": D("0.099925")}
    assert sold.holdings == {"USDT": D(4000) + D("5995.2") - D("4.4964"), "BTC": D("0.000005")}


def test_old_orders_are_forgotten_and_living_ones_are_not() -> None:
    """The hundred youngest that are over stay, beside every one that rests, and no id comes back."""
    account = PaperAccount(exchange="acme", symbol=SYMBOL, born="1", holdings={"USDT": D(10_000)})
    deep, seen = (
        book(D(60_000), [(0, D(1))]),
        Ticker(symbol=SYMBOL, bid=D(65_000), ask=D(65_001), last=D(65_000), at=NOW),
    )
    account = matching.rest(matching.trade(account, buy(), deep, RULES, NOW), stop_order(), seen, RULES, NOW)

    for number in range(60):
        account = matching.trade(account, buy("0.001", f"b{number}"), deep, RULES, NOW)
        account = matching.trade(account, sell("0.00099", f"s{number}"), deep, RULES, NOW)

    assert (len(account.orders), len(account.resting)) == (101, 1)
    assert account.find("buy") is None
    assert account.next_order_id() == "paper-1-123"
