"""Reconciliation: what the venue holds beside what the database says. A difference halts and tells; humans decide.

It never places, cancels or closes anything. Base coins, open orders and the venue's list of orders are compared; money
in the quote coin may come and go, and a human's own orders are nobody's business.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.identifiers import OWN_ORDER
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import OrderKind, OrderReport
from helix_core.engine import breaker, findings
from helix_core.engine.findings import Comparison, Finding, FindingKind
from helix_core.errors import DataMissing, ExchangeError, ExchangeUnavailable, RateLimited, StoreError
from helix_core.notify import messages
from helix_core.store import baseline, books, decisions, journal, outbox
from helix_core.store.schema import JournalState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlmodel.ext.asyncio.session import AsyncSession

    from helix_core.contracts.exchange import OpenOrder, PastOrder
    from helix_core.domain.market import Balances, Instrument
    from helix_core.engine.account import Account
    from helix_core.engine.custody import Custody
    from helix_core.store.books import Books

log = structlog.get_logger(__name__)

PERIOD_S = 60.0
RECHECK_S = 2.5
LOOKS = 3
"""A difference counts once it was seen in so many looks in a row: answers may be old, and a stop may just have sold."""

_UNKNOWN_FOR_S = 60.0
_AGAIN_S = 10.0
_RECENT_S = 1.0
_TOLD_BY_THE_LIST = (FindingKind.FOREIGN_ORDERS.value, FindingKind.LATE_ORDER.value)
_LIST_EVERY_S = 600.0
"""How often the venue's list of all orders is read: what it alone tells happens rarely, and it costs the most."""
_ASK_TIMEOUT_S = 60.0
_MOST_READS = 5
_OVERLAP = timedelta(days=1)
_SHORT_OVERLAP = timedelta(hours=1)

_NEVER_PLACED = {JournalState.REFUSED.value, JournalState.NOT_PLACED.value}


