"""Rules on market orders: what is sent is what was asked for, and what is told is what happened."""

from __future__ import annotations

import asyncio
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from helix_core.domain.order import OrderReport, OrderStatus
from helix_core.domain.position import fold
from helix_core.domain.signal import Action
from helix_core.errors import ExchangeUnavailable, OrderOutcomeUnknown, OrderRefused
from helix_core.testing.exchange.wiretap import Request, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_core.domain.order import Fill
    from helix_core.testing.exchange.bench import Bench
    from helix_core.testing.exchange.rig import Executed

_PRICES = {"price", "px", "orderPrice", "limit_price", "limitPrice"}
_PIECES = 5
_PART = Decimal("0.4")


class OrderRules:
    """EX17 to EX25."""

    async def test_ex17_the_client_order_id_is_sent(self, bench: Bench) -> None:
        """Without it an order that got no answer can never be found again."""
        entry = bench.entry()

        await bench.client.place_market_order(entry)

        (heard,) = bench.rig.wire.sent(Request.MARKET_ORDER)
        assert entry.client_order_id in heard.text

    async def test_ex18_a_market_order_is_its_quantity_and_no_price(self, bench: Bench) -> None:
        """A price would make it a limit order, or an order by cost."""
        entry = bench.entry()

        await bench.client.place_market_order(entry)

        (heard,) = bench.rig.wire.sent(Request.MARKET_ORDER)
        assert not _PRICES & heard.parameters.keys(), "a market order names a price"
        assert entry.quantity in _numbers(heard.parameters.values()), "the quantity is not the order's own"

    async def test_ex19_an_order_is_found_by_its_own_id(self, bench: Bench) -> None:
        """With nothing else known, as after a crash; the look-up says what the answer said."""
        account, entry = bench.account, bench.entry()
        placed = await bench.client.place_market_order(entry)

        found = await bench.found(bench.ref(entry))

        assert (found.client_order_id, found.venue_order_ids) == (entry.client_order_id, placed.venue_order_ids)
        assert (found.status, found.filled) == (OrderStatus.FILLED, entry.quantity)
        assert entry.quantity == sum(executed.quantity for executed in account.executions())

    async def test_ex20_fills_are_complete(self, bench: Bench) -> None:
        """An order in five pieces: each with its own id, price, quantity, fee and the fee's currency."""
        account, entry = bench.account, bench.entry()
        account.thin_out(bench.instrument.lots(bench.size / _PIECES))

        report = await bench.client.place_market_order(entry)
        fills = await bench.client.get_fills(bench.symbol, report.venue_order_ids)

        assert sorted(map(_figures, fills)) == sorted(map(_figures, account.executions()))
        assert len({fill.fill_id for fill in fills} - {""}) == len(fills) >= _PIECES
        assert {(fill.side, fill.symbol) for fill in fills} == {(Action.BUY, bench.symbol)}
        assert [fill.at for fill in fills] == sorted(fill.at for fill in fills), "the oldest fill comes first"
        assert report.fills is None or {*map(_figures, report.fills)} == {*map(_figures, fills)}

    async def test_ex21_what_is_held_is_what_was_bought_less_its_fee(self, bench: Bench) -> None:
        """A fee taken in the base coin leaves less to protect than was filled."""
        account = bench.account

        report = await bench.client.place_market_order(bench.entry())
        position = fold(await bench.fills_of(report), bench.instrument)

        assert position.held == account.balance(bench.instrument.base).total
        assert report.filled == position.bought

    async def test_ex22_a_part_of_an_order_is_not_the_order(self, bench: Bench) -> None:
        """What was filled is told to the last digit, and never called filled whole."""
        account, entry = bench.account, bench.entry()
        account.fill_only(_PART)

        await bench.client.place_market_order(entry)
        report = await bench.found(bench.ref(entry))

        assert report.filled == sum(executed.quantity for executed in account.executions()) < entry.quantity
        assert report.status.final
        assert report.status is not OrderStatus.FILLED

    async def test_ex23_a_refusal_is_final_and_in_the_venues_words(self, bench: Bench) -> None:
        """An order the account cannot pay for: OrderRefused with the venue's code, nothing bought, sent once."""
        account = bench.account
        affordable = account.balance(bench.instrument.quote).free / bench.price

        end = await bench.ends(bench.client.place_market_order(bench.entry(bench.instrument.lots(affordable * 3))))

        assert isinstance(end, OrderRefused), f"a refusal ended in {end!r}"
        assert end.code, "the venue's own code is missing"
        assert not end.transient, "the money will not be there the next time either"
        assert bench.sent(Request.MARKET_ORDER) <= 1
        assert account.executions() == ()

    async def test_ex24_an_order_never_waits_for_a_question(self, bench: Bench) -> None:
        """While a poll hangs, the order goes out."""
        before = bench.sent(Request.BALANCE)
        bench.arm(Request.BALANCE, Trouble.SILENCE)
        question = asyncio.ensure_future(bench.ends(bench.client.get_balance()))
        await bench.rig.wire.reached(Request.BALANCE, before + 1)
        order = asyncio.ensure_future(bench.ends(bench.client.place_market_order(bench.entry())))
        await bench.rig.wire.reached(Request.MARKET_ORDER, 1, bench.rig.patience_s)
        waiting = not question.done()
        question.cancel()
        _, placed = await asyncio.gather(question, order, return_exceptions=True)

        assert waiting, "the order waited until the question gave up"
        assert isinstance(placed, OrderReport), f"the order was held up: {placed!r}"

    async def test_ex25_without_a_connection_nothing_is_sent(self, bench: Bench) -> None:
        """It is proven that nothing left: OrderRefused, not unknown; and a question is not answered."""
        client = bench.rig.client()

        placed = await bench.ends(client.place_market_order(bench.entry()))
        asked = await bench.ends(client.get_balance())

        assert isinstance(placed, OrderRefused), f"an order without a connection ended in {placed!r}"
        assert not isinstance(placed, OrderOutcomeUnknown)
        assert isinstance(asked, ExchangeUnavailable), f"a question without a connection ended in {asked!r}"
        assert bench.sent(Request.MARKET_ORDER) == 0


def _figures(fill: Fill | Executed) -> tuple[Decimal, Decimal, Decimal, str]:
    return fill.price, fill.quantity, fill.fee, fill.fee_currency


def _numbers(texts: Iterable[str]) -> list[Decimal]:
    numbers = []
    for text in texts:
        try:
            numbers.append(Decimal(text))
        except InvalidOperation:
            continue
    return numbers
