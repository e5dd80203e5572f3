"""Looking up: an order whose outcome is not known is followed until the venue proves what became of it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.order import OrderKind, OrderReport
from helix_core.errors import (
    NOT_PLACED,
    ExchangeUnavailable,
    HelixError,
    Mismatch,
    NotSentYet,
    OrderOutcomeUnknown,
    OrderRefused,
    RateLimited,
)
from helix_core.store import baseline, journal
from helix_core.store.schema import JournalState

if TYPE_CHECKING:
    from helix_core.engine.account import Account
    from helix_core.store.schema import JournalRow

log = structlog.get_logger(__name__)

PATIENCE_S = 60.0
PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0)
_LONGEST_PAUSE_S = 1.0
"""What is looked for may have filled, and then stands without a stop. A venue that counts questions is asked less."""
_CALL_TIMEOUT_S = 30.0
_CONTRADICTED_S = 30.0
_AND_A_MOMENT_S = 0.01
_CLEAN_ABSENCES = 3
_CLEAN_ABSENCES_OF_A_SALE = 2
_MOST_LATE = 1_000


class AbsentSoFar(OrderOutcomeUnknown):
    """The venue does not have the order, and may still get it: only under its own id it may be sent again."""


@dataclass(slots=True)
class _Search:
    """One order that is looked for: clean `absences` in a row, `late` of them after its fence. Times are monotonic.

    `whole`: how often in a row all coins of a sale lay there.
    """

    began_at: float
    absences: int = 0
    late: int = 0
    whole: int = 0
    contradicted_at: float = -math.inf


class LookUp:
    """Finds orders again by Helix's own ids, and proves that one was never placed. Sends nothing."""

    def __init__(self, account: Account) -> None:
        """Look on one account."""
        self._client, self._store, self._market = account.client, account.store, account.market
        self._clock, self._started_at = account.clock, account.started_at
        poll_s = account.client.capabilities.orders_poll_s
        self._longest_pause_s = max(_LONGEST_PAUSE_S, poll_s / 2)
        self._shortest_pause_s = poll_s / 2 if account.counts_questions else 0.0
        self._fenced_pause_s = PAUSES_S[1] if account.counts_questions else PAUSES_S[0]
        self._searches: dict[str, _Search] = {}
        self._late: dict[str, float] = {}

    async def resolve(
        self, row: JournalRow, *, patience_s: float = PATIENCE_S, repeatable: bool = False
    ) -> OrderReport:
        """Look the order up until the venue proves what became of it.

        Raises OrderRefused (marked NOT_PLACED) when it is proven absent, Mismatch when the venue no longer knows what
        it once confirmed, OrderOutcomeUnknown when `patience_s` ends first; counting failures proves nothing. An order
        that is `repeatable` raises AbsentSoFar once it is seen to be absent, which is no proof before the fence.
        """
        deadline = self._clock.monotonic() + patience_s
        looks = 0
        while True:
            search = self._searches.setdefault(row.client_order_id, _Search(self._clock.monotonic()))
            fenced = self._fenced(row, search)
            may_wait = 0 < self._shortest_pause_s <= deadline - self._clock.monotonic()
            if may_wait and row.kind == OrderKind.EXIT.value and await self._is_whole(row, search):
                await asyncio.sleep(self._shortest_pause_s)
                continue
            report = await self.glance(row)
            if isinstance(report, NotSentYet):
                self.begin_anew(row)
            if report is None:
                search.absences, search.late = search.absences + 1, search.late + fenced
                await self._end_if_absent(row, search, repeatable=repeatable)
            elif not isinstance(report, RateLimited):  # that one was not asked at all
                search.absences = search.late = 0
            if isinstance(report, HelixError):
                log.debug("look_up_failed", client_order_id=row.client_order_id, problem=str(report))
            elif report is not None and (report.status.final or report.protecting > 0):
                self._searches.pop(row.client_order_id, None)
                return report
            pause_s = self._pause_after(report, search, looks, fenced=fenced)
            looks += 1
            if self._clock.monotonic() + pause_s > deadline:
                if isinstance(report, OrderReport):
                    raise OrderOutcomeUnknown(f"The venue calls order {row.client_order_id} {report.raw_status!r}.")
                raise OrderOutcomeUnknown(f"Nobody knows yet whether order {row.client_order_id} was placed.")
            await asyncio.sleep(pause_s)

    def begin_anew(self, row: JournalRow) -> None:
        """The order leaves once more: what was seen of earlier copies, and since when, says nothing of this one."""
        self._searches.pop(row.client_order_id, None)

    async def glance(self, row: JournalRow) -> OrderReport | HelixError | None:
        """Ask once. None: the venue answered that it knows no such order now; an error is returned, not raised."""
        try:
            async with asyncio.timeout(_CALL_TIMEOUT_S):
                return await self._client.find_order(journal.reference(row))
        except HelixError as error:
            return error
        except TimeoutError:
            return ExchangeUnavailable("no answer")

    async def arrived(self, row: JournalRow) -> OrderReport | None:
        """Ask whether an order that was held never to have been placed is there after all.

        One that is absent a whole fence after it was first asked for here never comes, and is not asked for again.
        """
        now_s = self._clock.monotonic()
        if len(self._late) >= _MOST_LATE:
            self._late.clear()
        since_s = self._late.setdefault(row.client_order_id, now_s)
        if since_s == -math.inf:
            return None
        report = await self.glance(row)
        if report is None and now_s - since_s > self._client.capabilities.order_fence_s:
            self._late[row.client_order_id] = -math.inf
        return report if isinstance(report, OrderReport) else None

    def _fenced(self, row: JournalRow, search: _Search) -> bool:
        """Whether the order can no longer appear at the venue.

        By the time since the search began, which no step of the clock shortens; of an order that was sent before this
        start, also by the clock.
        """
        if self._clock.monotonic() - search.began_at > self._client.capabilities.order_fence_s:
            return True
        return row.sent_at < self._started_at and self._clock.now() > row.fence_at

    def _pause_after(
        self, report: OrderReport | HelixError | None, search: _Search, looks: int, *, fenced: bool
    ) -> float:
        if report is None:
            return self._fenced_pause_s if fenced else self._until_the_fence(search)
        if isinstance(report, RateLimited) and report.retry_after_s is not None:
            return min(self._pause_s(looks), report.retry_after_s + _AND_A_MOMENT_S)
        return self._pause_s(looks)

    def _pause_s(self, looks: int) -> float:
        return min(PAUSES_S[min(looks, len(PAUSES_S) - 1)], self._longest_pause_s)

    def _until_the_fence(self, search: _Search) -> float:
        """The pause after an absence: by how many there were, however long the venue had not answered before.

        It ends with the fence, for from then on an absence counts for more.
        """
        pause_s = max(self._pause_s(search.absences - 1), self._shortest_pause_s)
        left_s = search.began_at + self._client.capabilities.order_fence_s - self._clock.monotonic()
        return min(pause_s, left_s + _AND_A_MOMENT_S) if left_s > 0 else pause_s

    async def _end_if_absent(self, row: JournalRow, search: _Search, *, repeatable: bool) -> None:
        """End the search when clean answers say that the order was never placed.

        Raises OrderRefused where that is proven, AbsentSoFar where it is not and the order is `repeatable`, Mismatch
        when the venue had it once.
        """
        if row.venue_order_ids:
            if search.absences >= _CLEAN_ABSENCES:
                raise Mismatch(
                    f"{self._client.label} does not know {row.kind} order {row.venue_order_ids}, which it once had. "
                    "Was the account changed, or the testnet reset?"
                )
            return
        try:
            ask = self._after_the_fence if search.late else self._before_the_fence
            free, proven = await ask(row, search)
        except (HelixError, TimeoutError):
            return
        if proven:
            await self._mark_absent(row)
            raise OrderRefused("The order never reached the venue (proven by look-up).", code=NOT_PLACED)
        if free and repeatable:
            self._searches.pop(row.client_order_id)
            raise AbsentSoFar(f"Order {row.client_order_id} is not at the venue yet.")

    async def _after_the_fence(self, row: JournalRow, search: _Search) -> tuple[bool, bool]:
        """The venue takes the order no more: three answers, the open orders and the balance agree.

        Where those two contradict the three, they are not asked again at once: a human may have bought coins meanwhile.
        """
        if search.late < _CLEAN_ABSENCES or self._clock.monotonic() - search.contradicted_at < _CONTRADICTED_S:
            return False, False
        proven = await self._account_shows_nothing(row)
        if not proven:
            search.contradicted_at = self._clock.monotonic()
        return False, proven

    async def _before_the_fence(self, row: JournalRow, search: _Search) -> tuple[bool, bool]:
        """Whether the coins lie free that a sale or a stop would sell, and whether that proves it absent.

        A stop proves nothing where it locks no coins. Should the order still arrive, the venue has the coins for one of
        the two only, and refuses the other; with coins of the owner's beside them it would have enough for both.
        """
        if search.absences < _CLEAN_ABSENCES_OF_A_SALE or row.kind == OrderKind.ENTRY.value:
            return False, False
        if row.kind == OrderKind.STOP.value and not self._client.capabilities.stops_lock_funds:
            return True, False
        async with self._store.read() as session:
            owned = await baseline.reserve(session, _base(row))
        async with asyncio.timeout(_CALL_TIMEOUT_S):
            there = (await self._client.get_balance()).of(_base(row))
        free = there.free - owned >= row.quantity
        return free, free and there.total < 2 * row.quantity

    async def _is_whole(self, row: JournalRow, search: _Search) -> bool:
        """Whether all coins of a sale lie there, free, and too few for two of it: asked where questions are counted.

        That takes one question, and a search five. Seen twice it proves as much as in `_before_the_fence`, and raises
        OrderRefused. Once it is seen otherwise the sale is searched for.
        """
        if row.venue_order_ids or search.whole < 0:
            return False
        try:
            async with self._store.read() as session:
                owned = await baseline.reserve(session, _base(row))
            async with asyncio.timeout(_CALL_TIMEOUT_S):
                there = (await self._client.get_balance()).of(_base(row))
        except (HelixError, TimeoutError):
            return False
        step = self._market.rules().lot_step
        if there.free - owned < row.quantity or there.total - owned - row.quantity >= step:
            search.whole = -1
            return False
        if there.total >= 2 * row.quantity:
            return False
        search.whole += 1
        if search.whole >= _CLEAN_ABSENCES_OF_A_SALE:
            await self._mark_absent(row)
            raise OrderRefused("The sale never reached the venue (all its coins are there).", code=NOT_PLACED)
        return True

    async def _account_shows_nothing(self, row: JournalRow) -> bool:
        async with asyncio.timeout(_CALL_TIMEOUT_S):
            open_now = await self._client.open_orders(row.symbol)
            if any(order.client_order_id.startswith(row.client_order_id) for order in open_now):
                return False
            if row.kind != OrderKind.ENTRY.value or row.base_before is None:
                return True
            return (await self._client.get_balance()).of(_base(row)).total <= row.base_before

    async def _mark_absent(self, row: JournalRow) -> None:
        self._searches.pop(row.client_order_id, None)
        async with self._store.write() as session:
            now = self._clock.now()
            await journal.mark(session, row.client_order_id, JournalState.NOT_PLACED, now, detail="proven absent")


def _base(row: JournalRow) -> str:
    return row.symbol.split("/")[0]
