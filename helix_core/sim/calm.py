"""Calm: where nothing went wrong, nothing may look as if it had. No halt, no failed signal, and no long time naked.

Safety that stops trading without a reason is a fault as well: a bot that miscounts halts before it loses anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.domain.halt import HaltKind
from helix_core.sim.host import BY_THE_OWNER
from helix_core.sim.naked import Phase
from helix_core.sim.oracle import Violation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from helix_core.sim.books import Books
    from helix_core.sim.naked import Naked

REARMED_WITHIN_S = 10.0
"""A stop that is missing is put back, or the position sold, within so many seconds after the last trouble."""
_FAULTS = {
    "check_failed",
    "exchange_unreachable",
    "internal_error",
    "order_not_placed",
    "order_outcome_unknown",
    "order_refused",
}
"""Ends of a signal that only a trouble explains."""


def needless(books: Books) -> Iterator[Violation]:
    """What halted or failed in a run in which nothing went wrong."""
    for halt in books.halts:
        by_owner = halt["kind"] == HaltKind.MANUAL.value and halt["detail"] == BY_THE_OWNER
        if halt["kind"] in {HaltKind.RECONCILE.value, HaltKind.MANUAL.value} and not by_owner:
            yield Violation("calm", f"nothing was wrong, and Helix halted: {halt['kind']}: {halt['detail']}")
    for row in books.signals:
        if row["rejection_reason"] in _FAULTS:
            yield Violation("calm", f"nothing was wrong, and signal {row['id']} ended {row['rejection_reason']}")


def left_naked(stretches: Iterable[Naked]) -> Iterator[Violation]:
    """I3: what had no stop, with no trouble left to explain it, for longer than is promised."""
    for naked in stretches:
        if naked.phase is not Phase.EXIT and naked.excess_s > REARMED_WITHIN_S:
            yield Violation("I3", f"without a stop for {naked.excess_s:g} s too long, from {naked.began_s:g} s on")
