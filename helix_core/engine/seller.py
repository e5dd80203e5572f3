"""Selling at market what a trade holds, however many orders it takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import structlog

from helix_core.domain.order import ExitOrder, OrderKind
from helix_core.errors import NOT_PLACED, ExchangeError, Mismatch, OrderRefused
from helix_core.store import journal

if TYPE_CHECKING:
    from decimal import Decimal

    from helix_core.domain.market import Balances
    from helix_core.engine.account import Account
    from helix_core.engine.ledger import Ledger
    from helix_core.engine.orders import OrderDesk
    from helix_core.store.schema import JournalRow, TradeRow

log = structlog.get_logger(__name__)

_MOST_ORDERS = 5
_JUST_S = 1.0
"""How long coins that were all there need not be counted again: the refusal of a sale goes before its stop at once."""


class Seller:
    """Sells positions. The stop must be final before: it holds the coins."""

    def __init__(self, account: Account, desk: OrderDesk, ledger: Ledger) -> None:
        """Work for one account."""
        self._desk, self._ledger = desk, ledger
        self._market, self._store, self._clock = account.market, account.store, account.clock
        self._counts = account.counts_questions
        self._whole: tuple[int | None, float] = (None, -math.inf)

    async def sell_all(self, trade: TradeRow, signal_row: int, *, present: Decimal | None = None) -> None:
        """Sell all that the trade holds; what is left then is dust no venue would take, or no longer in the account.

        `present` is how much of it was last seen in the account, where that is known.

        Raises OrderRefused when the venue does not sell it (the position is still held), Mismatch when nothing of it is
        there to be sold, OrderOutcomeUnknown when nobody knows.
        """
        assert trade.id is not None
        async with self._store.read() as session:
            exit_ = await journal.standing(session, trade.id, OrderKind.EXIT)
        if exit_ is not None:
            await self.settle(trade.id, exit_)
        limit = present
        for _ in range(_MOST_ORDERS):
            held = await self._ledger.held(trade.id)
            wanted = held if limit is None else min(held, limit)
            if wanted <= 0 or self._ledger.is_dust(wanted, self._last_price(trade)):
                return
            wanted = await self._not_the_owners(wanted)
            try:
                await self._sell(trade.id, signal_row, min(wanted, self._market.rules().max_quantity), held)
            except OrderRefused as refusal:
                if refusal.code == NOT_PLACED:
                    continue
                there = await self._desk.balances()
                left = await self._desk.sellable(held, by=there)
                if left >= wanted:
                    if await self._is_whole(held, there):
                        self._whole = trade.id, self._clock.monotonic()
                    raise
                if await self._book_late(trade.id):
                    continue
                limit = await self._accept_less(trade, left, refusal)
        raise OrderRefused(f"Trade {trade.id} is not sold after {_MOST_ORDERS} orders.")

    async def _not_the_owners(self, wanted: Decimal) -> Decimal:
        """Beside coins of the owner's, what is really ours is asked for first; without any the venue's word is enough.

        Raises Mismatch when nothing of it is there.
        """
        if await self._desk.owned() < self._market.rules().lot_step:
            return wanted
        there = await self._desk.sellable(wanted)
        if there <= 0:
            raise Mismatch(f"Of {wanted} to be sold nothing is in the account beside the owner's coins.")
        return there

    async def adopt_late(self, trade_id: int) -> bool:
        """Book a sale that was thought never to have been placed, and arrived after all. True when there was one.

        Where the venue counts questions, the balance is asked for first: a search costs several times as much, and the
        position may be bare meanwhile. Coins that are all there say that no such sale has filled.
        """
        async with self._store.read() as session:
            missing = await journal.not_placed(session, trade_id, OrderKind.EXIT)
        if not missing or (self._counts and await self._none_has_sold(trade_id)):
            return False
        return await self._book_late(trade_id)

    async def _none_has_sold(self, trade_id: int) -> bool:
        """Whether the trade's coins are all in the account now, or were a moment ago and no sale has left since."""
        which, at_s = self._whole
        if which == trade_id and self._clock.monotonic() - at_s < _JUST_S:
            return True
        try:
            return await self._is_whole(await self._ledger.held(trade_id), await self._desk.balances())
        except ExchangeError:
            return False

    async def _is_whole(self, held: Decimal, there: Balances) -> bool:
        """Whether what is `held` was in the account, to the lot, beside the owner's coins: nothing came or went."""
        rules = self._market.rules()
        return 0 <= there.of(rules.base).total - await self._desk.owned() - held < rules.lot_step

    async def _book_late(self, trade_id: int) -> bool:
        async with self._store.read() as session:
            missing = await journal.not_placed(session, trade_id, OrderKind.EXIT)
        for row in missing:
            report = await self._desk.arrived(row)
            if report is not None and report.filled > 0 and report.status.final:
                log.warning("late_sale_adopted", trade_id=trade_id, client_order_id=row.client_order_id)
                fills = await self._desk.fills(row.symbol, report)
                await self._ledger.record(trade_id, row.client_order_id, report, fills)
                return True
        return False

    async def _accept_less(self, trade: TradeRow, left: Decimal, refusal: OrderRefused) -> Decimal:
        """Somebody took coins of the trade. Sell what is there; raises Mismatch when that is nothing at all."""
        assert trade.id is not None
        log.warning("coins_are_missing", trade_id=trade.id, left=str(left))
        sold = (await self._ledger.position(trade.id)).sold
        if self._ledger.is_dust(left, self._last_price(trade)) and not sold:
            raise Mismatch(f"The coins of trade {trade.id} are not in the account.") from refusal
        return left

    async def settle(self, trade_id: int, row: JournalRow) -> None:
        """Find out what became of an earlier exit of a trade. Raises OrderOutcomeUnknown."""
        try:
            report = await self._desk.resolve(row)
        except OrderRefused:
            log.info("exit_never_placed", client_order_id=row.client_order_id)
        else:
            fills = await self._desk.fills(row.symbol, report)
            await self._ledger.record(trade_id, row.client_order_id, report, fills)

    async def _sell(self, trade_id: int, signal_row: int, quantity: Decimal, held: Decimal) -> None:
        client_order_id, attempt = await self._desk.next_id(signal_row, OrderKind.EXIT)
        symbol = self._market.symbol
        self._whole = (None, -math.inf)
        order = ExitOrder(client_order_id=client_order_id, symbol=symbol, quantity=quantity, held=held)
        report = await self._desk.send(order, signal_row=signal_row, attempt=attempt, trade_id=trade_id)
        fills = await self._desk.fills(symbol, report)
        await self._ledger.record(trade_id, client_order_id, report, fills)

    def _last_price(self, trade: TradeRow) -> Decimal:
        ticker = self._market.ticker.latest
        if ticker is None:
            raise OrderRefused(f"No price is known for {trade.symbol}.", transient=True)
        return ticker.bid
