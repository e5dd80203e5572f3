"""Settlement: carries out what a human decided about a difference. It changes the database only, never the venue."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.halt import HaltKind
from helix_core.domain.identifiers import OWN_ORDER
from helix_core.domain.money import plain
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import OrderKind
from helix_core.domain.position import fold
from helix_core.domain.signal import Action
from helix_core.engine import breaker
from helix_core.engine.findings import FindingKind
from helix_core.errors import Mismatch
from helix_core.notify import messages
from helix_core.store import baseline, books, decisions, halts, journal, outbox, trades
from helix_core.store.decisions import Decision
from helix_core.store.schema import JournalRow, JournalState, TradeRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.contracts.exchange import PastOrder
    from helix_core.domain.order import Fill
    from helix_core.engine.account import Account
    from helix_core.engine.findings import Comparison
    from helix_core.engine.reconcile import Reconciler

_CHANGED = "The account or the database changed since it was shown. Nothing was done; run helix reconcile again."


class Settlement:
    """Decisions of one actor. Each is one transaction, and refused (Mismatch) when anything changed since `seen`.

    Every method says in a sentence what it did.
    """

    def __init__(self, account: Account, reconciler: Reconciler, actor: str) -> None:
        """Settle `account` in the name of `actor`."""
        self._client, self._store, self._market = account.client, account.store, account.market
        self._limits, self._clock = account.limits, account.clock
        self._reconciler, self._actor = reconciler, actor

    async def accept_baseline(self, seen: Comparison) -> str:
        """All base coins that open trades do not hold are the owner's from now on. Mismatch: there are too few."""
        base, owned = seen.rules.base, seen.total - seen.books.held
        if seen.books.unsettled:
            raise Mismatch("An order's outcome is not known yet: coins cannot be accepted before it is.")
        if owned < 0:
            raise Mismatch(
                f"The account holds {plain(seen.total)} {base}, less than the {plain(seen.books.held)} of open trades. "
                "Say first what became of those."
            )
        async with self._decide(seen) as session:
            await baseline.accept(session, base, owned)
            self._note(session, Decision.ACCEPT_BASELINE, base, f"{plain(owned)} {base} are the owner's")
        return f"{plain(owned)} {base} are yours: Helix never sells them."

    async def close_by_hand(self, seen: Comparison, trade_id: int) -> str:
        """End a trade whose coins a human sold: with the venue's own fills where they are found, else written off.

        Mismatch: its stop still rests at the venue.
        """
        await self._refuse_while_stop_rests(seen, trade_id)
        held = next(trade for trade in seen.books.trades if trade.trade_id == trade_id)
        sales = await self._sales_by_hand(held, seen)
        if not sales:
            async with self._decide(seen) as session:
                await self._write_off(session, trade_id, "its coins are gone, and no sale of that size was found")
            return f"Trade {trade_id} is written off as cancelled: no sale of {plain(held.quantity)} was found."
        fills = await self._client.get_fills(seen.rules.symbol, tuple(sale.venue_order_id for sale in sales))
        async with self._decide(seen) as session:
            pnl = await self._book_sales(session, trade_id, sales, fills, seen)
        return f"Trade {trade_id} is booked as closed by hand: P&L {pnl:+.2f} {seen.rules.quote}."

    async def adopt_reset(self, seen: Comparison) -> str:
        """The venue forgot everything: open trades are written off, and what it holds now is the owner's."""
        if not any(finding.kind is FindingKind.RESET for finding in seen.findings):
            raise Mismatch("The venue still knows the open trades: this is no reset.")
        now = self._clock.now()
        async with self._decide(seen) as session:
            for trade in seen.books.trades:
                await self._write_off(session, trade.trade_id, "the venue was reset")
            for order in seen.books.unsettled:
                await journal.mark(session, order.client_order_id, JournalState.DONE, now, detail="the venue was reset")
            await baseline.accept(session, seen.rules.base, seen.total)
            owned = f"{plain(seen.total)} {seen.rules.base}"
            self._note(session, Decision.ADOPT_RESET, seen.rules.base, f"{owned} are the owner's")
        return f"The reset is adopted: open trades are written off, and {owned} are yours."

    async def accept_not_placed(self, seen: Comparison, client_order_id: str) -> str:
        """An order that nobody knows counts as not placed. Mismatch: the venue shows a trace of it, or still may."""
        now = self._clock.now()
        async with self._store.read() as session:
            row = await session.get_one(JournalRow, client_order_id)
        if now <= row.fence_at:
            raise Mismatch(f"Order {client_order_id} may still arrive until {row.fence_at:%H:%M:%S} UTC. Wait.")
        past = await self._reconciler.past_orders(row.sent_at - timedelta(hours=1))
        shown = any(order.client_order_id.startswith(client_order_id) for order in past)
        if shown or await self._client.find_order(journal.reference(row)) is not None:
            raise Mismatch(f"The venue has order {client_order_id}: a running Helix books it by itself. Start the bot.")
        state = JournalState.DONE if row.venue_order_ids else JournalState.NOT_PLACED
        async with self._decide(seen) as session:
            await journal.mark(session, client_order_id, state, now, detail=f"accepted as absent by {self._actor}")
            self._note(session, Decision.ACCEPT_NOT_PLACED, client_order_id, "no trace of it at the venue")
        return f"Order {client_order_id} counts as not placed."

    async def acknowledge(self, seen: Comparison, orders: tuple[str, ...]) -> str:
        """These orders with Helix's mark are known to a human, and no finding any more."""
        async with self._decide(seen) as session:
            for client_order_id in orders:
                self._note(session, Decision.ACKNOWLEDGE, client_order_id, "known to a human")
        return f"{len(orders)} order(s) are acknowledged."

    async def finish(self, seen: Comparison) -> bool:
        """Note that nothing is left to decide, so that the halt may be ended. False while something is."""
        if not seen.clean:
            return False
        now, symbol = self._clock.now(), seen.rules.symbol
        async with self._decide(seen) as session:
            if seen.books.owned is None:
                await baseline.accept(session, seen.rules.base, seen.total - seen.books.held)
            await decisions.note_reconciled(session, symbol, self._actor, now)
            await books.note_compared(session, now)
            if any(halt.kind is HaltKind.RECONCILE for halt in await halts.active(session)):
                text = messages.reconciled(symbol=symbol, actor=self._actor)
                outbox.owe(session, NoticeKind.RECONCILED, text, now)
        return True

    @asynccontextmanager
    async def _decide(self, seen: Comparison) -> AsyncIterator[AsyncSession]:
        """One transaction for one decision, while everything is as it was seen. Raises Mismatch."""
        if not seen.same_as(await self._reconciler.look()):
            raise Mismatch(_CHANGED)
        async with self._store.write() as session:
            if await books.read(session, seen.rules) != seen.books:
                raise Mismatch(_CHANGED)
            yield session

    def _note(self, session: AsyncSession, decision: Decision, subject: str, detail: str) -> None:
        decisions.note(session, decision, subject, detail, self._actor, self._clock.now())

    async def _refuse_while_stop_rests(self, seen: Comparison, trade_id: int) -> None:
        async with self._store.read() as session:
            stop = await journal.standing(session, trade_id, OrderKind.STOP)
        resting = {order_id for order_id, _ in seen.orders}
        if stop is not None and resting & set(stop.venue_order_ids.split()):
            raise Mismatch(f"The stop of trade {trade_id} still rests at the venue: cancel it there first.")

    async def _sales_by_hand(self, held: books.Held, seen: Comparison) -> tuple[PastOrder, ...]:
        """Orders of a human that together, or alone, sold what the trade held; none where the sizes do not fit."""
        since: datetime = held.opened_at or self._clock.now() - timedelta(days=1)
        past = await self._reconciler.past_orders(since - timedelta(minutes=1))
        sales = tuple(
            order
            for order in past
            if order.side is Action.SELL and order.filled and not OWN_ORDER.fullmatch(order.client_order_id)
        )
        for candidate in (sales, *((sale,) for sale in sales)):
            sold = sum((sale.filled for sale in candidate), Decimal(0))
            if candidate and abs(sold - held.quantity) <= self._reconciler.tolerance(seen.rules):
                return candidate
        return ()

    async def _book_sales(
        self,
        session: AsyncSession,
        trade_id: int,
        sales: tuple[PastOrder, ...],
        fills: tuple[Fill, ...],
        seen: Comparison,
    ) -> Decimal:
        """Write the sales down as the trade's own, and end it with what they earned, in quote."""
        now, rules = self._clock.now(), seen.rules
        entry = await journal.of_trade(session, trade_id, OrderKind.ENTRY)
        if entry is None:
            raise Mismatch(f"Trade {trade_id} has no journalled entry.")
        for sale in sales:
            name = f"manual-{sale.venue_order_id}"
            await journal.add(
                session,
                JournalRow(
                    client_order_id=name,
                    signal_row=entry.signal_row,
                    trade_id=trade_id,
                    kind=OrderKind.EXIT.value,
                    attempt=await journal.next_attempt(session, entry.signal_row, OrderKind.EXIT),
                    symbol=rules.symbol,
                    side=Action.SELL.value,
                    quantity=sale.filled,
                    state=JournalState.DONE.value,
                    sent_at=sale.at,
                    fence_at=sale.at,
                    venue_order_ids=sale.venue_order_id,
                    filled=sale.filled,
                    detail=f"sold by hand, booked by {self._actor}",
                    updated_at=now,
                ),
            )
            its = [fill for fill in fills if fill.venue_order_id == sale.venue_order_id]
            await journal.record_fills(session, self._client.name, trade_id, name, its)
        position = fold(await journal.fills_of(session, trade_id), rules)
        pnl = position.pnl({}, rules.taker_fee)
        await self._end_orders(session, trade_id, "the trade was closed by hand")
        await trades.close_trade(
            session, trade_id, position, pnl, status="closed", reason="manual", at=max(fill.at for fill in fills)
        )
        await breaker.check(session, self._limits, now)
        text = messages.trade_closed(
            instrument=rules, price=position.exit_price, pnl=pnl, pnl_pct=100 * pnl / position.cost
        )
        outbox.owe(session, NoticeKind.TRADE_CLOSED, text, now)
        self._note(session, Decision.BOOK_MANUAL_CLOSE, f"trade {trade_id}", f"P&L {plain(pnl)} {rules.quote}")
        return pnl

    async def _write_off(self, session: AsyncSession, trade_id: int, why: str) -> None:
        """End a trade without a result: nobody knows what its coins brought in."""
        trade = await session.get_one(TradeRow, trade_id)
        trade.status, trade.close_reason, trade.closed_at = "cancelled", "manual", self._clock.now()
        session.add(trade)
        await self._end_orders(session, trade_id, why)
        self._note(session, Decision.WRITE_OFF, f"trade {trade_id}", why)

    async def _end_orders(self, session: AsyncSession, trade_id: int, why: str) -> None:
        """Orders of the trade that the journal takes for alive are over."""
        for kind in (OrderKind.STOP, OrderKind.EXIT):
            while (row := await journal.standing(session, trade_id, kind)) is not None:
                await journal.mark(session, row.client_order_id, JournalState.DONE, self._clock.now(), detail=why)
                await session.flush()
