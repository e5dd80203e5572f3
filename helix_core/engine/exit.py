"""The way out: from a stored SELL, or the owner's word, to a closed trade."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import OrderIntent, OrderKind
from helix_core.domain.signal import Action
from helix_core.engine import breaker
from helix_core.engine.outcome import Outcome, OutcomeStatus, Rejection
from helix_core.errors import ExchangeError, InvariantBroken, Mismatch, OrderOutcomeUnknown, OrderRefused
from helix_core.notify import messages
from helix_core.store import halts, inbox, journal, outbox, subject, trades
from helix_core.store.schema import TradeRow

if TYPE_CHECKING:
    from helix_core.engine.account import Account
    from helix_core.engine.ledger import Ledger
    from helix_core.engine.orders import OrderDesk
    from helix_core.engine.protection import Protection
    from helix_core.engine.seller import Seller
    from helix_core.engine.snapshot import Snapshots
    from helix_core.risk import RiskEngine
    from helix_core.store.inbox import StoredSignal

log = structlog.get_logger(__name__)


class Exit:
    """Closes positions. Safe to be called again for the same signal after a crash."""

    def __init__(
        self,
        account: Account,
        *,
        snapshots: Snapshots,
        risk: RiskEngine,
        desk: OrderDesk,
        ledger: Ledger,
        protection: Protection,
        seller: Seller,
    ) -> None:
        """Work for one account."""
        self._snapshots, self._risk = snapshots, risk
        self._desk, self._ledger, self._protection, self._seller = desk, ledger, protection, seller
        self._market, self._store, self._clock = account.market, account.store, account.clock

    async def close(self, stored: StoredSignal) -> Outcome:
        """Judge, cancel the stop, confirm, sell what is held, record and tell. Raises Rejection."""
        async with self._store.read() as session:
            begun = await journal.of_signal(session, stored.row, OrderKind.EXIT)
            done = None if begun is None or begun.trade_id is None else await session.get(TradeRow, begun.trade_id)
            trade = next((row for row in await trades.open_trades(session) if row.symbol == stored.signal.symbol), None)
            in_force = await halts.active(session)
        if done is not None and done.id is not None and done.status != "open":
            return await self._accepted(stored, done.id)  # a crash came between the sale and this
        if trade is None:
            raise Rejection("no_open_position", f"There is no open position in {stored.signal.symbol} to sell.")
        mismatch = next((halt for halt in in_force if halt.kind is HaltKind.RECONCILE), None)
        if mismatch is not None:
            raise Rejection("trading_halted", f"Halt reconcile: {mismatch.detail}. The position stays under its stop.")
        await self._judge(stored, trade)
        try:
            await self._sell(trade, stored.row)
        except OrderRefused as refusal:
            await self._cover_again(trade)
            raise Rejection("order_refused", f"{refusal} The position is still open, under its stop.") from refusal
        except (ExchangeError, Mismatch) as unknown:
            raise await self._alarm(trade, str(unknown)) from unknown
        assert trade.id is not None
        await self._protection.close(trade, await self._ledger.ending(trade.id))
        return await self._accepted(stored, trade.id)

    async def flatten(self, trade: TradeRow) -> None:
        """Close a trade because the owner says so: as `close`, but no gate is asked.

        Raises ExchangeError when it is not sold now (its stop is put back), Rejection when nobody knows.
        """
        assert trade.id is not None
        async with self._store.read() as session:
            entry = await journal.of_trade(session, trade.id, OrderKind.ENTRY)
        if entry is None:
            raise InvariantBroken(f"trade {trade.id} has no journalled entry")
        with subject.of_signal(entry.signal_row):
            try:
                await self._sell(trade, entry.signal_row)
            except (OrderOutcomeUnknown, Mismatch) as unknown:
                raise await self._alarm(trade, str(unknown)) from unknown
            except ExchangeError:
                await self._cover_again(trade)
                raise
            await self._protection.close(trade, await self._ledger.ending(trade.id))

    async def _sell(self, trade: TradeRow, signal_row: int) -> None:
        """Cancel the stop, then sell. Once more where a stop that was held never to have been placed took the coins."""
        await self._protection.lift(trade)
        try:
            await self._seller.sell_all(trade, signal_row)
        except (OrderRefused, Mismatch):
            if not await self._protection.adopt_late(trade):
                raise
            await self._protection.lift(trade)
            await self._seller.sell_all(trade, signal_row)

    async def _cover_again(self, trade: TradeRow) -> None:
        """The position is not sold: put its stop back now. Where that cannot be done yet, it is tried at every tick."""
        try:
            await self._protection.ensure(trade)
        except (ExchangeError, Mismatch) as error:
            log.warning("stop_not_put_back_yet", trade_id=trade.id, problem=str(error))

    async def _accepted(self, stored: StoredSignal, trade_id: int) -> Outcome:
        async with self._store.write() as session:
            await inbox.finish(session, stored.row, self._clock.now(), trade_id=trade_id)
        return Outcome(
            status=OutcomeStatus.ACCEPTED, row=stored.row, signal_id=stored.signal.signal_id, trade_id=trade_id
        )

    async def _judge(self, stored: StoredSignal, trade: TradeRow) -> None:
        """Ask the gates that judge exits, and store their verdicts. Raises Rejection."""
        assert trade.id is not None
        view = await self._market.view(stored.signal.symbol)
        client_order_id, _ = await self._desk.next_id(stored.row, OrderKind.EXIT)
        intent = OrderIntent(
            client_order_id=client_order_id,
            signal_row=stored.row,
            signal_id=stored.signal.signal_id,
            symbol=stored.signal.symbol,
            side=stored.signal.action,
            quantity=max(await self._ledger.held(trade.id), Decimal(0)),
        )
        report = await self._risk.judge(intent, await self._snapshots.of(stored, view), exit_=True)
        async with self._store.write() as session:
            inbox.record_verdicts(session, stored.row, report, self._clock.now())
        if report.denial is not None:
            raise Rejection(report.denial.reason, report.denial.detail)

    async def _alarm(self, trade: TradeRow, problem: str) -> Rejection:
        """Nobody knows whether the stop or the exit is alive: stop entries and wake the owner."""
        now = self._clock.now()
        async with self._store.write() as session:
            await breaker.halt(session, HaltKind.RECONCILE, f"Exit of trade {trade.id}: outcome unknown", now)
            text = messages.order_unknown(
                side=Action.SELL, symbol=trade.symbol, client_order_id=f"exit of trade {trade.id}"
            )
            outbox.owe(session, NoticeKind.ORDER_UNKNOWN, text, now)
        return Rejection("order_outcome_unknown", problem)
