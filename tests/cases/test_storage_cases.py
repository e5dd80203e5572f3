"""Storage, process and host: what the database does when its file, its disk or its neighbours fail."""

from __future__ import annotations

import asyncio
import hashlib
import random  # noqa: TID251 - seeded
import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import aiosqlite
import pytest
from sqlalchemy.schema import CreateTable
from sqlmodel import SQLModel

from helix_core.errors import StoreError
from helix_core.store import identity, reserve
from helix_core.store.database import SCHEMA_VERSION, Store
from tests.cases.books import made, note, noted, rows, url

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 4096


async def test_a_writer_waits_two_seconds_for_another_program_and_says_what_to_do(tmp_path: Path) -> None:
    """A backup or a database browser holds the database: what cannot be stored says so, and is not lost silently."""
    store = await Store.open(url(tmp_path))
    with closing(sqlite3.connect(tmp_path / "helix.db", isolation_level=None)) as browser:
        browser.execute("BEGIN EXCLUSIVE")
        started = asyncio.get_running_loop().time()
        with pytest.raises(StoreError, match=r"locked .another program holds it.*let that end"):
            await note(store, "in vain")
        waited_s = asyncio.get_running_loop().time() - started
        assert await noted(store) == [], "who only looks is not held up"
        browser.execute("ROLLBACK")

    await note(store, "again")

    assert 1.5 < waited_s < 4
    assert await noted(store) == ["again"]
    await store.close()


async def test_a_full_database_fails_whole_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """SQLite's own "disk is full", in the middle of a transaction: all of it is undone, and the next one works."""
    connections: list[aiosqlite.Connection] = []

    async def connect() -> Any:
        connections.append(await aiosqlite.connect(tmp_path / "helix.db"))
        return connections[-1]

    store = await Store.open(url(tmp_path), connect=connect)
    await note(store, "before")
    for connection in connections:
        await connection.execute("PRAGMA max_page_count=1")

    with pytest.raises(StoreError, match=r"full .make room on its disk"):
        await note(store, "x" * 100 * PAGE)
    assert await noted(store) == ["before"]
    for connection in connections:
        await connection.execute("PRAGMA max_page_count=1000000")
    await note(store, "after")

    assert await noted(store) == ["after"]
    await store.close()


async def test_a_reserve_is_kept_on_the_disk_and_given_up_when_it_is_full(tmp_path: Path) -> None:
    """Stops and exits can still be journalled when something else has filled the disk."""
    connections: list[aiosqlite.Connection] = []

    async def connect() -> Any:
        connections.append(await aiosqlite.connect(tmp_path / "helix.db"))
        return connections[-1]

    store = await Store.open(url(tmp_path), connect=connect)
    kept = tmp_path / "helix.db.reserve"
    assert kept.stat().st_blocks * 512 >= reserve.RESERVE_BYTES, "a file with holes keeps nothing back"
    for connection in connections:
        await connection.execute("PRAGMA max_page_count=1")

    with pytest.raises(StoreError):
        await note(store, "x" * 100 * PAGE)

    assert not kept.exists()
    await store.close()


async def test_a_read_only_database_is_named_with_what_to_look_at(tmp_path: Path) -> None:
    """The file system was mounted read-only by the kernel: SQLite's own error becomes a sentence, reading goes on."""
    connections: list[aiosqlite.Connection] = []

    async def connect() -> Any:
        connections.append(await aiosqlite.connect(tmp_path / "helix.db"))
        return connections[-1]

    store = await Store.open(url(tmp_path), connect=connect)
    await note(store, "before")
    for connection in connections:
        await connection.execute("PRAGMA query_only=ON")

    with pytest.raises(StoreError, match="read-only: look at the disk"):
        await note(store, "in vain")

    assert await noted(store) == ["before"]
    await store.close()


async def refusal_to_open(folder: Path) -> str | None:
    """What the owner is told who starts with the database of `folder`; None when it opens."""
    try:
        store = await Store.open(url(folder))
    except StoreError as error:
        return str(error)
    await store.close()
    return None


@pytest.mark.parametrize("spoil", ["zeros", "noise"])
async def test_a_database_with_any_page_spoilt_is_refused_with_the_way_out(tmp_path: Path, spoil: str) -> None:
    """Every page once: the start is refused in a sentence, or (a page that holds nothing) nothing is different."""
    await made(tmp_path, *(f"halt {number}" for number in range(20)))
    whole, before = (tmp_path / "helix.db").read_bytes(), rows(tmp_path, "SELECT * FROM halts")
    refused, pages = 0, len(whole) // PAGE
    for page in range(pages):
        junk = bytes(PAGE) if spoil == "zeros" else random.Random(page).randbytes(PAGE)
        (tmp_path / "helix.db").write_bytes(whole[: page * PAGE] + junk + whole[(page + 1) * PAGE :])
        problem = await refusal_to_open(tmp_path)
        if problem is not None:
            refused += 1
            assert "backup" in problem, f"page {page}: {problem}"
            assert "\n" not in problem
        else:
            assert rows(tmp_path, "SELECT * FROM halts") == before, f"page {page} was spoilt and nobody noticed"
    assert refused >= pages - 1


