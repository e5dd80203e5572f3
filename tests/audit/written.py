"""Logs made of entries that mean nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from helix_core import Clock
from helix_core.audit.chain import Chain, Entry
from helix_core.audit.log import AuditLog
from helix_core.audit.tape import DiskTape

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 5, 15, 12, 0, tzinfo=UTC)


class StillClock(Clock):
    """It is always noon."""

    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 0.0


def entry(number: int, text: str = "") -> Entry:
    return Entry(
        at=NOON + timedelta(seconds=number), event="noted", actor="a test", facts={"text": text or f"{number}"}
    )


def lines(count: int, mark: str = "") -> list[bytes]:
    """The lines of a log, each with its line break."""
    chain = Chain()
    return [chain.seal(entry(number, f"{mark}{number}")) for number in range(1, count + 1)]


def looked_at(content: bytes) -> Chain:
    """A log that was read to its end."""
    chain = Chain()
    chain.read(content)
    chain.close()
    return chain


class Process:
    """A process that writes into the log at `path`."""

    def __init__(self, path: Path) -> None:
        self.log = AuditLog(DiskTape(path), StillClock())

    def notes(self, *numbers: int) -> None:
        asyncio.run(self.log.add(map(entry, numbers)))


def texts(content: bytes) -> list[str]:
    """What its whole lines say, without those that the log says of itself."""
    return [str(record["facts"]["text"]) for record in records(content) if record["event"] == "noted"]


def records(content: bytes) -> list[dict[str, Any]]:
    """Its lines that can be read."""
    found = []
    for line in content.split(b"\n"):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
