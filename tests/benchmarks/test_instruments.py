"""The instruments of benchmarks/: what they add up and take apart. What they measure is measured there, never here."""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def instrument(monkeypatch):
    """Imports one of them by name; afterwards none of them is in the way of other modules."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    names = {file.stem for file in BENCHMARKS.glob("*.py")}
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)


def test_quantiles_are_values_that_were_seen(instrument):
    """The median and the 99th of 100 by nearest rank; of fewer than 100 the 99th is the largest."""
    figures = instrument("figures")
    assert figures.p50(range(1, 101)) == 50
    assert figures.p99(range(1, 101)) == 99
    assert figures.p99([3.0, 1.0, 2.0]) == 3.0


def test_each_moment_belongs_to_the_innermost_stage(instrument):
    """Own times add up to the whole, and what lies inside a stage is not counted twice."""
    spans = [("door", 1.0, 9.0), ("inbox", 2.0, 4.0), ("worker", 5.0, 8.0), ("gates", 6.0, 7.0)]
    stages = instrument("stages")
    took = stages.own_times(spans, 0.0, 10.0)
    assert took == {stages.READING: 1.0, "door": 3.0, "inbox": 2.0, "worker": 2.0, "gates": 1.0, stages.BETWEEN: 1.0}


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_request_counts_once_it_is_whole(instrument, size):
    """However the bytes are cut; and nothing counts after a switch to websockets."""
    body = "symbol=BTCUSDT&side=BUY"
    data = (
        f"POST /api/v3/order?x=1 HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\nGET /no HTTP/1.1\r\n\r\n"
    ).encode()
    requests = instrument("line").Requests()
    pieces = [requests.take(data[at : at + size]) for at in range(0, len(data), size)]
    assert [found for piece in pieces for found in piece][:2] == [("POST", "/api/v3/order"), ("GET", "/ws")]
    assert requests.take(b"GET /no HTTP/1.1\r\n\r\n") == []


async def test_the_line_takes_its_time_both_ways_and_loses_nothing(instrument):
    """A request is at the venue one delay later, its answer at the bot two delays later, byte for byte."""

    async def venue(reader, writer):
        writer.write(b"answer to " + await reader.readuntil(b"\r\n\r\n"))

    async with await asyncio.start_server(venue, "127.0.0.1", 0) as server:
        line = instrument("line").Line(server.sockets[0].getsockname()[1], 0.05)
        await line.open()
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        begun = asyncio.get_running_loop().time()
        writer.write(b"GET /api/v3/time HTTP/1.1\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"answer to GET /api/v3/time HTTP/1.1\r\n\r\n"
        took_s = asyncio.get_running_loop().time() - begun
        (arrival,) = line.since(begun)
        writer.close()
    assert (arrival.method, arrival.path, arrival.places) == ("GET", "/api/v3/time", False)
    assert arrival.at - begun >= 0.05
    assert took_s >= 0.1


async def test_a_grown_database_is_one_that_the_bot_takes(instrument, tmp_path):
    """Copies have ids of their own and earlier times, hang together, and leave nothing that was not there."""
    from helix_core.store.database import Store

    file = tmp_path / "helix.db"
    await (await Store.open(f"sqlite+aiosqlite:///{file}")).close()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("INSERT INTO signals VALUES (1, 'one', '{}', 'accepted', NULL, '2026-05-15 08:00:00.000000')")
        database.execute(
            "INSERT INTO trades (id, signal_id, exchange, symbol, side, status) "
            "VALUES (1, 'one', 'x', 'BTC/USDT', 'BUY', 'closed')"
        )
        database.execute(
            "INSERT INTO inbox (signal_row, action, symbol, price, trade_id) VALUES (1, 'BUY', 'BTC/USDT', '1', 1)"
        )
    instrument("grown").grow(file, 50)
    store = await Store.open(f"sqlite+aiosqlite:///{file}")
    await store.close()
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = database.execute("SELECT id, received_at FROM signals ORDER BY id").fetchall()
    assert [row for row, _ in rows] == list(range(1, 51))
    assert rows[0] == (1, "2026-05-15 08:00:00.000000")
    assert [at for _, at in rows[1:]] == sorted(at for _, at in rows[1:])
    assert rows[-1][1] == "2026-05-15 07:50:00.000000"
