"""The contract of a risk check: it sees a snapshot, and answers allow or deny. Anything else denies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from helix_core.domain.risk import RiskDecision, Verdict
from helix_core.errors import DataMissing

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from helix_core.domain.limits import RiskLimits
    from helix_core.domain.market import Balances, Instrument, Ticker
    from helix_core.domain.order import OrderIntent
    from helix_core.domain.signal import Signal

Known = TypeVar("Known")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskContext:
    """A read-only snapshot of everything a check may judge by, taken once for all of them.

    `open_positions` counts open trades and entries whose outcome is not known. `day_pnl_pct` is today's profit or loss
    since 00:00 UTC as a percentage of the day's opening equity, the open position marked at the bid. `seen_before`:
    the same signal_id came within the window. `exchange_problem` says why the venue is not healthy right now.
    `last_stop_out_at` is when a stop last closed a trade (aware UTC), None when none ever did.
    Ask `ticker`, `balances`, `instrument` and `day_pnl_pct` through the properties: they raise DataMissing for what is
    not known, which denies.
    """

    now: datetime
    signal: Signal
    limits: RiskLimits
    open_positions: int
    seen_before: bool
    exchange_problem: str | None
    known_ticker: Ticker | None
    known_balances: Balances | None
    known_instrument: Instrument | None
    known_day_pnl_pct: Decimal | None
    last_stop_out_at: datetime | None = None

    @property
    def ticker(self) -> Ticker:
        """Fresh bid, ask and last of the signal's symbol."""
        return _known(self.known_ticker, "the price")

    @property
    def balances(self) -> Balances:
        """Fresh balances of the account."""
        return _known(self.known_balances, "the balance")

    @property
    def instrument(self) -> Instrument:
        """The rules of the signal's symbol."""
        return _known(self.known_instrument, f"the market {self.signal.symbol}")

    @property
    def day_pnl_pct(self) -> Decimal:
        """Today's result in percent of the day's opening equity."""
        return _known(self.known_day_pnl_pct, "today's profit and loss")


class RiskCheck(ABC):
    """One pre-trade check. A check that raises, takes longer than a second or answers anything else denies."""

    name: ClassVar[str]
    judges_exits: ClassVar[bool] = False

    @abstractmethod
    async def check(self, intent: OrderIntent, context: RiskContext) -> RiskDecision:
        """Judge one intent. Exits are shown only to checks with `judges_exits`."""

    def allow(self, detail: str, *, measured: object = None, limit: object = None) -> RiskDecision:
        """Build an explicit ALLOW with the numbers that were compared."""
        return self._decide(Verdict.ALLOW, "ok", detail, measured, limit)

    def deny(self, reason: str, detail: str, *, measured: object = None, limit: object = None) -> RiskDecision:
        """Build a DENY. `reason` is the machine's word for it, `detail` a sentence for the owner."""
        return self._decide(Verdict.DENY, reason, detail, measured, limit)

    def _decide(self, verdict: Verdict, reason: str, detail: str, measured: object, limit: object) -> RiskDecision:
        return RiskDecision(
            check=self.name,
            verdict=verdict,
            reason=reason,
            detail=detail,
            measured=None if measured is None else str(measured),
            limit=None if limit is None else str(limit),
        )


def _known(value: Known | None, what: str) -> Known:
    if value is None:
        message = f"{what} is not known right now"
        raise DataMissing(message)
    return value
