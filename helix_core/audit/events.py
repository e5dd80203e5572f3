"""The entries of the log: what each thing that happened looks like there."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from helix_core.audit.chain import ITSELF, LOST, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from helix_core.audit.chain import Head
    from helix_core.settings import Settings
    from helix_core.store.audit import News

_NOT_RECORDED = "not recorded"


def started(settings: Settings, actor: str, at: datetime) -> Entry:
    """A bot was started."""
    facts = {
        "version": metadata.version("helix-core"),
        "mode": settings.trading_mode.value,
        "exchange": settings.active_exchange,
        "pair": settings.trading_pair,
    }
    return Entry(at=at, event="started", actor=actor, facts=facts)


def settings_changed(changed: Mapping[str, Any], actor: str, at: datetime) -> Entry:
    """Settings differ from those of the start before."""
    return Entry(at=at, event="settings_changed", actor=actor, facts=changed)


def live_confirmed(settings: Settings, actor: str, at: datetime) -> Entry:
    """Somebody said that real money may be traded."""
    how = "LIVE_CONFIRMATION" if settings.live_confirmed else "typed at the terminal"
    return Entry(at=at, event="live_confirmed", actor=actor, facts={"by": how})


def lines_lost(known: Head, found: Head, at: datetime) -> Entry:
    """The log is not the one that the database remembers."""
    facts = {"known_line": known.line, "known_hash": known.hash, "found_lines": found.line}
    return Entry(at=at, event=LOST, actor=ITSELF, facts=facts)


def stored(news: News) -> list[Entry]:
    """Halts that began and ended, and decisions."""
    entries = [
        Entry(
            at=row.raised_at,
            event="halt_raised",
            actor=row.raised_by or _NOT_RECORDED,
            facts={"halt": row.id, "kind": row.kind, "detail": row.detail},
        )
        for row in news.began
    ]
    entries += [
        Entry(
            at=row.cleared_at,
            event="halt_cleared",
            actor=row.cleared_by or _NOT_RECORDED,
            facts={"halt": row.id, "kind": row.kind},
        )
        for row in news.ended
        if row.cleared_at is not None
    ]
    entries += [
        Entry(
            at=row.at,
            event="decided",
            actor=row.actor,
            facts={"row": row.id, "decision": row.decision, "subject": row.subject, "detail": row.detail},
        )
        for row in news.decided
    ]
    return entries


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """By time; that lines are gone is said before anything else."""
    return sorted(entries, key=lambda entry: (entry.event != LOST, entry.at))
