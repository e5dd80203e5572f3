"""The same bot before the same venue in simulated time: a minute there takes a moment here.

    @staged
    async def test_something(bot, venue): ...

    @staged(coins={"BNB": "5"}, MAX_CONSECUTIVE_LOSSES="2")
    async def test_something_else(bot, venue): ...

Only the sockets are missing: the bytes, the driver, the database and the venue are the real ones. A fault of the
sandbox that waits (DELAY) is a strike of the network here: see `strike`.
"""

from __future__ import annotations

import functools
import inspect
import sqlite3
from contextlib import closing
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from helix_core.sandbox import prove
from helix_core.sim.clock import EPOCH
from helix_core.sim.stage import Stage
from tests.bot.conftest import PRICE, Venue

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from helix_core.contracts.commands import Reply
    from helix_core.sim import asgi
    from helix_core.sim.strikes import Strike

NOTHING: Mapping[str, str] = MappingProxyType({})


class Answer:
    """An answer of the bot, with the names that httpx gives its parts."""

    def __init__(self, reply: asgi.Reply | None) -> None:
        assert reply is not None, "nobody answered"
        self.status_code, self.json = reply.status, reply.json


class StagedBot:
    """A bot on a stage; what tests call has the names of `RunningBot`."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.folder, self.client = stage, stage.folder, self
        self._posted = 0

    @property
    def stop(self) -> asyncio.Event:
        """What ends the bot, set by itself or by its owner."""
        return self.stage._stop

    async def post(self, action: str, signal_id: str | None = None, **fields: object) -> Answer:
        """Post an alert; each has an id of its own unless one is given."""
        self._posted += 1
        return Answer(await self.stage.alert(action, signal_id or f"test-{self._posted}", **fields))

    async def get(self, path: str) -> Answer:
        """A page of the bot."""
        return Answer(await self.stage.get(path))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the bot's database, read as any tool would."""
        return self.stage.database().execute(query).fetchall()

    def change(self, statement: str) -> None:
        """What another program writes into the bot's database."""
        with closing(sqlite3.connect(self.stage.disk.path)) as connection, connection:
            connection.execute(statement)

    def notices(self) -> list[str]:
        """What the owner is told, oldest first."""
        return [text for (text,) in self.rows("SELECT text FROM outbox ORDER BY id")]

    async def say(self, words: str, at: datetime | None = None) -> Reply | None:
        """Say something to the bot as its owner, and return the answer. Needs a stage where the owner `talks`."""
        return await self.answer(self.stage.speech.say(words, at))

    async def told(self, words: str, at: datetime | None = None) -> str:
        """Say something that is answered, and return the words of the answer."""
        reply = await self.say(words, at)
        assert reply is not None
        return reply.text

    async def stops(self) -> str:
        """Say /stop, press the button, and return the words of the answer to that."""
        asked = await self.say("stop")
        assert asked is not None
        assert asked.button is not None
        return await self.told(asked.button.words)

    async def answer(self, number: str) -> Reply | None:
        """The answer to what was said under that number; None: it had been heard before."""
        replies = self.stage.speech.replies
        assert await self.stage.until(lambda: number in replies, 15)
        return replies[number]

    async def until(self, query: str, expected: list[tuple[Any, ...]], seconds: float = 15.0) -> None:
        """Let time pass until the database says `expected`."""
        await self.stage.until(lambda: self.rows(query) == expected, seconds)
        assert self.rows(query) == expected

    def strike(self, name: str, strike: Strike, **where: str) -> None:
        """Let the network strike the next request `METHOD /path` with these parameters."""
        left = [strike]
        self.stage.network.judge = lambda asked: (
            left.pop() if left and asked.name == name and where.items() <= asked.parameters.items() else None
        )

    async def ends(self) -> None:
        """SIGTERM, and wait for the end."""
        self.stage.restart_after_s = None
        self.stage.stop()
        assert await self.stage.until(lambda: not self.stage.alive, 60)

    async def dies(self) -> None:
        """SIGKILL."""
        self.stage.restart_after_s = None
        self.stage.crash("killed")

    def put_back(self, database: bytes | None, log: bytes = b"") -> None:
        """Put another database in the place of the one that was, or none at all. The bot must not be running."""
        if self.stage._look is not None:
            self.stage._look.close()
            self.stage._look = None
        path = self.stage.disk.path
        for file, content in ((path, database), (path.with_name(f"{path.name}-wal"), log)):
            file.unlink(missing_ok=True)
            if content:
                file.write_bytes(content)
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)

    async def starts(self) -> None:
        """Start it again on the same database."""
        self.stage.start()
        assert await self.stage.ready()


def staged(
    test: Callable[..., Any] | None = None,
    *,
    exchange: str = "binance",
    coins: Mapping[str, str] = NOTHING,
    epoch: datetime = EPOCH,
    talks: bool = False,
    **settings: str,
) -> Any:
    """Play a test on a stage of its own: `bot` is ready, `venue` holds `coins` beside its 10,000 USDT.

    Where the owner `talks`, the bot listens: see `StagedBot.say`.
    """
    if test is None:
        return lambda real: staged(real, exchange=exchange, coins=coins, epoch=epoch, talks=talks, **settings)
    asked = inspect.signature(test)

    @functools.wraps(test)
    def play(**fixtures: Any) -> None:
        with closing(Stage(exchange=exchange, price=PRICE, settings=settings, epoch=epoch)) as stage:
            for coin, amount in coins.items():
                stage.sandbox.venue.transfer(coin, Decimal(amount))
            stage.speech.open = talks
            given = {"bot": StagedBot(stage), "venue": Venue(stage.sandbox, "")}

            async def scenario() -> None:
                assert await stage.ready()
                await test(**fixtures, **{name: given[name] for name in asked.parameters if name in given})

            stage.play(scenario())
            prove(stage.sandbox.venue)

    fixtures = [one for name, one in asked.parameters.items() if name not in {"bot", "venue"}]
    vars(play)["__signature__"] = asked.replace(parameters=fixtures)
    return play