class Reconciler:
    """Compares one account with its database."""

    def __init__(self, account: Account, custody: Custody | None = None) -> None:
        """Compare `account`; `custody` is told what it shows of stops that have sold or are gone."""
        self._client, self._store, self._market = account.client, account.store, account.market
        self._clock, self._custody = account.clock, custody
        self._resting = account.client.open_orders if custody is None else custody.resting
        self._hinted = asyncio.Event()
        self._list_at = 0.0
        self._recheck_s = max(RECHECK_S, account.client.capabilities.balance_poll_s / 2)
        self._seen: dict[str, int] = {}
        self._overlap = _OVERLAP

    def hint(self) -> None:
        """Compare at once: the venue's stream was away, and anything may have happened meanwhile."""
        self._hinted.set()

    async def run(self) -> None:
        """Compare again and again until cancelled. The books are read before and after, so no order can confuse it."""
        again_s, problem = PERIOD_S, ""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(again_s):
                    await self._hinted.wait()
            self._hinted.clear()
            try:
                again_s, problem = await self.run_once(), ""
            except (ExchangeError, DataMissing, StoreError) as error:
                if not problem:
                    log.warning("account_not_compared", problem=str(error))
                asked_for_s = error.retry_after_s if isinstance(error, RateLimited) else None
                again_s, problem = max(_AGAIN_S, asked_for_s or 0.0), str(error)

    async def compare(self) -> tuple[Finding, ...]:
        """Every difference there is now. Changes nothing. Raises as `look` does."""
        return (await self.look()).findings

    async def run_once(self) -> float:
        """Look once, keep what has been seen often enough, and say in how many seconds to look again.

        Orders may be placed and stops may fill meanwhile. Raises ExchangeError or DataMissing when the account
        could not be read: then nothing has changed, least of all a halt.
        """
        listed = self._list_due
        comparison = await self.look(sparing=True)
        if listed:
            self._list_at = self._clock.monotonic() + _LIST_EVERY_S
        for finding in comparison.findings:
            if finding.kind is FindingKind.UNBOOKED and self._custody is not None:
                self._custody.suspect(finding.trade_ids[0])
        due = [finding for finding in comparison.findings if not finding.passing]
        self._seen = {finding.key: self._seen.get(finding.key, 0) + 1 for finding in due}
        await self._keep([finding for finding in due if self._seen[finding.key] >= LOOKS])
        if not comparison.findings:
            await self._agreed(comparison)
        return PERIOD_S if all(count >= LOOKS for count in self._seen.values()) else self._recheck_s

    async def look(self, *, sparing: bool = False) -> Comparison:
        """Read venue and database, and compare them. Changes nothing. `sparing`: what was asked a moment ago will do.

        Raises ExchangeError when the venue does not answer, DataMissing when it leaves out what is needed.
        """
        for _ in range(_MOST_READS):
            comparison = await self._look(sparing=sparing)
            async with self._store.read() as session:
                if await books.read(session, comparison.rules) == comparison.books:
                    return comparison
        raise ExchangeUnavailable("The account is being traded on right now and cannot be compared. Try again.")

    async def _look(self, *, sparing: bool) -> Comparison:
        await self._market.view(self._market.symbol)
        rules = self._market.rules()
        async with self._store.read() as session:
            kept, since = await books.read(session, rules), await self._since(session)
        try:
            async with asyncio.timeout(_ASK_TIMEOUT_S):
                total = (await self._balances(sparing=sparing)).of(rules.base).total
                resting = await self._resting(rules.symbol)
                past = await self.past_orders(since) if self._list_due or not sparing else ()
                found = [
                    *await self._coins(kept, total, rules, resting),
                    *await self._orders(resting, past),
                    *self._unknown(kept),
                    *await self._halted_market(kept, rules),
                ]
        except TimeoutError as error:
            raise ExchangeUnavailable(f"no whole answer within {_ASK_TIMEOUT_S:g} s") from error
        orders = tuple(sorted((order.venue_order_id, order.remaining) for order in resting))
        return Comparison(rules=rules, total=total, books=kept, orders=orders, findings=tuple(found))

    @property
    def _list_due(self) -> bool:
        told_by_it = any(key.startswith(_TOLD_BY_THE_LIST) for key in self._seen)
        return told_by_it or self._clock.monotonic() >= self._list_at

    async def _balances(self, *, sparing: bool) -> Balances:
        """What the account holds, asked for now or, sparing a venue that counts its questions, a moment ago."""
        known = self._market.balances
        if sparing and known.latest is not None and known.age_s <= _RECENT_S:
            return known.latest
        return await self._client.get_balance()

    async def _since(self, session: AsyncSession) -> datetime:
        """From when on the venue's orders are asked for: what is older was compared before."""
        since = await books.compared_at(session) or await books.first_order_at(session) or self._clock.now()
        return since - self._overlap

    async def past_orders(self, since: datetime) -> tuple[PastOrder, ...]:
        """The venue's list of orders since then, or since as early as it tells all of them in one answer.

        Raises DataMissing when that is not even the last hour.
        """
        now, symbol = self._clock.now(), self._market.symbol
        for later in (now - _OVERLAP, now - _SHORT_OVERLAP):
            try:
                return await self._client.recent_orders(symbol, since)
            except DataMissing as error:
                if later <= since:
                    raise
                log.warning(
                    "orders_listed_later", asked=since.isoformat(), listed=later.isoformat(), problem=str(error)
                )
                since = later
        return await self._client.recent_orders(symbol, since)

    async def _coins(
        self, kept: Books, total: Decimal, rules: Instrument, resting: tuple[OpenOrder, ...]
    ) -> list[Finding]:
        """What the coins say; nothing while an order may have moved them without our knowing."""
        if kept.unsettled:
            return []
        finding = findings.coins(kept, total, self.tolerance(rules), rules.base)
        if not kept.trades or (finding is None and resting):
            return [] if finding is None else [finding]
        known, passing = False, []
        for trade in kept.trades:
            entry, stop, booked = await self._traces(trade.trade_id)
            known = known or entry is not None or stop is not None
            if stop is not None and stop.filled > booked:
                passing.append(findings.unbooked(trade.trade_id, stop.filled - booked))
        if not known:
            return [findings.reset(kept, total, rules.base)]
        return passing or ([] if finding is None else [finding])

    async def _traces(self, trade_id: int) -> tuple[OrderReport | None, OrderReport | None, Decimal]:
        """What the venue knows of a trade's entry and stop now, and how much of that stop is booked as sold."""
        async with self._store.read() as session:
            entry = await journal.of_trade(session, trade_id, OrderKind.ENTRY)
            stop = await journal.of_trade(session, trade_id, OrderKind.STOP)
        entered = None if entry is None else await self._client.find_order(journal.reference(entry))
        stopped = None if stop is None else await self._client.find_order(journal.reference(stop))
        booked = Decimal(0) if stop is None or stop.filled is None else stop.filled
        return entered, stopped, booked

    def tolerance(self, rules: Instrument) -> Decimal:
        """Base units that are no matter: one lot, or what the venue lets nobody sell."""
        ticker = self._market.ticker.latest
        return rules.lot_step if ticker is None else max(rules.lot_step, rules.min_notional / ticker.bid)

    async def _orders(self, resting: tuple[OpenOrder, ...], past: tuple[PastOrder, ...]) -> list[Finding]:
        """Orders with our mark that the journal does not know or holds to be absent, and stops left behind."""
        alive = {order.client_order_id: Decimal(0) for order in resting}
        alive |= {order.client_order_id: order.filled for order in past if order.filled or not order.status.final}
        ours = {
            name: match[1]
            for name in {*alive, *(order.client_order_id for order in past)}
            if (match := OWN_ORDER.fullmatch(name))
        }
        async with self._store.read() as session:
            known = await books.known_orders(session, ours.values())
            accepted = await decisions.acknowledged(session)
            left_behind = await books.stops_of_closed_trades(session)
        unknown = findings.foreign(set(ours.values()) - known.keys() - accepted)
        absent = {
            core: alive[name]
            for name, core in ours.items()
            if name in alive and core in known and known[core].state in _NEVER_PLACED and core not in accepted
        }
        over = {row.client_order_id: row for row in left_behind}
        over |= {core: row for core, row in known.items() if row.state == JournalState.DONE.value}
        return [
            *([] if unknown is None else [unknown]),
            *(findings.late(core, filled) for core, filled in sorted(absent.items())),
            *findings.left_behind(resting, over),
        ]

    def _unknown(self, kept: Books) -> list[Finding]:
        now = self._clock.now()
        return [
            findings.unknown_order(order, (now - order.since).total_seconds(), _UNKNOWN_FOR_S)
            for order in kept.unsettled
        ]

    async def _halted_market(self, kept: Books, rules: Instrument) -> list[Finding]:
        """A position in a pair that is not trading, or no longer listed at all."""
        if not kept.trades:
            return []
        if not rules.trading:
            return [findings.not_trading(kept, rules.symbol, "is not trading")]
        if self._market.instrument.problem:
            try:
                await self._client.instrument(rules.symbol)
            except DataMissing as error:
                return [findings.not_trading(kept, rules.symbol, f"is no longer listed ({error})")]
        return []

    async def _keep(self, confirmed: list[Finding]) -> None:
        """Raise the halt for what has been seen often enough, and tell the owner once of each."""
        if not confirmed:
            return
        now, symbol = self._clock.now(), self._market.symbol
        async with self._store.write() as session:
            told = await books.told(session)
            for finding in confirmed:
                if finding.halts:
                    await breaker.halt(session, HaltKind.RECONCILE, finding.sentence, now)
                if finding.key not in told:
                    log.warning("finding", finding=finding.kind.value, sentence=finding.sentence, **finding.numbers)
                    text = messages.finding(symbol=symbol, sentence=finding.sentence, remedy=finding.remedy)
                    outbox.owe(session, NoticeKind.ORPHAN, text, now)
            keys = told | {finding.key for finding in confirmed}
            if keys != told:
                await books.note_told(session, keys)

    async def _agreed(self, comparison: Comparison) -> None:
        """Account and books agree. At first start that makes what nothing explains, at most dust, the baseline."""
        base, flat, now = comparison.rules.base, not comparison.books.trades, self._clock.now()
        async with self._store.write() as session:
            if await books.read(session, comparison.rules) != comparison.books:
                return
            if comparison.books.owned is None or (flat and comparison.books.dust):
                await baseline.accept(session, base, comparison.total - comparison.books.held)
            else:
                await baseline.advance(session, base, now - _OVERLAP)
            await books.note_compared(session, now)
        self._overlap = _SHORT_OVERLAP
