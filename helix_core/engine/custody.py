"""Custody: what earlier signals left behind is looked after until it is settled.

Entries whose outcome nobody knows are looked up, and open trades are kept covered. After a crash it is the same work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import OrderKind
from helix_core.engine import breaker
from helix_core.engine.outcome import Rejection
from helix_core.errors import ExchangeError, Mismatch, OrderOutcomeUnknown, OrderRefused
from helix_core.notify import messages
from helix_core.store import inbox, journal, outbox, subject, trades

if TYPE_CHECKING:
    from helix_core.contracts.exchange import OpenOrder
    from helix_core.engine.account import Account
    from helix_core.engine.copies import Copies
    from helix_core.engine.entry import Entry
    from helix_core.engine.protection import Protection
    from helix_core.store.schema import JournalRow, TradeRow

log = structlog.get_logger(__name__)

_QUARANTINE_S, _POLLS_IN_QUARANTINE = 30.0, 15
"""How long a trade that contradicts the account is left alone: a venue that counts questions has others to answer."""
_ALARM_AFTER_S = 5.0
_EVERY_S = 10.0
TICK_S, _URGENT_TICK_S = 2.0, 0.5
_POLLS_TO_GROW = 8
"""How often a trade that is covered in part is looked at, in polls of open orders: a question or two each time."""


class Custody:
    """Keeps every open trade covered, and follows every entry that may be at the venue."""

    def __init__(self, account: Account, *, entry: Entry, protection: Protection, copies: Copies) -> None:
        """Look after one account."""
        self._copies = copies
        self._store, self._clock, self._client = account.store, account.clock, account.client
        self._entry, self._protection = entry, protection
        self._looked_at = (-1, -_EVERY_S)
        self._unsettled = False
        self._suspects: set[int] = set()
        self._quarantine: dict[int, float] = {}
        self._unseen: dict[int, float] = {}
        self._alarmed: set[int] = set()
        self._grows_at: dict[int, float] = {}
        poll_s = account.client.capabilities.orders_poll_s
        self._often_s = min(TICK_S, poll_s)
        self._grow_every_s, self._quarantine_s = (
            _POLLS_TO_GROW * poll_s,
            max(_QUARANTINE_S, _POLLS_IN_QUARANTINE * poll_s),
        )

    @property
    def urgent(self) -> bool:
        """True while a trade's stop is suspected gone or cannot be confirmed."""
        return bool(self._suspects or self._unseen)

    @property
    def tick_s(self) -> float:
        """Seconds until the next look. An entry whose outcome is unknown may be filled, and without a stop."""
        if self.urgent:
            return _URGENT_TICK_S
        return self._often_s if self._unsettled else TICK_S

    def suspect(self, trade_id: int) -> None:
        """Have a trade looked at, whose stop seems gone."""
        self._suspects.add(trade_id)

    async def resting(self, symbol: str) -> tuple[OpenOrder, ...]:
        """Ask for the open orders, and suspect the trades whose stop is not among them. Raises ExchangeError.

        Whoever asks sees it first: the watch would find it out seconds later.
        """
        guarded = dict(self._protection.guarded)
        orders = await self._client.open_orders(symbol)
        for trade_id in self._protection.compare(guarded, orders):
            self.suspect(trade_id)
        return orders

    def forget(self) -> None:
        """Drop what is only remembered, so that everything is looked at anew: the database is the memory."""
        self._protection.guarded.clear()
        self._quarantine.clear()

    @property
    def calm(self) -> bool:
        """True when nothing was written since the last look at everything, and that was a moment ago.

        Other programs (`helix reconcile`) write too, which is noticed at the next full look.
        """
        writes, at = self._looked_at
        fresh = writes == self._store.writes and self._clock.monotonic() - at < _EVERY_S
        return fresh and not self.urgent and not any(map(self._may_grow, self._protection.short))

    async def look(self, patience_s: float) -> None:
        """Look after everything that is open. Raises ExchangeError while the venue does not answer."""
        self._looked_at = (-1, -_EVERY_S)
        await self.open_trades()
        settled, no_copies = await self.entries(patience_s), await self._no_copies()
        if settled and no_copies and not self.urgent and not self._quarantine:
            self._looked_at = (self._store.writes, self._clock.monotonic())

    async def entries(self, patience_s: float) -> bool:
        """Look again for every entry whose outcome is not known, and adopt what is found. True when there was none."""
        async with self._store.read() as session:
            rows = await journal.unsettled(session, OrderKind.ENTRY)
        self._unsettled = bool(rows)
        for row in rows:
            try:
                with subject.of_signal(row.signal_row):
                    await self._entry.resume(await self._signal_of(row), row, patience_s=patience_s)
            except Rejection as rejection:
                log.info("entry_looked_up", client_order_id=row.client_order_id, reason=rejection.reason)
            except Mismatch as mismatch:
                async with self._store.write() as session:
                    await breaker.halt(session, HaltKind.RECONCILE, str(mismatch), self._clock.now())
        return not rows

    async def _no_copies(self) -> bool:
        """Cancel stops that arrive after their end. True when none can arrive any more."""
        async with self._store.read() as session:
            still_open = {trade.id for trade in await trades.open_trades(session)}
        return await self._copies.end({one for one in still_open if one and one not in self._protection.guarded})

    async def open_trades(self) -> None:
        """Every open trade that is not under a stop known to rest: make it so, or close it.

        Raises ExchangeError while the venue does not answer.
        """
        async with self._store.read() as session:
            rows = await trades.open_trades(session)
        self._forget_all_but({trade.id for trade in rows})
        for trade in rows:
            assert trade.id is not None
            in_doubt = trade.id in self._suspects or trade.id not in self._protection.guarded
            if self._clock.monotonic() >= self._quarantine.get(trade.id, 0) and (in_doubt or self._may_grow(trade.id)):
                self._suspects.discard(trade.id)
                with subject.of_signal(await self._opened_by(trade.id)):
                    await self._cover(trade, trade.id)

    def _may_grow(self, trade_id: int) -> bool:
        """Whether to look again at a trade that is covered in part, because a human took coins: they may be back."""
        return self._clock.monotonic() >= self._grows_at.get(trade_id, 0) and trade_id in self._protection.short

    def _forget_all_but(self, still_open: set[int | None]) -> None:
        """A trade that somebody else closed (`helix reconcile`) is watched no more."""
        for known in (self._protection.guarded, self._quarantine, self._unseen, self._grows_at):
            for trade_id in [trade_id for trade_id in known if trade_id not in still_open]:
                known.pop(trade_id)
        for some in (self._suspects, self._protection.short):
            some &= {trade_id for trade_id in still_open if trade_id is not None}

    async def _cover(self, trade: TradeRow, trade_id: int) -> None:
        """Cover one trade. What cannot be true halts and is left alone for a while; what is unknown raises an alarm.

        Raises ExchangeError while the venue does not answer.
        """
        self._grows_at[trade_id] = self._clock.monotonic() + self._grow_every_s
        try:
            await self._protection.ensure(trade)
        except Mismatch as mismatch:
            await self._quarantined(trade, trade_id, str(mismatch))
        except ExchangeError as error:
            await self._unconfirmed(trade, trade_id, error)
        else:
            self._unseen.pop(trade_id, None)
            self._alarmed.discard(trade_id)
            self._quarantine.pop(trade_id, None)

    async def _unconfirmed(self, trade: TradeRow, trade_id: int, error: ExchangeError) -> None:
        unseen_since = self._unseen.setdefault(trade_id, self._clock.monotonic())
        if self._clock.monotonic() - unseen_since >= _ALARM_AFTER_S and trade_id not in self._alarmed:
            self._alarmed.add(trade_id)
            held = await self._protection.held(trade_id)
            detail = f"Its stop cannot be confirmed: {error}"
            text = messages.unprotected(symbol=trade.symbol, quantity=held, detail=detail)
            async with self._store.write() as session:
                outbox.owe(session, NoticeKind.ERROR, text, self._clock.now())
        if not isinstance(error, OrderRefused | OrderOutcomeUnknown):
            raise error
        log.warning("trade_not_settled", trade_id=trade_id, problem=str(error))

    async def _quarantined(self, trade: TradeRow, trade_id: int, problem: str) -> None:
        log.warning("trade_quarantined", trade_id=trade_id, problem=problem)
        self._unseen.pop(trade_id, None)
        self._quarantine[trade_id] = self._clock.monotonic() + self._quarantine_s
        now = self._clock.now()
        async with self._store.write() as session:
            if trade_id not in self._alarmed:
                outbox.owe(session, NoticeKind.ORPHAN, messages.orphan(symbol=trade.symbol, detail=problem), now)
            await breaker.halt(session, HaltKind.RECONCILE, f"Trade {trade_id}: {problem}", now)
        self._alarmed.add(trade_id)

    async def _opened_by(self, trade_id: int) -> int | None:
        """Row of the signal that opened a trade."""
        async with self._store.read() as session:
            entry = await journal.of_trade(session, trade_id, OrderKind.ENTRY)
        return None if entry is None else entry.signal_row

    async def _signal_of(self, row: JournalRow) -> inbox.StoredSignal:
        async with self._store.read() as session:
            return await inbox.load(session, row.signal_row)
