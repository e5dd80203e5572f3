"""The auditor: sees to it that every start, halt, resume and decision stands in the audit log, whoever caused it.

Halts and decisions are rows that several programs commit. They are written to the log from there, at once or at the
next start, each once: nothing is lost when a process dies in between, and nothing that trades waits for this file.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import structlog

from helix_core.audit import events
from helix_core.audit.chain import Chain, Entry, Head, Problem
from helix_core.audit.log import AuditLog
from helix_core.audit.snapshot import Snapshot, changes, snapshot
from helix_core.config import TradingMode
from helix_core.domain.notice import NoticeKind
from helix_core.errors import ConfigError, StoreError
from helix_core.logs import Scrubber
from helix_core.notify import messages
from helix_core.store import audit, journal, outbox, trades
from helix_core.store.audit import Place

if TYPE_CHECKING:
    from helix_core.audit.tape import Tape
    from helix_core.clock import Clock
    from helix_core.settings import Settings
    from helix_core.store.database import Store

log = structlog.get_logger(__name__)

_LOOK_S = 5.0
_LOOKS_UNASKED = 12
"""Another program's commit is looked for once a minute; the commands of Helix write what they commit themselves."""
_PATIENCE_S = 15.0


class Auditor:
    """Writes what happens to one bot into its audit log."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, tape: Tape) -> None:
        """Nothing is touched yet."""
        self._settings, self._store, self._clock = settings, store, clock
        self._path, self._log = settings.audit_log_path, AuditLog(tape, clock)
        self._scrub = Scrubber(settings.secrets)
        self._place = Place()
        self._owed: list[Entry] = []
        self._snapshot: Snapshot | None = None
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the log cannot be written just now; None while it can."""
        return self._problem

    async def begin(self, actor: str) -> None:
        """Record this start, what changed since the last one, and all that is not recorded yet.

        Raises ConfigError in live mode when the log cannot be written, unless something is open that must be looked
        after. Otherwise that is told to the owner, and tried again. Raises StoreError.
        """
        now, live = self._clock.now(), self._settings.trading_mode is TradingMode.LIVE
        self._owed = [events.started(self._settings, actor, now)]
        changed = await self._changes()
        if changed:
            self._owed.append(events.settings_changed(changed, actor, now))
        if live:
            self._owed.append(events.live_confirmed(self._settings, actor, now))
        try:
            await self._examine()
            await self.write()
        except OSError as error:
            if live and not await self._something_is_open():
                raise ConfigError(
                    f"AUDIT_LOG_PATH: {self._path} cannot be written: {_reason(error)}. Live trading does not start "
                    "without its audit log: make room or mend the folder's owner, or name another file."
                ) from error
            await self._tell_that_it_fails(error)

    async def run(self) -> None:
        """Write what is stored from now on, until cancelled."""
        writes, unasked = self._store.writes, 0
        while True:
            await asyncio.sleep(_LOOK_S)
            unasked += 1
            if self._store.writes == writes and not self._owed and unasked < _LOOKS_UNASKED:
                continue
            writes, unasked = self._store.writes, 0
            try:
                await self.write()
            except OSError as error:
                await self._tell_that_it_fails(error)
            except StoreError as error:
                log.warning("audit_log_waits_for_the_database", problem=str(error))

    async def write(self) -> None:
        """Write what does not stand in the log yet. Raises OSError when it cannot be written, and StoreError."""
        async with self._store.read() as session:
            news = await audit.news(session, self._place)
        entries = events.in_order([*events.stored(news), *self._owed])
        if entries:
            async with asyncio.timeout(_PATIENCE_S):
                head = await self._log.add(map(self._scrubbed, entries))
            await self._keep(head)
        self._place, self._owed, self._snapshot = news.place, [], None
        if self._problem is not None:
            log.info("audit_log_is_written_again", path=str(self._path))
            self._problem = None

    async def _changes(self) -> dict[str, Any]:
        """Settings that differ from those of the last start; none at the first."""
        async with self._store.read() as session:
            key, seen = await audit.recall(session, "key"), await audit.recall(session, "settings")
        if key is None:
            key = secrets.token_hex(32)
            async with self._store.write() as session:
                await audit.keep(session, "key", key)
        self._snapshot = snapshot(self._settings, bytes.fromhex(key))
        return {} if seen is None else changes(json.loads(seen), self._snapshot)

    async def _examine(self) -> None:
        """Look whether the log is still what was written, and say so once when it is not. Raises OSError."""
        async with asyncio.timeout(_PATIENCE_S):
            chain = await self._log.read()
        async with self._store.read() as session:
            known, told = await known_head(session, self._settings), await audit.recall(session, "told")
        lost = chain.missing(known)
        if lost is not None:
            self._owed.insert(0, events.lines_lost(known, chain.head, self._clock.now()))
        said = _damage(chain, lost)
        if said != (told or ""):
            async with self._store.write() as session:
                await audit.keep(session, "told", said)
                if said:
                    self._owe(session, f"{self._path}: {said}. helix audit verify shows where")
        if said:
            log.error("audit_log_damaged", path=str(self._path), problem=said)

    async def _keep(self, head: Head) -> None:
        """Remember where the log ends: what is cut off its end is noticed by that alone."""
        async with self._store.write() as session:
            await audit.keep(session, "head", json.dumps({"path": _place_of(self._settings), **asdict(head)}))
            if self._snapshot is not None:
                await audit.keep(session, "settings", json.dumps(self._snapshot))

    async def _tell_that_it_fails(self, error: OSError) -> None:
        """Say it once for each reason; nothing else stops because of it."""
        problem = f"{self._path} cannot be written: {_reason(error)}"
        if problem == self._problem:
            return
        self._problem = problem
        log.error("audit_log_cannot_be_written", path=str(self._path), problem=_reason(error))
        try:
            async with self._store.write() as session:
                self._owe(session, f"{problem}. What happens is kept in the database, and written once it can be")
        except StoreError as trouble:
            log.warning("audit_log_problem_not_told", problem=str(trouble))

    def _owe(self, session: Any, text: str) -> None:
        outbox.owe(session, NoticeKind.ERROR, messages.error("Audit log", self._scrub(text)), self._clock.now())

    def _scrubbed(self, entry: Entry) -> Entry:
        return replace(entry, actor=self._scrub(entry.actor), facts=_deep(entry.facts, self._scrub))

    async def _something_is_open(self) -> bool:
        async with self._store.read() as session:
            return bool(await trades.open_trades(session) or await journal.unsettled(session))


async def known_head(session: Any, settings: Settings) -> Head:
    """Where the log of these settings ended when it was last written, as the database remembers it."""
    kept = json.loads(await audit.recall(session, "head") or "{}")
    if kept.get("path") != _place_of(settings):
        return Head()
    return Head(kept["line"], kept["hash"])


def _place_of(settings: Settings) -> str:
    return str(settings.audit_log_path.absolute())


def _damage(chain: Chain, lost: Problem | None) -> str:
    """What is wrong with the log, in words; empty when nothing is."""
    if lost is not None and chain.head.line == 0:
        return "it is gone, with all its lines; a new one is begun"
    problem = chain.problem or lost
    if problem is not None:
        return str(problem)
    if chain.tail or chain.broken:
        return "its last line was cut off in the middle, as when the power fails; it stays, and the next one says so"
    return ""


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _deep(value: Any, scrub: Scrubber) -> Any:
    """`value` with every text in it scrubbed."""
    if isinstance(value, dict):
        return {name: _deep(entry, scrub) for name, entry in value.items()}
    return scrub(value) if isinstance(value, str) else value
