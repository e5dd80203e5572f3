"""The sender's time: ISO 8601 with a zone, as {{timenow}} renders it, or a Unix epoch in seconds or milliseconds."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from helix_core import SignalUnreadable
from helix_plugins.tradingview.quoting import show

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?P<zone>Z|[+-]\d\d:?\d\d)?", re.ASCII)
_EPOCH = re.compile(r"(?P<seconds>\d{10}(?:\.\d{1,9})?)|(?P<milliseconds>\d{13}(?:\.\d{1,6})?)", re.ASCII)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def read_timestamp(text: str) -> datetime:
    """Return the time in UTC. Raises SignalUnreadable for a time without a zone, or anything else."""
    iso, epoch = _ISO.fullmatch(text), _EPOCH.fullmatch(text)
    if epoch is not None:
        milliseconds = Decimal(epoch["milliseconds"] or Decimal(epoch["seconds"]) * 1000)
        return _BEGINNING + timedelta(microseconds=int(milliseconds * 1000))
    if iso is not None and iso["zone"] is None:
        problem = f'"timestamp" is {show(text)}, which does not say its time zone'
        raise SignalUnreadable("timestamp", problem, 'Use {{timenow}}, or add "Z" for UTC.')
    with contextlib.suppress(ValueError, OverflowError):  # refused below, in a sentence
        if iso is not None:
            return datetime.fromisoformat(text).astimezone(UTC)
    fix = (
        "Use {{timenow}}, which gives 2026-05-15T08:14:32Z, or a Unix time of 10 digits (seconds) or 13 (milliseconds)."
    )
    raise SignalUnreadable("timestamp", f'"timestamp" is {show(text)}, not a time Helix can read', fix)
