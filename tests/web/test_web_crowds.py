"""Senders who take their time, in crowds: each is hung up on in the end, and the others are served meanwhile."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from httpx import AsyncClient, AsyncHTTPTransport

from helix_core.web.protocol import PromptProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEAD = b"POST /webhook HTTP/1.1\r\nHost: x\r\nX-Webhook-Secret: correct-horse-battery-staple\r\n"
HALF_A_HEAD = HEAD[:30]
HALF_A_BODY = HEAD + b'Content-Length: 100\r\n\r\n{"signal":'
MANY = 600
"""More than uvicorn would let in: it answers 503 to everybody from 512 connections on."""


class Hasty(PromptProtocol):
    """As ever, but hangs up sooner."""

    whole_request_s = 0.3


class Small(PromptProtocol):
    """As ever, but with fewer places."""

    most_guests = 20


class Crowd:
    """Connections on which something was said, and which then keep silent."""

    def __init__(self) -> None:
        self._lines: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def come(self, port: int, count: int, words: bytes, *, address: str = "127.0.0.1") -> None:
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
            writer.write(words)
            self._lines.append((reader, writer))

    async def say(self, words: bytes) -> None:
        """Each of them says a little more."""
        for _, writer in self._lines:
            writer.write(words)

    async def hung_up_on(self, within_s: float) -> int:
        """How many of them are, at the end of that time."""
        ends = [asyncio.ensure_future(_ended(reader)) for reader, _ in self._lines]
        done, waiting = await asyncio.wait(ends, timeout=within_s)
        for one in waiting:
            one.cancel()
        return len(done)

    async def go(self) -> None:
        for _, writer in self._lines:
            writer.transport.abort()


async def _ended(reader: asyncio.StreamReader) -> None:
    try:
        await reader.read()
    except ConnectionResetError:
        return


@asynccontextmanager
async def gathered() -> AsyncIterator[Crowd]:
    crowd = Crowd()
    try:
        yield crowd
    finally:
        await crowd.go()


@asynccontextmanager
async def coming_from(address: str, port: int) -> AsyncIterator[AsyncClient]:
    """A sender who opens a connection for each request, as TradingView does."""
    transport = AsyncHTTPTransport(local_address=address, verify=False)
    async with AsyncClient(
        transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=10, headers={"Connection": "close"}
    ) as client:
        yield client


@pytest.mark.parametrize("words", [HALF_A_HEAD, HALF_A_BODY], ids=["half a head", "half a body"])
async def test_six_hundred_who_take_their_time_keep_nobody_out(opened, message, auth, words):
    async with opened() as house, gathered() as crowd, coming_from("127.0.0.2", house.port) as honest:
        await crowd.come(house.port, MANY, words)

        codes = [(await honest.post("/webhook", json=message, headers=auth)).status_code for _ in range(3)]
        pushed_out = await crowd.hung_up_on(0.1)

    assert codes == [200, 200, 200]
    assert MANY - PromptProtocol.most_guests <= pushed_out <= MANY - PromptProtocol.most_guests + 4


@pytest.mark.parametrize("drop", [b"x", b"x: y\r\n"])
async def test_drop_by_drop_is_hung_up_on(opened, drop):
    """Sending something now and then does not win time: the whole request has one deadline."""
    async with opened(http=Hasty) as house, gathered() as crowd:
        await crowd.come(house.port, 5, HEAD)
        gone, begun = 0, asyncio.get_running_loop().time()
        while gone < 5 and asyncio.get_running_loop().time() < begun + 5:
            await crowd.say(drop)
            gone = await crowd.hung_up_on(0.05)

    assert gone == 5


async def test_an_answer_that_nobody_takes_is_not_kept_for_ever(opened):
    async with opened(http=Hasty) as house:
        page = {"halts": ["x" * 1000] * 20_000}
        house.desk.status = lambda: asyncio.sleep(0, page)
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port, limit=1024)  # then it stops taking
        writer.write(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.sleep(0.6)
        taken = 0
        with suppress(ConnectionResetError):
            while part := await asyncio.wait_for(reader.read(1 << 20), 5):
                taken += len(part)
        writer.close()

    assert 0 < taken < 20_000_000


async def test_when_the_house_is_full_the_address_with_most_guests_gives_way(opened, message, auth):
    """Nineteen idle connections of one sender make room; the one idle connection of another stays."""
    async with opened(http=Small) as house, gathered() as neighbour, gathered() as crowd:
        await neighbour.come(house.port, 1, HALF_A_HEAD, address="127.0.0.3")
        await crowd.come(house.port, 60, HALF_A_HEAD)
        async with coming_from("127.0.0.2", house.port) as honest:
            answer = await honest.post("/webhook", json=message, headers=auth)
        gone = await crowd.hung_up_on(0.1)
        still_there = await neighbour.hung_up_on(0.05) == 0

    assert answer.status_code == 200
    assert gone == 60 - 20 + 2
    assert still_there


async def test_connections_that_are_kept_alive_make_room_too(opened, message, auth):
    """Whoever sent something once is no better than who never did."""
    async with opened(http=Small) as house, gathered() as crowd, coming_from("127.0.0.2", house.port) as honest:
        await crowd.come(house.port, 40, b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await honest.post("/webhook", json=message, headers=auth)
        gone = await crowd.hung_up_on(0.1)

    assert answer.status_code == 200
    assert gone >= 40 - 20


async def test_a_request_that_is_worked_on_is_never_pushed_out(opened, message, auth):
    """Not even where it is the oldest connection of the address that has most."""
    release, begun = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        begun.set()
        await release.wait()

    async with opened(http=Small) as house, gathered() as crowd, coming_from("127.0.0.1", house.port) as honest:
        house.desk.storing = slowly
        posted = asyncio.ensure_future(honest.post("/webhook", json=message, headers=auth))
        await asyncio.wait_for(begun.wait(), 5)
        await crowd.come(house.port, 60, HALF_A_HEAD)
        gone = await crowd.hung_up_on(0.1)
        release.set()
        answer = await posted

    assert answer.status_code == 200
    assert gone >= 60 - 20


async def test_a_flood_from_many_addresses_is_turned_away_and_the_owner_gets_in(opened, message, auth):
    """Each address has a count of its own, so a crowd of them reaches nothing but its own limit."""
    guess = b"POST /webhook HTTP/1.1\r\nHost: x\r\nX-Webhook-Secret: guess\r\nContent-Length: 2\r\n\r\n{}"
    last = guess.replace(b"Host: x", b"Host: x\r\nConnection: close")
    async with opened(webhook_limit_per_minute=2) as house, coming_from("127.0.0.1", house.port) as owner:
        got: list[list[str]] = []
        for n in range(100):
            reader, writer = await asyncio.open_connection("127.0.0.1", house.port, local_addr=(f"127.0.1.{n + 1}", 0))
            writer.write(guess + guess + last)
            said = await asyncio.wait_for(reader.read(), 5)
            got.append(re.findall(r"HTTP/1\.1 (\d{3}) ", said.decode()))
            writer.close()
        answer = await owner.post("/webhook", json=message, headers=auth)

    assert got == [["401", "401", "429"]] * 100
    assert answer.status_code == 200
    assert len(house.desk.taken) == 1
