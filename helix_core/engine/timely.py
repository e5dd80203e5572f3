"""In time or not: an old signal is rejected, never traded late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.engine.outcome import Rejection

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.store.inbox import StoredSignal


def refuse_unless_timely(stored: StoredSignal, now: datetime, most_s: int) -> None:
    """Raise Rejection when a signal is older than `most_s` by its own timestamp, or from the future."""
    said = stored.signal.timestamp or stored.received_at
    age_s = (now - min(said, stored.received_at)).total_seconds()
    ahead_s = (said - stored.received_at).total_seconds()
    if age_s > most_s:
        raise Rejection("signal_too_old", f"The signal is {age_s:.0f} s old; at most {most_s} s are allowed.")
    if ahead_s > most_s:
        raise Rejection("signal_too_old", f"The signal's timestamp is {ahead_s:.0f} s in the future.")
