"""What the simulated venue checks before it accepts an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.domain.signal import Action
from helix_core.sandbox.orders import OrderType
from helix_core.sandbox.refusal import Reason, Refused

if TYPE_CHECKING:
    from decimal import Decimal

    from helix_core.sandbox.ledger import Ledger
    from helix_core.sandbox.market import Listing
    from helix_core.sandbox.orders import NewOrder, Order


def admit(new: NewOrder, listing: Listing, ledger: Ledger) -> None:
    """Raise Refused unless a single order keeps every rule but the one about funds."""
    _check_open(listing)
    listing.market.check(new, listing.last)
    _check_counts(listing, ledger, orders=1, stops=int(new.stop_price is not None))
    _check_client_id(new, ledger)
    if new.stop_price is not None and would_trigger(new, listing) and not listing.market.stops_go_off_at_once:
        raise Refused(Reason.WOULD_TRIGGER, f"the price is {listing.last}, the stop {new.stop_price}")
    if new.type is OrderType.LIMIT_MAKER and _would_take(new, listing):
        raise Refused(Reason.WOULD_TAKE, f"bid {listing.bid}, ask {listing.ask}, limit {new.price}")


def admit_pair(stop: NewOrder, limit: NewOrder, list_client_id: str | None, listing: Listing, ledger: Ledger) -> None:
    """Raise Refused unless a stop and a limit order may stand together, but for the funds."""
    _check_open(listing)
    for leg in (stop, limit):
        listing.market.check(leg, listing.last)
        _check_client_id(leg, ledger)
    _check_counts(listing, ledger, orders=2, stops=1)
    _check_list_id(list_client_id, listing, ledger)
    if stop.client_id is not None and stop.client_id == limit.client_id:
        raise Refused(Reason.DUPLICATE_ID, f"both legs are called {stop.client_id}")
    if would_trigger(stop, listing) or _would_take(limit, listing):
        detail = f"stop {stop.stop_price}, price {listing.last}, limit {limit.price}"
        raise Refused(Reason.PRICE_RELATION, detail)


def admit_bracket(
    names: tuple[str | None, str | None, str | None],
    prices: tuple[Decimal, Decimal],
    list_client_id: str | None,
    listing: Listing,
    ledger: Ledger,
) -> None:
    """Raise Refused unless an entry and the pair it brings may be written down, by their names and the pair's prices.

    `names` are the client ids of entry, stop and limit order, `prices` those of stop and limit.
    """
    _check_counts(listing, ledger, orders=3, stops=0)
    _check_list_id(list_client_id, listing, ledger)
    given = [name for name in names if name is not None]
    taken = {order.client_id for order in ledger.open_orders(listing.market.symbol)}
    if len(set(given)) < len(given) or taken & set(given):
        raise Refused(Reason.DUPLICATE_ID, f"one of {', '.join(given)} is taken")
    if prices[0] >= prices[1]:
        raise Refused(Reason.PRICE_RELATION, f"stop {prices[0]}, limit {prices[1]}")


def admit_pending(stop: Order, limit: Order, listing: Listing, ledger: Ledger) -> None:
    """Raise Refused unless a pair that was written down may now go to the market."""
    _check_open(listing)
    for leg in (stop, limit):
        listing.market.check(leg.as_sent, listing.last)
    _check_counts(listing, ledger, orders=0, stops=1)
    if would_trigger(stop.as_sent, listing) or _would_take(limit.as_sent, listing):
        detail = f"stop {stop.stop_price}, price {listing.last}, limit {limit.price}"
        raise Refused(Reason.PRICE_RELATION, detail)


def would_trigger(new: NewOrder, listing: Listing) -> bool:
    """Whether the market is already at or beyond the stop."""
    assert new.stop_price is not None, "a stop has a trigger"
    return new.type.reached(new.side, new.stop_price, listing.last)


def _would_take(new: NewOrder, listing: Listing) -> bool:
    assert new.price is not None, "a limit order has a price"
    return new.price <= listing.bid if new.side is Action.SELL else new.price >= listing.ask


def _check_open(listing: Listing) -> None:
    if not listing.trading:
        raise Refused(Reason.MARKET_CLOSED, f"{listing.market.symbol} does not trade now")


def _check_counts(listing: Listing, ledger: Ledger, *, orders: int, stops: int) -> None:
    open_orders = ledger.open_orders(listing.market.symbol)
    if len(open_orders) + orders > listing.market.max_orders:
        raise Refused(Reason.TOO_MANY_ORDERS, f"{len(open_orders)} orders are open")
    open_stops = sum(order.stop_price is not None and not order.pending for order in open_orders)
    if stops and open_stops + stops > listing.market.max_stops:
        raise Refused(Reason.TOO_MANY_STOPS, f"{open_stops} stops are open")


def _check_client_id(new: NewOrder, ledger: Ledger) -> None:
    if any(order.client_id == new.client_id for order in ledger.open_orders(new.symbol)):
        raise Refused(Reason.DUPLICATE_ID, f"an open order is called {new.client_id}")


def _check_list_id(client_id: str | None, listing: Listing, ledger: Ledger) -> None:
    open_ids = {order.list_id for order in ledger.open_orders(listing.market.symbol)} - {None}
    open_lists = [pair for pair in ledger.lists if pair.list_id in open_ids]
    if len(open_lists) >= listing.market.max_lists:
        raise Refused(Reason.TOO_MANY_LISTS, f"{len(open_lists)} pairs are open")
    if any(pair.client_id == client_id for pair in open_lists):
        raise Refused(Reason.DUPLICATE_ID, f"an open pair is called {client_id}")
