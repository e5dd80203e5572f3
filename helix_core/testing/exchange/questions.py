"""Rules on questions: exact answers, no default for an answer that did not come, and no guess at a word."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.order import OrderKind, OrderStatus
from helix_core.errors import DataMissing, ExchangeUnavailable, HelixError, RateLimited
from helix_core.testing.exchange.wiretap import Request, Trouble

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.domain.market import Level
    from helix_core.testing.exchange.bench import Bench

MANY, FEW = Decimal("12345678901.12345678"), Decimal("0.00000001")
"""Nineteen digits and the smallest amount: a float holds neither sum."""


class QuestionRules:
    """EX07 to EX16."""

    async def test_ex07_the_market_is_read_exactly(self, bench: Bench) -> None:
        """Steps, minimums and the fee are the venue's, to the last digit."""
        assert bench.rig.stated, "the rig says what the venue states of its market"
        for name, value in bench.rig.stated.items():
            read = getattr(bench.instrument, name)
            assert isinstance(read, Decimal), f"{name} is a {type(read).__name__}"
            assert read == value, f"{name} is {value}, read as {read}"

    async def test_ex08_balances_are_read_exactly(self, bench: Bench) -> None:
        """Free and locked, every digit."""
        account = bench.account
        account.deposit(bench.instrument.quote, MANY)
        account.deposit(bench.instrument.base, FEW)

        balances = await bench.client.get_balance()
        (held,) = await bench.client.get_open_positions()

        for currency in (bench.instrument.quote, bench.instrument.base):
            assert balances.of(currency) == account.balance(currency)
            assert isinstance(balances.of(currency).free, Decimal)
        assert (held.symbol, held.quantity) == (bench.symbol, FEW)

    async def test_ex09_an_unknown_market_is_named(self, bench: Bench) -> None:
        """Not an instrument with figures from nowhere."""
        symbol = f"ZZQX/{bench.instrument.quote}"

        end = await bench.ends(bench.client.instrument(symbol))

        assert isinstance(end, DataMissing), f"{symbol} ended in {end!r}"
        assert any(name in str(end) for name in (symbol, "ZZQX", "symbol", "pair")), str(end)

    async def test_ex10_times_are_aware_and_utc(self, bench: Bench) -> None:
        """Every time in every answer."""
        client, symbol = bench.client, bench.symbol
        times: list[datetime | None] = [
            (await client.get_ticker(symbol)).at,
            (await client.order_book(symbol)).at,
            (await client.get_balance()).at,
        ]
        if bench.rig.account is not None:
            times += [fill.at for fill in await bench.fills_of(await client.place_market_order(bench.entry()))]
            await client.place_oco_order(await bench.hold())
            times += [order.at for order in await client.open_orders(symbol)]

        assert all(at is None or at.utcoffset() == timedelta(0) for at in times), times

    async def test_ex11_a_pause_is_told_and_never_holds_up_an_order(self, bench: Bench) -> None:
        """RateLimited, with the venue's figure where it gave one; the next order still goes."""
        bench.arm(Request.BALANCE, Trouble.RATE_LIMITED)

        asked = await bench.ends(bench.client.get_balance())
        placed = await bench.ends(bench.client.place_market_order(bench.entry()))

        assert isinstance(asked, RateLimited), f"a pause that was asked for ended in {asked!r}"
        assert not isinstance(placed, HelixError), f"the order was held up: {placed!r}"

    async def test_ex12_a_question_without_an_answer_is_not_answered(self, bench: Bench) -> None:
        """ExchangeUnavailable: never an empty account, never a value of before."""
        await bench.client.get_balance()
        for trouble in (Trouble.BAD_GATEWAY, Trouble.CUT_BODY, Trouble.SILENCE):
            bench.arm(Request.BALANCE, trouble)

            end = await bench.ends(bench.client.get_balance())

            assert isinstance(end, ExchangeUnavailable), f"{trouble} ended in {end!r}"

    async def test_ex13_an_order_that_is_not_there_is_none(self, bench: Bench) -> None:
        """The venue's own "no such order", and nothing else, is None."""
        _ = bench.account

        for kind in OrderKind:
            assert await bench.ends(bench.client.find_order(bench.unheard_of(kind))) is None

    async def test_ex14_a_look_up_without_an_answer_is_not_none(self, bench: Bench) -> None:
        """None is proof that the order was not placed; silence proves nothing."""
        for trouble in (Trouble.BAD_GATEWAY, Trouble.LOST_ANSWER, Trouble.RATE_LIMITED):
            bench.arm(Request.LOOK_UP, trouble)

            end = await bench.ends(bench.client.find_order(bench.unheard_of()))

            assert isinstance(end, ExchangeUnavailable), f"{trouble} ended in {end!r}"
            bench.rig.clear()

    async def test_ex15_a_status_nobody_knows_is_unknown(self, bench: Bench) -> None:
        """Never open, never done; and a stop of that status protects nothing that one could count on."""
        entry = bench.entry()
        await bench.client.place_market_order(entry)
        bench.arm(Request.LOOK_UP, Trouble.NEW_WORD)

        report = await bench.found(bench.ref(entry))

        assert report.status is OrderStatus.UNKNOWN
        assert report.protecting == 0

    async def test_ex16_the_market_is_a_market(self, bench: Bench) -> None:
        """Bid at most ask, the best level first, exact."""
        ticker = await bench.client.get_ticker(bench.symbol)
        book = await bench.client.order_book(bench.symbol)

        assert 0 < ticker.bid <= ticker.ask
        assert book.bids
        assert book.asks
        assert _prices(book.bids) == sorted(_prices(book.bids), reverse=True)
        assert _prices(book.asks) == sorted(_prices(book.asks))
        assert book.bids[0].price < book.asks[0].price
        if bench.rig.account is not None:
            assert ticker.last == bench.rig.account.price
            assert (ticker.bid, ticker.ask) == (book.bids[0].price, book.asks[0].price)


def _prices(levels: tuple[Level, ...]) -> list[Decimal]:
    assert all(isinstance(part, Decimal) for level in levels for part in (level.price, level.quantity))
    return [level.price for level in levels]