async def test_any_beginning_of_the_write_ahead_log_is_a_whole_database(tmp_path: Path) -> None:
    """Power was cut: the log is torn at a frame, anywhere in one, or has a rotten byte. What is left is what was once
    committed, to the last row, and nothing that was committed before it is missing.
    """
    await made(tmp_path)
    store = await Store.open(url(tmp_path))
    for number in range(6):
        await note(store, f"note {number}")
    database, log = (tmp_path / "helix.db").read_bytes(), (tmp_path / "helix.db-wal").read_bytes()
    await store.close()
    frames, chance = range(32, len(log) + 1, PAGE + 24), random.Random(75)
    torn = [log[:end] for end in (*frames, *(chance.randrange(len(log)) for _ in range(15)))]
    rotten = [_with_a_rotten_byte(log, chance.randrange(32, len(log))) for _ in range(15)]
    seen: dict[int, int] = {}

    for left in torn + rotten:
        (tmp_path / "helix.db").write_bytes(database)
        (tmp_path / "helix.db-wal").write_bytes(left)
        store = await Store.open(url(tmp_path))
        (*_, number) = [-1, *(int(text.split()[1]) for text in await noted(store))]
        await note(store, "note 99")
        await store.close()
        assert [row[0] for row in rows(tmp_path, "SELECT detail FROM halts ORDER BY id")] == [
            f"note {n}" for n in (*range(number + 1), 99)
        ]
        if left in torn:
            seen[len(left)] = number

    states = [number for _, number in sorted(seen.items())]
    assert states == sorted(states), "a longer log never holds less"
    assert set(states) == set(range(-1, 6)), "each commit is one of the beginnings"


def _with_a_rotten_byte(log: bytes, at: int) -> bytes:
    return log[:at] + bytes([log[at] ^ 0x55]) + log[at + 1 :]


async def test_a_database_of_another_version_is_refused_unchanged(tmp_path: Path) -> None:
    """A newer Helix made it: an older one must not guess what its rows mean."""
    await made(tmp_path, "kept")
    with closing(sqlite3.connect(tmp_path / "helix.db")) as connection, connection:
        connection.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")

    with pytest.raises(StoreError, match=r"schema 999.*Install the Helix that made it"):
        await Store.open(url(tmp_path))

    assert rows(tmp_path, "SELECT detail FROM halts") == [("kept",)]


def test_tables_never_change_under_the_same_version() -> None:
    """An older database lacks what was added since: the version is what keeps it from being opened.

    When this fails, the tables were changed: raise SCHEMA_VERSION and put both new values here.
    """
    tables = "\n".join(str(CreateTable(table)) for table in SQLModel.metadata.sorted_tables)
    shape = hashlib.sha256(re.sub(r"\s+", " ", tables).encode()).hexdigest()[:16]

    assert (SCHEMA_VERSION, shape) == ("4", "79a760a57d18e7fa")


async def test_nobody_else_may_read_any_file_of_the_database(tmp_path: Path) -> None:
    """Balances and strategies are nobody's business, whatever the umask was: the journal's side files included."""
    folder = tmp_path / "data"
    store = await Store.open(url(folder))
    await note(store, "kept")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert {"helix.db", "helix.db-wal", "helix.db-shm", "helix.db.lock", "helix.db.reserve"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    await store.close()


async def test_only_one_bot_of_a_machine_holds_an_account_whatever_its_database(tmp_path: Path) -> None:
    """Two folders, one API key: the second is told at once; when the first has gone it may."""
    first, second = await Store.open(url(tmp_path / "one")), await Store.open(url(tmp_path / "two"))
    account = ("exchange", "testnet", str(tmp_path), "key")
    identity.hold(first, *account)

    with pytest.raises(StoreError, match="one account, one bot"):
        identity.hold(second, *account)
    identity.hold(second, *account[:3], "another key")
    await first.close()
    identity.hold(second, *account)

    await second.close()


async def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    """The kernel gives the lock back: a restart after SIGKILL never waits for a stale file."""
    script = (
        "import asyncio, os, signal\n"
        "from helix_core.store.database import Store\n"
        "async def main():\n"
        f"    await Store.open({url(tmp_path)!r})\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    ended = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script], timeout=30, check=False)

    store = await Store.open(url(tmp_path))

    assert ended.returncode == -9
    await store.close()


def test_a_bot_that_stands_still_is_ended_and_says_where() -> None:
    """Code that blocks the event loop keeps every stop from being watched: only the next start recovers."""
    script = (
        "import asyncio, time\n"
        "from helix_core.cli.watchdog import watched\n"
        "async def main():\n"
        "    async with watched(patience_s=3):\n"
        "        await asyncio.sleep(3.5)\n"
        "        print('alive', flush=True)\n"
        "        time.sleep(30)\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50, check=False)

    assert (ended.returncode, ended.stdout) == (1, "alive\n"), "a loop that turns is left alone"
    assert "line 7 in main" in ended.stderr
