"""Orders that were looked for in vain: those that may still appear, and those that never will."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helix_core import Clock

_MOST_KEPT = 100
_AGAIN_AFTER_S = 2.5
_GONE_FOR_S = (20.0, 120.0)
"""How long one search after the fence serves, and how long two do: an answer that left something out is found out."""


@dataclass(slots=True)
class _Absence:
    since_s: float
    written: bool
    refrained: bool = False
    missed_at_s: float = -math.inf
    late: int = 0
    in_doubt: int = 0
    """How many of its copies have left, and were not refused."""


class Absences:
    """Remembers when each order was written: once its deadline is long past, it need not be sought any more."""

    def __init__(self, clock: Clock, fence_s: float) -> None:
        """`fence_s` after it was written, an order that has not shown up never will."""
        self._clock, self._fence_s = clock, fence_s
        self._known: dict[str, _Absence] = {}
        self.doubted_at_s = -math.inf

    def written(self, client_order_id: str) -> None:
        """The order is about to be sent, perhaps once more: from now on it may show up."""
        earlier = self._known.pop(client_order_id, None)
        absence = self._of(client_order_id, self._clock.monotonic(), written=True)
        absence.in_doubt = 1 + (0 if earlier is None else earlier.in_doubt)

    def in_doubt(self, client_order_id: str) -> int:
        """How many copies of it were written here, and are not proven not to have been placed."""
        absence = self._known.get(client_order_id)
        return 0 if absence is None else absence.in_doubt

    def refused(self, client_order_id: str, in_doubt: int) -> None:
        """What was written of it since `in_doubt` copies were is proven not to have been placed."""
        if (absence := self._known.get(client_order_id)) is not None:
            absence.in_doubt = in_doubt

    def was_refused(self, client_order_id: str) -> bool:
        """Whether every copy that was written here was refused: then no question can find it."""
        absence = self._known.get(client_order_id)
        return absence is not None and absence.written and absence.in_doubt == 0

    def refrained(self, client_order_id: str) -> None:
        """The order is being considered and was not sent, unless it was written, or sought, before."""
        self._of(client_order_id, self._clock.monotonic(), refrained=True)

    def never_left(self, client_order_id: str) -> bool:
        """Whether it was known here before it could have been sent, and was not: then it is nowhere to be found."""
        absence = self._known.get(client_order_id)
        return absence is not None and absence.refrained and not absence.written

    def age_s(self, client_order_id: str) -> float | None:
        """How long ago it was written here; None for one of an earlier process."""
        absence = self._known.get(client_order_id)
        return self._clock.monotonic() - absence.since_s if absence is not None and absence.written else None

    def lately(self, within_s: float) -> set[str]:
        """The orders that were written here so short a time ago, and of which a copy was not refused."""
        since_s = self._clock.monotonic() - within_s
        return {name for name, each in self._known.items() if each.written and each.in_doubt and each.since_s > since_s}

    def missed(self, client_order_id: str, asked_at_s: float) -> None:
        """It was neither among the open orders nor among the ended ones, as asked for at `asked_at_s`."""
        absence = self._of(client_order_id, asked_at_s)
        if asked_at_s > absence.missed_at_s:
            absence.missed_at_s, absence.late = asked_at_s, absence.late + self._fenced(absence, asked_at_s)

    def doubt(self) -> None:
        """Something was refused that had to be taken, were all of these orders absent: search for each of them anew."""
        self.doubted_at_s = self._clock.monotonic()
        for absence in self._known.values():
            absence.missed_at_s, absence.late = -math.inf, 0

    def may_appear(self, client_order_id: str) -> bool:
        """Whether it was written here, and so short a time ago that no search can prove anything yet."""
        absence = self._known.get(client_order_id)
        return absence is not None and absence.written and not self._fenced(absence, self._clock.monotonic())

    def again_in_s(self, client_order_id: str) -> float:
        """Seconds until it is worth seeking again; 0 unless it may still appear and was missed a moment ago."""
        absence = self._known.get(client_order_id)
        if absence is None or not self.may_appear(client_order_id):
            return 0
        return max(0, absence.missed_at_s + _AGAIN_AFTER_S - self._clock.monotonic())

    def is_gone(self, client_order_id: str) -> bool:
        """Whether a search after its fence has shown that it was never placed, and not too long ago."""
        absence = self._known.get(client_order_id)
        if absence is None or not absence.late:
            return False
        serves_s = _GONE_FOR_S[min(absence.late, len(_GONE_FOR_S)) - 1]
        return self._clock.monotonic() - absence.missed_at_s < serves_s

    def _fenced(self, absence: _Absence, at_s: float) -> bool:
        return at_s - absence.since_s > self._fence_s

    def _of(self, client_order_id: str, at_s: float, *, written: bool = False, refrained: bool = False) -> _Absence:
        while len(self._known) >= _MOST_KEPT and client_order_id not in self._known:
            del self._known[next(iter(self._known))]
        return self._known.setdefault(client_order_id, _Absence(at_s, written, refrained))
