"""The survey: what the owner wants to know, from what is stored or known anyway."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.notify import answers, figures
from helix_core.notify.answers import Held
from helix_core.store import baseline, flattening, trades

if TYPE_CHECKING:
    from collections.abc import Iterable

    from helix_core.engine.account import Account
    from helix_core.engine.desk import TradingDesk
    from helix_core.engine.snapshot import Snapshots
    from helix_core.engine.vitals import Checkup
    from helix_core.store.schema import TradeRow

_RUNNING = {"ok": "running"}
"""Words of GET /health that a human would choose differently."""


class Survey:
    """Answers questions in words. Every method raises StoreError."""

    def __init__(self, account: Account, *, desk: TradingDesk, checkup: Checkup, snapshots: Snapshots) -> None:
        """Look at one bot."""
        self._store, self._market, self._clock = account.store, account.market, account.clock
        self._client, self._desk, self._checkup, self._snapshots = account.client, desk, checkup, snapshots

    async def status(self) -> str:
        """State, positions, the day's result, halts with their way out, and what is wrong."""
        found = await self._desk.condition()
        async with self._store.read() as session:
            wish = await flattening.asked(session)
        leaving = [] if wish is None else [f"{wish.actor} is being carried out: {wish.subject} is to be sold"]
        return answers.status(
            word=_RUNNING.get(found.word, found.word) if self._desk.ready else "starting",
            mode=found.mode,
            exchange=self._client.label,
            held=self.shown(found.vitals.positions),
            day_pnl_pct=found.vitals.day_pnl_pct,
            halts=found.vitals.halts,
            troubles=[*leaving, *self._checkup.troubles()],
        )

    async def balance(self) -> str:
        """What the account holds; the venue is asked where what it said last is no longer true."""
        if self._market.balances.fresh is None:
            await self._market.balances.refresh()
        view = self._market.peek()
        if view.balances is None or view.instrument is None:
            return answers.no_balance(view.problem or "The venue has not told it lately.")
        rules = view.instrument
        async with self._store.read() as session:
            owned = await baseline.reserve(session, rules.base)
        cash, coins = view.balances.of(rules.quote), view.balances.of(rules.base)
        return answers.balance(
            quote=rules.quote,
            total=cash.total,
            free=cash.free,
            base=rules.base,
            coins=coins.total,
            owned=owned,
            equity=await self._snapshots.equity(view),
        )

    async def today(self) -> str:
        """The day's closed trades, and its result with what is open."""
        now = self._clock.now()
        async with self._store.read() as session:
            results = await trades.results_since(session, trades.day_start(now))
            pnl = await trades.day_pnl(session, now)
        return answers.today(
            day=now.date(),
            trades=len(results),
            wins=sum(result.pnl > 0 for result in results),
            pnl=pnl,
            quote=self._market.symbol.partition("/")[2],
            day_pnl_pct=await self._snapshots.day_pnl_pct(),
        )

    def shown(self, rows: Iterable[TradeRow]) -> list[Held]:
        """Positions as people are shown them: in whole lots, and prices on the tick, where those are known."""
        return [
            Held(
                symbol=row.symbol,
                size=self._size(row.quantity),
                price=self._price(row.entry_price),
                stop=None if row.stop_loss_price is None else self._price(row.stop_loss_price),
            )
            for row in rows
        ]

    def _size(self, shown: float | None) -> str:
        rules = self._market.instrument.latest
        return figures.size(_figure(shown) if rules is None else rules.lots(_figure(shown)))

    def _price(self, shown: float | None) -> str:
        rules = self._market.instrument.latest
        return figures.size(_figure(shown)) if rules is None else figures.price(_figure(shown), rules)


def _figure(shown: float | None) -> Decimal:
    """A figure of the table of trades, which are rounded."""
    return Decimal(str(shown or 0))
