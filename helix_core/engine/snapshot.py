"""What the gates judge by: one snapshot for all of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.contracts.risk import RiskContext
from helix_core.domain.position import fold
from helix_core.engine import breaker
from helix_core.store import inbox, journal, trades

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from helix_core.domain.order import Fill
    from helix_core.engine.account import Account
    from helix_core.engine.market import MarketView
    from helix_core.store.inbox import StoredSignal


class Snapshots:
    """Takes snapshots of the account and of the day."""

    def __init__(self, account: Account) -> None:
        """Look at one account."""
        self._store, self._market = account.store, account.market
        self._limits, self._clock = account.limits, account.clock

    async def of(self, stored: StoredSignal, view: MarketView) -> RiskContext:
        """The snapshot for one signal. What is not known stays unknown, and the gates will deny."""
        now = self._clock.now()
        async with self._store.read() as session:
            held = await journal.fills_of_open(session)
            unrealised = _unrealised(held, view)
            return RiskContext(
                now=now,
                signal=stored.signal,
                limits=self._limits,
                open_positions=len(held) + await journal.unknown_entries(session),
                seen_before=await inbox.seen_before(session, stored, self._limits.dedup_window_s),
                exchange_problem=view.problem,
                known_ticker=view.ticker,
                known_balances=view.balances,
                known_instrument=view.instrument,
                known_day_pnl_pct=None if unrealised is None else await breaker.day_pnl_pct(session, now, unrealised),
                last_stop_out_at=await trades.last_stop_out_at(session),
            )

    async def equity(self, view: MarketView) -> Decimal | None:
        """Equity in quote: all the cash, and what the bot itself holds at the bid. None while something is unknown."""
        if view.ticker is None or view.balances is None or view.instrument is None:
            return None
        async with self._store.read() as session:
            fills = await journal.fills_of_open(session)
        held = sum((fold(one, view.instrument).held for one in fills.values()), Decimal(0))
        return view.balances.of(view.instrument.quote).total + held * view.ticker.bid

    async def day_pnl_pct(self) -> Decimal | None:
        """Today's result so far, the open position marked at the last known bid; None while it cannot be told."""
        async with self._store.read() as session:
            unrealised = _unrealised(await journal.fills_of_open(session), self._market.peek())
            return None if unrealised is None else await breaker.day_pnl_pct(session, self._clock.now(), unrealised)


def _unrealised(held: Mapping[int, Sequence[Fill]], view: MarketView) -> Decimal | None:
    """What open positions would earn if they were sold at the bid now, before the exit's fee; None: unknown."""
    total = Decimal(0)
    for fills in held.values():
        if view.ticker is None or view.instrument is None:
            return None
        position = fold(fills, view.instrument)
        cash = position.proceeds - position.cost - position.quote_fees
        total += cash + position.held * view.ticker.bid
    return total
