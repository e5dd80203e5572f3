"""What happened, in order: the story of one simulation."""

from __future__ import annotations

import hashlib
import logging
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import structlog

from helix_core.sim.life import Life
from helix_core.sim.loop import PROCESS

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, MutableMapping

_SEVERE = {"warning", "error", "critical", "exception"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the bot's log at level warning or above."""

    at_s: float
    life: int
    level: str
    event: str
    fields: dict[str, Any]


class Story:
    """Requests, answers, commits, deaths and messages, each with its virtual time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin with nothing told."""
        self._loop = loop
        self.lines: list[tuple[float, str]] = []
        self.log: list[LogLine] = []
        self.trace = False
        """Also tell every line of the bot's log."""

    def tell(self, text: str) -> None:
        """Add one line."""
        self.lines.append((self._loop.time(), text))

    @property
    def digest(self) -> str:
        """The same for two runs in which the same happened at the same times."""
        told = "\n".join(f"{at_s:.6f} {text}" for at_s, text in self.lines)
        return hashlib.sha256(told.encode()).hexdigest()

    def text(self) -> str:
        """All of it, for people."""
        return "\n".join(f"{at_s:10.3f}  {text}" for at_s, text in self.lines)

    @contextmanager
    def taking_the_log(self) -> Iterator[None]:
        """Take what the bot logs instead of printing it, for as long as the block lasts."""
        kept, disabled = structlog.get_config(), logging.root.manager.disable
        structlog.configure(
            processors=[self._take],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            logger_factory=_nowhere,
            cache_logger_on_first_use=False,
        )
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(disabled)
            structlog.configure(**kept)

    def _take(self, _logger: object, level: str, fields: MutableMapping[str, Any]) -> NoReturn:
        life, event = PROCESS.get(), str(fields.pop("event", ""))
        if isinstance(life, Life) and not life.dead:
            if event == "ready":
                life.ready = True
                self.tell(f"life {life.number} ready")
            if fields.pop("exc_info", None):
                fields["error"] = repr(sys.exc_info()[1])
            if level in _SEVERE:
                self.log.append(LogLine(self._loop.time(), life.number, level, event, dict(fields)))
            if self.trace:
                self.tell(f"log {level} {event} {dict(fields)}")
        raise structlog.DropEvent


def _nowhere(*_: Any) -> None:
    return None
