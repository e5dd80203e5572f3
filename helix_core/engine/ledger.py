"""The engine's view of its trades: what each holds, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.money import plain
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import OrderKind
from helix_core.domain.position import fold
from helix_core.domain.signal import Action
from helix_core.engine import breaker
from helix_core.errors import HelixError, InvariantBroken
from helix_core.notify import messages
from helix_core.store import baseline, curve, flattening, inbox, journal, outbox, trades
from helix_core.store.schema import InboxRow, JournalState, TradeRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.domain.market import Instrument
    from helix_core.domain.order import Fill, OrderReport
    from helix_core.domain.position import Position
    from helix_core.engine.account import Account
    from helix_core.store.inbox import StoredSignal
    from helix_core.store.schema import JournalRow

log = structlog.get_logger(__name__)

_CLEARLY = 2
"""What is worth less than so many smallest orders may be dust: it was worth less than one when it was left."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a trade ends: its status and close reason, in the words of the trades table."""

    status: str
    reason: str


BY_SIGNAL = Ending("closed", "signal")
BY_STOP = Ending("stopped_out", "stop_loss")
BY_FAR_LEG = Ending("closed", "stop_loss")
BY_BREAKER = Ending("closed", "circuit_breaker")
BY_OWNER = Ending("closed", "manual")


class Ledger:
    """Turns the venue's fills into trades. Writes only what the venue has proven."""

    def __init__(self, account: Account) -> None:
        """Keep the trades of one account."""
        self._client, self._store, self._market = account.client, account.store, account.market
        self._limits, self._clock = account.limits, account.clock

    async def open(
        self, stored: StoredSignal, entry: JournalRow, report: OrderReport, fills: tuple[Fill, ...]
    ) -> TradeRow:
        """Make the trade of a filled entry, with its fills, in one commit."""
        if sum(fill.quantity for fill in fills) < report.filled:
            raise InvariantBroken(f"entry {entry.client_order_id}: the fills do not add up to what was filled")
        now, position = self._clock.now(), fold(fills, self._market.rules())
        async with self._store.write() as session:
            row = await journal.mark(session, entry.client_order_id, JournalState.DONE, now, report=report)
            trade = await trades.open_trade(session, stored, row, self._client.name, position, now)
            assert trade.id is not None
            await journal.record_fills(session, self._client.name, trade.id, entry.client_order_id, fills)
            await inbox.adopt(session, stored.row, trade.id)
        return trade

    async def record(
        self, trade_id: int, client_order_id: str, report: OrderReport, fills: tuple[Fill, ...], *, over: bool = True
    ) -> None:
        """Keep an order of a trade with its fills, in one commit; `over` when it can fill no more."""
        state = JournalState.DONE if over else JournalState.LIVE
        async with self._store.write() as session:
            await journal.record_fills(session, self._client.name, trade_id, client_order_id, fills)
            await journal.mark(session, client_order_id, state, self._clock.now(), report=report)
        self._market.balances.forget()

    async def position(self, trade_id: int) -> Position:
        """What the trade's fills add up to."""
        async with self._store.read() as session:
            return fold(await journal.fills_of(session, trade_id), self._market.rules())

    async def held(self, trade_id: int) -> Decimal:
        """Base units of the trade that can be sold: what is left of it, floored to the lot step."""
        return self._market.rules().lots((await self.position(trade_id)).held)

    def is_dust(self, quantity: Decimal, price: Decimal) -> bool:
        """True when the venue would not let `quantity` be sold at `price`: below its smallest lot or notional."""
        rules = self._market.rules()
        return quantity < rules.min_quantity or quantity * price < rules.min_notional

    async def ending(self, trade_id: int) -> Ending:
        """How a trade ended whose coins are gone: by the order that sold last, and by whose wish."""
        async with self._store.read() as session:
            row = await journal.last_to_sell(session, trade_id)
            fills = await journal.fills_of(session, trade_id)
            if row is None:
                return BY_BREAKER
            if row.kind == OrderKind.EXIT.value:
                wish = await session.get_one(InboxRow, row.signal_row)
                if wish.action == Action.SELL.value:
                    return BY_SIGNAL
                return BY_OWNER if await flattening.was_asked(session, row.sent_at) else BY_BREAKER
        far = row.take_profit_price
        return BY_FAR_LEG if far is not None and fills[-1].price >= far else BY_STOP

    async def close(self, trade: TradeRow, ending: Ending, *, also: Callable[[AsyncSession], None]) -> None:
        """End a trade: result, day's figures, halts that follow from it and the owner's message, in one commit.

        `also` is committed together with them.
        """
        assert trade.id is not None
        async with self._store.read() as session:
            fills = await journal.fills_of(session, trade.id)
        rules, now = self._market.rules(), self._clock.now()
        position = fold(fills, rules)
        pnl = position.pnl(await self._rates(position), rules.taker_fee)
        at = fills[-1].at if position.sold else now
        async with self._store.write() as session:
            if (await session.get_one(TradeRow, trade.id)).status != "open":
                return  # `helix reconcile` was faster
            await curve.open_day(session, now)
            await curve.correct(session, at, pnl)
            await trades.close_trade(
                session, trade.id, position, pnl, status=ending.status, reason=ending.reason, at=at
            )
            kind, text = _farewell(ending, rules, position, pnl)
            outbox.owe(session, kind, text, now)
            await breaker.check(session, self._limits, now)
            await self._note_missing(session, trade.id, position, now)
            also(session)
        log.info("trade_closed", trade_id=trade.id, status=ending.status, pnl=str(pnl))

    async def _note_missing(self, session: AsyncSession, trade_id: int, position: Position, now: datetime) -> None:
        """A trade that ends with more than dust unsold: somebody took it, which a human has to look at."""
        left, rules = position.held, self._market.rules()
        price = min(position.entry_price, position.exit_price) if position.sold else position.entry_price
        if left > 0 and not self.is_dust(left / _CLEARLY, price):
            await baseline.miss(session, rules.base, left)
            detail = f"Trade {trade_id} ended with {plain(left)} {rules.base} missing: somebody sold or withdrew them"
            await breaker.halt(session, HaltKind.RECONCILE, detail, now)

    async def _rates(self, position: Position) -> dict[str, Decimal]:
        """Value in quote of the third coins that fees were taken in, of those the venue quotes."""
        rates: dict[str, Decimal] = {}
        for coin in sorted(position.other_fees):
            try:
                rates[coin] = (await self._client.get_ticker(f"{coin}/{self._market.rules().quote}")).bid
            except HelixError as error:
                log.warning("fee_counted_at_full_rate", currency=coin, problem=str(error))
        return rates


def _farewell(ending: Ending, rules: Instrument, position: Position, pnl: Decimal) -> tuple[NoticeKind, str]:
    if not position.sold:
        detail = "Below what the venue lets anyone sell: it stays in the account"
        text = messages.unprotected(symbol=rules.symbol, quantity=position.held, detail=detail)
        return NoticeKind.ERROR, text
    if ending is BY_STOP:
        text = messages.stop_loss_triggered(instrument=rules, price=position.exit_price, pnl=pnl)
        return NoticeKind.STOP_LOSS_TRIGGERED, text
    text = messages.trade_closed(
        instrument=rules, price=position.exit_price, pnl=pnl, pnl_pct=100 * pnl / position.cost
    )
    return NoticeKind.TRADE_CLOSED, text
