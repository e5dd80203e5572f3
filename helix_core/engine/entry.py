"""The way in: from a stored BUY to a protected position."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import structlog

from helix_core.config import EntryStyle
from helix_core.domain.halt import HaltKind
from helix_core.domain.money import ceil_to
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import ApprovedOrder, Bracket, OrderIntent, OrderKind
from helix_core.engine import breaker
from helix_core.engine.outcome import Outcome, OutcomeStatus, Rejection
from helix_core.engine.room import room_for_entry
from helix_core.errors import (
    ExchangeError,
    InvariantBroken,
    Mismatch,
    OrderNotAllowed,
    OrderOutcomeUnknown,
    OrderRefused,
)
from helix_core.notify import messages
from helix_core.risk import size_entry, stop_price, take_profit_price
from helix_core.store import halts, inbox, journal, outbox
from helix_core.store.schema import JournalRow, JournalState, SignalRow, TradeRow

if TYPE_CHECKING:
    from helix_core.domain.limits import RiskLimits
    from helix_core.domain.market import Instrument
    from helix_core.domain.order import Fill, OrderReport
    from helix_core.domain.risk import RiskReport
    from helix_core.engine.account import Account
    from helix_core.engine.ledger import Ledger
    from helix_core.engine.market import MarketView
    from helix_core.engine.orders import OrderDesk
    from helix_core.engine.protection import Protection
    from helix_core.engine.snapshot import Snapshots
    from helix_core.engine.stops import Stops
    from helix_core.risk import RiskEngine
    from helix_core.store.inbox import StoredSignal

log = structlog.get_logger(__name__)

_UNKNOWN = "order_outcome_unknown"
_FILLS_PATIENCE_S = 0.9
_COLLAR = Decimal("1.002")
"""An atomic entry is a limit order: it may pay 0.2 % more than the ask, or buys nothing."""


class Entry:
    """Opens positions. `open` and `resume` end alike: with a protected trade, or with a Rejection."""

    def __init__(
        self,
        account: Account,
        *,
        snapshots: Snapshots,
        risk: RiskEngine,
        desk: OrderDesk,
        ledger: Ledger,
        protection: Protection,
        stops: Stops,
        style: EntryStyle,
    ) -> None:
        """Work for one account."""
        self._stops, self._style = stops, style
        self._snapshots, self._risk = snapshots, risk
        self._desk, self._ledger, self._protection = desk, ledger, protection
        self._market, self._store = account.market, account.store
        self._limits, self._clock, self._started_at = account.limits, account.clock, account.started_at
        self._account = account

    async def open(self, stored: StoredSignal) -> Outcome:
        """Judge, size, journal, buy, protect, record and tell. Raises Rejection."""
        await room_for_entry(self._account)
        view = await self._market.view(stored.signal.symbol)
        intent, attempt = await self._intent(stored, view)
        report = await self._risk.judge(intent, await self._snapshots.of(stored, view), exit_=False)
        await self._refuse_unless_allowed(report)
        order = ApprovedOrder(intent=intent, report=report, bracket=await self._bracket(intent, view))
        now = self._clock.now()
        try:
            placed = await self._desk.send(
                order,
                signal_row=stored.row,
                attempt=attempt,
                base_before=_base_held(view),
                also=lambda session: inbox.record_verdicts(session, stored.row, report, now),
            )
        except OrderRefused as refusal:
            raise Rejection.of(refusal) from refusal
        except OrderOutcomeUnknown as unknown:
            raise await self._alarm(stored, intent.client_order_id, str(unknown)) from unknown
        return await self._settle(stored, await self._journalled(stored), placed)

    async def resume(self, stored: StoredSignal, row: JournalRow, *, patience_s: float) -> Outcome:
        """Go on with an entry that may be at the venue: look it up, never send it again. Raises Rejection.

        The alarm is raised once for each order, however often it is looked up.
        """
        if row.trade_id is not None:
            return await self._protect(stored, row.trade_id)
        if row.state in {JournalState.REFUSED, JournalState.NOT_PLACED}:
            raise Rejection("order_not_placed", row.detail or "The order was not placed.")
        try:
            placed = await self._desk.resolve(row, patience_s=patience_s)
        except OrderRefused as refusal:
            await self._tell_that_it_never_arrived(stored, row)
            raise Rejection.of(refusal) from refusal
        except OrderOutcomeUnknown as unknown:
            raise await self._alarm(stored, row.client_order_id, str(unknown)) from unknown
        return await self._settle(stored, row, placed)

    async def _intent(self, stored: StoredSignal, view: MarketView) -> tuple[OrderIntent, int]:
        """What the signal asks for, at the size and with the stop that the live price gives; zero while unknown."""
        client_order_id, attempt = await self._desk.next_id(stored.row, OrderKind.ENTRY)
        quantity, stop = Decimal(0), None
        equity = await self._snapshots.equity(view)
        if equity is not None and view.ticker and view.balances and view.instrument:
            quantity = size_entry(
                equity_quote=equity,
                free_quote=view.balances.of(view.instrument.quote).free,
                ask=_most_paid(view.ticker.ask, view.instrument) if self._atomic(view) else view.ticker.ask,
                limits=self._limits,
                instrument=view.instrument,
            )
            stop = _legal_stop(view.ticker.ask, self._limits, view.instrument)
        intent = OrderIntent(
            client_order_id=client_order_id,
            signal_row=stored.row,
            signal_id=stored.signal.signal_id,
            symbol=stored.signal.symbol,
            side=stored.signal.action,
            quantity=quantity,
            stop_price=stop,
        )
        return intent, attempt

    def _atomic(self, view: MarketView) -> bool:
        """True when the venue shall place the stop with the fill itself, in one request.

        Not beside coins of the owner's: the venue would take the fee from those, and have the stop sell all that was
        bought, a fee's worth of the owner's coins with it.
        """
        if self._style is not EntryStyle.ATOMIC or view.instrument is None or view.balances is None:
            return False
        return view.instrument.atomic_entry and view.balances.of(view.instrument.base).free < view.instrument.lot_step

    async def _bracket(self, intent: OrderIntent, view: MarketView) -> Bracket | None:
        """What an atomic entry carries; None where the entry goes at market and its stop follows."""
        if not self._atomic(view) or view.ticker is None or view.instrument is None or intent.stop_price is None:
            return None
        stop_client_order_id, _ = await self._desk.next_id(intent.signal_row, OrderKind.STOP)
        return Bracket(
            limit_price=_most_paid(view.ticker.ask, view.instrument),
            stop_price=intent.stop_price,
            take_profit_price=take_profit_price(view.ticker.ask, view.instrument),
            stop_client_order_id=stop_client_order_id,
        )

    async def _refuse_unless_allowed(self, report: RiskReport) -> None:
        """End a signal that a gate denies or a halt stops, with its verdicts. Raises Rejection."""
        async with self._store.read() as session:
            in_force = await halts.in_force(session, self._started_at)
        denial = report.denial
        if report.allowed and not in_force:
            return
        if denial is not None and denial.reason == "daily_loss_limit" and denial.measured is not None:
            async with self._store.write() as session:
                await breaker.halt_for_daily_loss(session, Decimal(denial.measured), self._clock.now())
        if denial is not None:
            raise Rejection(denial.reason, denial.detail, report)
        if not in_force:
            raise InvariantBroken("a risk report denies without a denial")
        first = in_force[0]
        raise Rejection("trading_halted", f"Halt {first.kind.value}: {first.detail}.", report)

    async def _settle(self, stored: StoredSignal, row: JournalRow, placed: OrderReport) -> Outcome:
        if placed.filled <= 0:
            await self._desk.mark(row, JournalState.DONE, report=placed)
            raise Rejection("order_not_filled", f"The venue ended the order as {placed.raw_status}, nothing bought.")
        try:
            fills = await self._desk.fills(row.symbol, placed, patience_s=_FILLS_PATIENCE_S)
        except OrderOutcomeUnknown as unknown:
            fills = await self._fills_late(stored, row, placed, unknown)
        trade = await self._ledger.open(stored, row, placed, fills)
        assert trade.id is not None
        log.info("entry_filled", trade_id=trade.id, filled=str(placed.filled))
        return await self._protect(stored, trade.id)

    async def _fills_late(
        self, stored: StoredSignal, row: JournalRow, placed: OrderReport, unknown: OrderOutcomeUnknown
    ) -> tuple[Fill, ...]:
        """The venue says it bought, and not yet at what price and fee: a stop first, then the fills. Raises Rejection.

        The entry stays on the list of what is looked up until they are known.
        """
        try:
            await self._stops.put_early(stored.row, placed)
            return await self._desk.fills(row.symbol, placed, patience_s=_FILLS_PATIENCE_S)
        except ExchangeError as error:
            await self._desk.mark(row, JournalState.UNKNOWN, report=placed, detail=str(error))
            raise await self._alarm(stored, row.client_order_id, str(error)) from unknown

    async def _protect(self, stored: StoredSignal, trade_id: int) -> Outcome:
        """Cover the position, then end the signal and tell the owner in one commit."""
        async with self._store.read() as session:
            trade = await session.get_one(TradeRow, trade_id)
        if trade.status == "open":
            try:
                await self._protection.ensure(trade)
            except (
                ExchangeError,
                Mismatch,
            ) as error:  # the entry is real: say so, and let the worker go on with its stop
                await self._warn_unprotected(trade_id, str(error))
        position, now = await self._ledger.position(trade_id), self._clock.now()
        async with self._store.write() as session:
            trade = await session.get_one(TradeRow, trade_id)
            await inbox.finish(session, stored.row, now, trade_id=trade_id)
            stop = await journal.standing(session, trade_id, OrderKind.STOP)
            if trade.status == "open" and stop is not None and stop.stop_price is not None:
                text = messages.trade_opened(
                    instrument=self._market.rules(),
                    price=position.entry_price,
                    quantity=stop.quantity,
                    stop_price=stop.stop_price,
                )
                outbox.owe(session, NoticeKind.TRADE_OPENED, text, now)
        return Outcome(
            status=OutcomeStatus.ACCEPTED, row=stored.row, signal_id=stored.signal.signal_id, trade_id=trade_id
        )

    async def _warn_unprotected(self, trade_id: int, problem: str) -> None:
        log.warning("entry_not_protected_yet", trade_id=trade_id, problem=problem)
        held = await self._ledger.held(trade_id)
        text = messages.unprotected(symbol=self._market.symbol, quantity=held, detail=f"Still trying: {problem}")
        async with self._store.write() as session:
            outbox.owe(session, NoticeKind.ERROR, text, self._clock.now())

    async def _alarm(self, stored: StoredSignal, client_order_id: str, problem: str) -> Rejection:
        """Nobody knows what became of the entry: stop entries and wake the owner. The worker goes on looking."""
        now = self._clock.now()
        async with self._store.write() as session:
            if await breaker.halt(session, HaltKind.RECONCILE, f"Entry {client_order_id}: outcome unknown", now):
                text = messages.order_unknown(
                    side=stored.signal.action, symbol=stored.signal.symbol, client_order_id=client_order_id
                )
                outbox.owe(session, NoticeKind.ORDER_UNKNOWN, text, now)
        return Rejection(_UNKNOWN, problem)

    async def _tell_that_it_never_arrived(self, stored: StoredSignal, row: JournalRow) -> None:
        """Tell the owner, where the signal has ended because nobody knew."""
        async with self._store.read() as session:
            ended = await session.get_one(SignalRow, stored.row)
        if ended.rejection_reason == _UNKNOWN:
            text = messages.order_resolved(
                side=stored.signal.action, symbol=row.symbol, client_order_id=row.client_order_id
            )
            async with self._store.write() as session:
                outbox.owe(session, NoticeKind.ORDER_UNKNOWN, text, self._clock.now())

    async def _journalled(self, stored: StoredSignal) -> JournalRow:
        async with self._store.read() as session:
            row = await journal.of_signal(session, stored.row, OrderKind.ENTRY)
        if row is None:
            raise InvariantBroken(f"signal {stored.row} was traded without a journal row")
        return row


def _most_paid(ask: Decimal, instrument: Instrument) -> Decimal:
    """The limit of an atomic entry: far enough above the ask to be filled at once, and no further."""
    return ceil_to(ask * _COLLAR, instrument.price_tick)


def _legal_stop(price: Decimal, limits: RiskLimits, instrument: Instrument) -> Decimal:
    """Where the stop would rest. Raises Rejection when the venue would take no stop with its far leg at this price."""
    try:
        take_profit_price(price, instrument)
        return stop_price(price, limits, instrument)
    except OrderNotAllowed as refusal:
        raise Rejection("no_legal_stop", str(refusal)) from refusal


def _base_held(view: MarketView) -> Decimal | None:
    if view.balances is None or view.instrument is None:
        return None
    return view.balances.of(view.instrument.base).total
