"""A real disk that is full, or read-only: one of its own for the test, which only Linux can make."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs a disk of its own, made with unshare (Linux)")
@pytest.mark.parametrize("trouble", ["full", "read-only"])
def test_a_disk_that_is_really_full_or_read_only(tmp_path: Path, trouble: str) -> None:
    """A real disk of 64 MB: denied early when nearly full, the reserve given up when full; read-only is a sentence."""
    script = tmp_path / "script.py"
    script.write_text(ON_A_SMALL_DISK)
    disk = tmp_path / "disk"
    disk.mkdir()
    command = f"mount -t tmpfs -o size=64m tmpfs {disk} && exec {sys.executable} {script} {disk} {trouble}"
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody make a disk of their own")

    ended = subprocess.run(["unshare", "-rm", "sh", "-c", command], capture_output=True, text=True, check=False)

    assert ended.stdout.splitlines()[-1:] == ["as promised"], ended.stdout + ended.stderr


ON_A_SMALL_DISK = """
import asyncio, os, subprocess, sys
from pathlib import Path
from helix_core.errors import StoreError
from helix_core.store.database import Store

disk, trouble = Path(sys.argv[1]), sys.argv[2]

def fill():
    with open(disk / "movies", "ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass

async def write(store):
    async with store.write() as session:
        await session.run_sync(fill_a_row)

def fill_a_row(session):
    session.connection().exec_driver_sql(
        "INSERT INTO plugin_memory VALUES ('test', ?, ?)", (os.urandom(8).hex(), "x" * 20_000)
    )

async def main():
    store = await Store.open(f"sqlite+aiosqlite:///{disk}/data/helix.db")
    await write(store)
    assert store.shortage is None
    if trouble == "read-only":
        await store.close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        try:
            await Store.open(f"sqlite+aiosqlite:///{disk}/data/helix.db")
        except StoreError as error:
            assert "cannot be written: Read-only file system. Check DATABASE_URL" in str(error), error
        else:
            raise AssertionError("opened on a read-only disk")
    else:
        (disk / "more").write_bytes(bytes(20 * 2**20))
        assert "MB left" in store.shortage
        fill()
        failures = 0
        for _ in range(100):
            try:
                await write(store)
            except StoreError as error:
                assert "full" in str(error), error
                failures += 1
        assert 1 <= failures <= 3, failures
        assert not (disk / "data/helix.db.reserve").exists()
    await store.close()
    print("as promised")

asyncio.run(main())
"""
