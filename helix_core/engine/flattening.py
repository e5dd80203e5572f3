"""Flattening: the owner's /stop is carried out. Every position is sold at market, by the worker and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from helix_core.domain.halt import HaltKind
from helix_core.domain.notice import NoticeKind
from helix_core.domain.order import OrderKind
from helix_core.engine.outcome import Rejection
from helix_core.errors import HelixError, OrderRefused, StoreError
from helix_core.notify import messages
from helix_core.store import flattening, halts, journal, outbox, trades

if TYPE_CHECKING:
    from helix_core.engine.account import Account
    from helix_core.engine.exit import Exit
    from helix_core.store.schema import TradeRow

log = structlog.get_logger(__name__)

_ACTOR = "helix"
_LOOK_AGAIN_S = 0.5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 60.0
_MOST_REFUSALS = 5
"""Each try takes the stop away and puts it back. A venue that said no five times says no."""
_MOST_LOOKS = 5


class Flattening:
    """Sells what is open until nothing is, whatever halts are in force but `reconcile`.

    The wish is in the database, so that it outlives a crash. It ends when all is sold, when the owner resumes, when the
    account turns out to differ from the database, or when the venue goes on refusing: then the owner is told.
    """

    def __init__(self, account: Account, exit_: Exit) -> None:
        """Work for one account."""
        self._store, self._market, self._clock = account.store, account.market, account.clock
        self._exit = exit_
        self._begun = self._asked = self._told = False
        self._due_at = 0.0
        self._tries = self._refusals = 0

    def begin(self) -> None:
        """Account and database have been compared: from now on wishes are carried out, also those of an earlier run."""
        self._begun = self._asked = True

    def ask(self) -> None:
        """The owner's wish has just been stored."""
        self._asked, self._told, self._due_at = True, False, 0.0
        self._tries = self._refusals = 0

    async def obey(self) -> None:
        """Do what can be done now. Costs nothing while nobody wants out. Raises StoreError."""
        if self._begun and self._asked and self._clock.monotonic() >= self._due_at:
            for _ in range(_MOST_LOOKS):
                if not await self._sold_all():
                    break

    async def _sold_all(self) -> bool:
        """Sell all that is open. True when that was done: then it is worth another look, whether it is over."""
        self._asked = False  # before looking, so that what the owner asks meanwhile is not missed
        async with self._store.read() as session:
            wish = await flattening.asked(session)
            held = await trades.open_trades(session)
            under_way = await journal.unsettled(session, OrderKind.ENTRY)
            in_force = await halts.active(session)
        mismatch = next((halt for halt in in_force if halt.kind is HaltKind.RECONCILE), None)
        if wish is None:
            return False
        if mismatch is not None:
            await self._give_up(wish.subject, messages.untouched(symbol=wish.subject, detail=mismatch.detail))
            return False
        if not held and not under_way:
            await self._end("nothing is open any more")
            return False
        self._asked, self._due_at = True, self._clock.monotonic() + _LOOK_AGAIN_S
        return bool(held) and all([await self._close(trade) for trade in held])

    async def _close(self, trade: TradeRow) -> bool:
        """Sell one position, if the venue can be reached. What goes wrong is told once, and tried again."""
        problem, refused = self._unreachable(), False
        if problem is None:
            try:
                await self._exit.flatten(trade)
            except StoreError:
                raise
            except Rejection as rejection:
                problem = rejection.detail
            except HelixError as error:
                problem, refused = str(error), isinstance(error, OrderRefused) and not error.transient
            except Exception as error:
                log.exception("flattening_failed", trade_id=trade.id)
                problem, refused = f"{type(error).__name__}, see the log", True
            else:
                log.info("flattened", trade_id=trade.id)
                return True
            self._tries += 1
            self._refusals += refused
            self._due_at = self._clock.monotonic() + min(_FIRST_PAUSE_S * 2 ** (self._tries - 1), _LONGEST_PAUSE_S)
        if self._refusals >= _MOST_REFUSALS:
            await self._give_up(trade.symbol, messages.not_closed(symbol=trade.symbol, detail=problem))
        else:
            await self._not_yet(trade, problem)
        return False

    def _unreachable(self) -> str | None:
        """Why nothing can be sold now, and the stop had better stay; None when it can."""
        view = self._market.peek()
        if view.problem is not None:
            return view.problem
        if view.instrument is None or not view.instrument.trading:
            return f"{self._market.symbol} is not trading"
        return None

    async def _not_yet(self, trade: TradeRow, problem: str) -> None:
        log.warning("not_flattened_yet", trade_id=trade.id, problem=problem)
        if not self._told:
            self._told = True
            async with self._store.write() as session:
                text = messages.not_closed_yet(symbol=trade.symbol, detail=problem)
                outbox.owe(session, NoticeKind.ERROR, text, self._clock.now())

    async def _give_up(self, symbol: str, text: str) -> None:
        log.warning("flattening_given_up", symbol=symbol)
        await self._end("given up", text)

    async def _end(self, detail: str, text: str | None = None) -> None:
        now = self._clock.now()
        async with self._store.write() as session:
            await flattening.end(session, detail, _ACTOR, now)
            if text is not None:
                outbox.owe(session, NoticeKind.ERROR, text, now)
