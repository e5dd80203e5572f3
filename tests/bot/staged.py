"""The same bot and the same venue in simulated time: what takes a minute there takes a moment here.

    @staged
    async def test_...(bot, venue): ...

Only the sockets are missing: bytes, headers, files, the driver, the database and the venue are the real ones. A fault
of the sandbox that waits (DELAY) is a strike here: `bot.stage.network.judge`.
"""

from __future__ import annotations

import functools
import inspect
import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helix_core.sim.stage import Stage
from tests.bot.conftest import PRICE, RunningBot, Venue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helix_core.sim.asgi import Reply


@dataclass(frozen=True)
class Answer:
    """An answer with the names that httpx gives its parts."""

    status_code: int
    reply: Reply

    def json(self) -> Any:
        return self.reply.json()


class _Client:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def get(self, path: str) -> Answer:
        return answered(await self._stage.get(path))


class StagedBot(RunningBot):
    """A bot on the stage, as its sender and its owner see it."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(_Client(stage), stage.folder, stage._stop)  # type: ignore[arg-type]
        self.stage = stage

    async def post(self, action: str, signal_id: str | None = None, **fields: object) -> Any:
        self.ids.append(signal_id or f"test-{len(self.ids)}")
        return answered(await self.stage.alert(action, self.ids[-1], **fields))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.stage.database().execute(query).fetchall()

    def database(self, statement: str) -> None:
        """Another program writes into the bot's database."""

    async def until(self, query: str, expected: list[tuple[Any, ...]], seconds: float = 15.0) -> None:
        await self.stage.until(lambda: self.rows(query) == expected, seconds)
        assert self.rows(query) == expected


def answered(reply: Reply | None) -> Answer:
    assert reply is not None, "nobody answered"
    return Answer(reply.status, reply)
