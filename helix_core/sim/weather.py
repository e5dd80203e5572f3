"""The weather between bot and venue: which requests are struck, and a witness at the door who looks at each order.

The witness asks the database, at the moment in which a request leaves: is this order journalled (I4), and is no halt
in force (I5)?
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helix_core.domain.identifiers import ORDER_ID_PREFIX
from helix_core.sim.books import moment
from helix_core.sim.naked import Trouble
from helix_core.sim.oracle import Violation
from helix_core.sim.strikes import Strike, StrikeKind
from helix_core.sim.troubles import Aim, Outage, Struck

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import datetime

    from helix_core.sim.strikes import Asked

_ID_LENGTH = 32
_GRACE_S = 0.05 + 0.1
"""A halt binds entries 50 ms after its commit; an entry committed before it may still be on the wire."""
_SILENCE_S = {True: 20.0, False: 5.0}
"""How long a driver waits for the answer to an order, and to a question, when none ever comes."""
_ROUND_TRIP_S = 0.1
"""A pause that the venue asks for begins when its answer is read."""
_SILENT = {StrikeKind.SILENT_REQUEST, StrikeKind.SILENT_ANSWER}


@dataclass
class _Armed:
    act: Struck
    seen: int = 0
    hits: int = 0


@dataclass
class Weather:
    """Judges every request."""

    database: Callable[[], sqlite3.Connection]
    now: Callable[[], datetime]
    struck: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    asked: int = 0
    tell: Callable[[str], None] = lambda _line: None

    def __post_init__(self) -> None:
        """Begin with a clear sky."""
        self._armed: list[_Armed] = []
        self._outages: deque[tuple[float, Outage]] = deque()

    def arm(self, act: Struck) -> None:
        """Strike what is asked from now on."""
        self._armed.append(_Armed(act))

    def begin(self, outage: Outage) -> None:
        """Strike everything for a while."""
        self._outages.append((outage.at_s + outage.lasts_s, outage))
        self.struck["outage"] += 1
        self.troubles.append(Trouble(outage.at_s, outage.at_s + outage.lasts_s, "Outage"))

    def clear(self) -> None:
        """Nothing is struck any more."""
        self._armed.clear()
        self._outages.clear()

    def judge(self, asked: Asked) -> Strike | None:
        """What becomes of a request."""
        self.asked += 1
        aim = self._witness(asked) if asked.order else Aim.QUESTION
        strike = self._strike(asked, aim)
        if strike is not None:
            self.struck[strike.kind.value] += 1
            self.tell(f"{asked.name} is {aim} and struck")
        return strike

    def _strike(self, asked: Asked, aim: Aim) -> Strike | None:
        for ends_s, outage in self._outages:
            if asked.at_s < ends_s:
                return Strike(kind=outage.kind, done=outage.done)
        matching = [armed for armed in self._armed if armed.act.aim.hits(aim)]
        for armed in matching:
            armed.seen += 1
        due = next((armed for armed in matching if armed.seen > armed.act.passing), None)
        if due is None:
            return None
        due.hits += 1
        if due.hits >= due.act.times:
            self._armed.remove(due)
        self.troubles.append(Trouble(asked.at_s, asked.at_s + _lasts_s(due.act, order=asked.order), due.act.kind.value))
        return due.act.strike

    def _witness(self, asked: Asked) -> Aim:
        """What the order is for. One that brings its stop with it, each under a name of its own, is an entry."""
        if asked.method == "DELETE" or "cancel" in asked.path.lower():
            return Aim.CANCEL
        values = asked.parameters.values()
        names = dict.fromkeys(text[:_ID_LENGTH] for text in values if text.startswith(ORDER_ID_PREFIX))
        aims = [self._aim_of(name) for name in names]
        return Aim.ENTRY if Aim.ENTRY in aims else next(iter(aims), Aim.ORDER)

    def _aim_of(self, name: str) -> Aim:
        row = self._query("SELECT kind FROM journal WHERE client_order_id = ?", name)
        if row is None:
            self.violations.append(Violation("I4", f"order {name} left and was not in the journal"))
            return Aim.ORDER
        aim = Aim(row[0])
        if aim is Aim.ENTRY:
            self._not_halted(name)
        return aim

    def _not_halted(self, name: str) -> None:
        row = self._query("SELECT kind, raised_at FROM halts WHERE cleared_at IS NULL ORDER BY id LIMIT 1")
        if row is not None:
            for_s = (self.now() - moment(row[1])).total_seconds()
            if for_s > _GRACE_S:
                self.violations.append(Violation("I5", f"entry {name} left {for_s:.3f} s into halt {row[0]}"))

    def _query(self, query: str, *values: str) -> tuple[str, ...] | None:
        found: tuple[str, ...] | None = self.database().execute(query, values).fetchone()
        return found


def _lasts_s(act: Struck, *, order: bool) -> float:
    if act.kind in _SILENT:
        return _SILENCE_S[order]
    return max(act.delay_s, act.retry_after_s + _ROUND_TRIP_S)
