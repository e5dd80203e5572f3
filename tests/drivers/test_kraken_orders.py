"""Entries and exits: followed to their fills, and found again by Helix's own id."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core import ExchangeUnavailable, OrderKind, OrderStatus
from tests.drivers.kraken_venue import (
    ADD,
    CLOSED,
    ENTRY,
    OPEN,
    QUERY,
    TRADES,
    bought,
    ended,
    ok,
    opened,
    order,
    queried,
    refusal,
    trade,
)
from tests.drivers.specimens import CID, SYMBOL, entry, leave, ref
from tests.drivers.tiny_venue import Reply

if TYPE_CHECKING:
    from helix_kraken.client import KrakenClient
    from tests.drivers.tiny_venue import TinyVenue

D = Decimal


async def test_an_entry_filled_in_five_pieces_is_reported_with_all_its_fills(
    kraken: KrakenClient, tiny: TinyVenue
) -> None:
    names = [f"T{number}" for number in range(1, 6)]
    pieces = {name: trade(ENTRY, "0.00168", time=1_780_000_000 + place) for place, name in enumerate(names)}
    tiny.on("POST", QUERY, queried(entry=bought("0.0084", *names)))
    tiny.on("POST", TRADES, ok(pieces))

    report = await kraken.place_market_order(entry())

    assert (report.status, report.filled, report.venue_order_ids) == (OrderStatus.FILLED, D("0.0084"), (ENTRY,))
    assert report.fills is not None
    assert [fill.fill_id for fill in report.fills] == names
    assert {(fill.quantity, fill.fee, fill.fee_currency) for fill in report.fills} == {
        (D("0.00168"), D("0.25"), "USDT")
    }
    assert tiny.sent("POST", TRADES)[0].parameters["txid"] == ",".join(names)


async def test_an_order_not_final_yet_is_open(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """Three times not to be seen or pending, then filled: the report waits for it, without sending anything."""
    tiny.on(
        "POST",
        QUERY,
        refusal("EOrder:Unknown order"),
        ok({}),
        queried(entry=order(status="pending")),
        queried(entry=bought("0.0084", "T1")),
    )
    tiny.on("POST", TRADES, ok({"T1": trade(ENTRY, "0.0084")}))

    report = await kraken.place_market_order(entry())

    assert report.status is OrderStatus.FILLED
    assert len(tiny.sent("POST", ADD)) == 1


@pytest.mark.parametrize("reply", [ok({}), refusal("EService:Unavailable"), queried(entry=order())])
async def test_an_order_taken_but_not_followed_is_open_for_the_core_to_look_up(
    kraken: KrakenClient, tiny: TinyVenue, reply: Reply
) -> None:
    tiny.on("POST", QUERY, reply)

    report = await kraken.place_market_order(leave())

    assert (report.status, report.filled, report.venue_order_ids) == (OrderStatus.OPEN, D(0), (ENTRY,))


@pytest.mark.parametrize(
    ("row", "status", "filled"),
    [
        (order(status="pending"), OrderStatus.OPEN, "0"),
        (order(executed="0.001"), OrderStatus.OPEN, "0.001"),
        (bought(), OrderStatus.FILLED, "0.0084"),
        (order("1", "0.99999998", "closed"), OrderStatus.FILLED, "0.99999998"),
        (order("1", "0.999999", "closed"), OrderStatus.EXPIRED, "0.999999"),
        (order(executed="0.002", status="canceled"), OrderStatus.CANCELED, "0.002"),
        (order(status="expired"), OrderStatus.EXPIRED, "0"),
        (order(status="a word of next year"), OrderStatus.UNKNOWN, "0"),
    ],
    ids=lambda value: value["status"] if isinstance(value, dict) else str(value),
)
async def test_kraken_s_words_in_ours(
    kraken: KrakenClient, tiny: TinyVenue, row: dict[str, Any], status: OrderStatus, filled: str
) -> None:
    """ "Insignificant volume remaining" is filled whole; closed any shorter is not."""
    tiny.on("POST", QUERY, queried(entry=row))

    report = await kraken.find_order(ref(OrderKind.ENTRY, ENTRY))

    assert report is not None
    assert (report.status, report.filled, report.protecting) == (status, D(filled), D(0))


@pytest.mark.parametrize("side", ["open", "closed"])
async def test_an_order_is_found_by_our_id_among_open_then_closed_ones(
    kraken: KrakenClient, tiny: TinyVenue, side: str
) -> None:
    stranger = bought(cl_ord_id="f" * 32)
    if side == "open":
        tiny.on("POST", OPEN, opened(entry=order(), s1=stranger))
    tiny.on("POST", CLOSED, ended(entry=bought(), s1=stranger))

    report = await kraken.find_order(ref())

    assert report is not None
    assert report.venue_order_ids == (ENTRY,)
    assert report.status is (OrderStatus.OPEN if side == "open" else OrderStatus.FILLED)
    assert [seen.path for seen in tiny.seen] == ([OPEN] if side == "open" else [OPEN, CLOSED])


async def test_an_order_in_neither_list_is_absent(kraken: KrakenClient, tiny: TinyVenue) -> None:
    """A look moments later searches the open orders again, but not the history: that costs a quarter of the limit."""
    assert await kraken.find_order(ref()) is None
    assert await kraken.find_order(ref()) is None
    assert [seen.path for seen in tiny.seen] == [OPEN, CLOSED, OPEN]


@pytest.mark.parametrize("path", [OPEN, CLOSED])
@pytest.mark.parametrize(
    "reply",
    [
        refusal("EService:Busy"),
        ok({}),
        Reply("<html>", 200),
        ok({"open": {ENTRY: {"cl_ord_id": CID}}, "closed": {ENTRY: {"cl_ord_id": CID}}}),
    ],
    ids=lambda reply: reply.text()[:30],
)
async def test_only_two_clean_answers_prove_absence(
    kraken: KrakenClient, tiny: TinyVenue, path: str, reply: Reply
) -> None:
    tiny.on("POST", path, reply)

    with pytest.raises(ExchangeUnavailable):
        await kraken.find_order(ref())


async def test_fills_of_another_order_are_not_taken(kraken: KrakenClient, tiny: TinyVenue) -> None:
    tiny.on("POST", QUERY, queried(entry=bought("0.0084", "T1")))
    tiny.on("POST", TRADES, ok({"T1": trade("OOTHER-AAAAA-BBBBBB", "0.0084")}))

    with pytest.raises(ExchangeUnavailable, match="other orders"):
        await kraken.get_fills(SYMBOL, (ENTRY,))


async def test_more_fills_than_one_answer_takes_are_asked_for_in_turn(kraken: KrakenClient, tiny: TinyVenue) -> None:
    names = [f"T{number:02}" for number in range(45)]
    tiny.on("POST", QUERY, queried(entry=bought("0.0045", *names)))
    tiny.on("POST", TRADES, ok({name: trade(ENTRY, "0.0001") for name in names}))

    fills = await kraken.get_fills(SYMBOL, (ENTRY,))

    assert [fill.fill_id for fill in fills] == names
    assert [len(seen.parameters["txid"].split(",")) for seen in tiny.sent("POST", TRADES)] == [20, 20, 5]
