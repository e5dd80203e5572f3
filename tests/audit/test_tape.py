"""The log's file: private, durable, shared by several processes, whole after a power cut."""

from __future__ import annotations

import asyncio
import resource
import stat
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.audit.written import Process, entry, looked_at, records, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "audit.log"


def test_only_the_owner_may_read_the_file_and_its_folder(path: Path) -> None:
    Process(path).notes(1)
    path.chmod(0o666)
    Process(path).notes(2)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_stands_in_it_is_not_written_again(path: Path) -> None:
    """Whoever is not sure whether something was written writes it again: at least once becomes once."""
    log = Process(path)
    log.notes(1, 2)
    log.notes(2, 3)
    Process(path).notes(1, 3, 4)

    assert texts(path.read_bytes()) == ["1", "2", "3", "4"]
    assert looked_at(path.read_bytes()).problem is None


def test_two_processes_write_one_chain(path: Path) -> None:
    """A bot and a command beside it: neither loses a line of the other, and the chain is one."""
    bot, command = Process(path).log, Process(path).log

    async def write() -> None:
        for number in range(0, 20, 2):
            await asyncio.gather(bot.add([entry(number)]), command.add([entry(number + 1)]))

    asyncio.run(write())

    chain = looked_at(path.read_bytes())
    assert (chain.problem, chain.head.line) == (None, 20)
    assert sorted(map(int, texts(path.read_bytes()))) == list(range(20))


def test_a_log_that_was_put_away_is_begun_anew(path: Path) -> None:
    log = Process(path)
    log.notes(1)
    path.rename(path.with_name("audit.old"))
    log.notes(2)

    assert texts(path.read_bytes()) == ["2"]
    assert looked_at(path.read_bytes()).problem is None


def test_wherever_the_power_cut_the_last_line_it_is_kept_noticed_and_told(path: Path) -> None:
    """Cut at every byte of the last two lines: what is whole stays, what is torn stays too and is accounted for."""
    Process(path).notes(1, 2, 3)
    whole = path.read_bytes()
    two = whole.index(b"\n") + 1
    for end in range(two, len(whole)):
        path.write_bytes(whole[:end])
        Process(path).notes(9)

        content = path.read_bytes()
        chain = looked_at(content)
        assert content.startswith(whole[:end]), "nothing of what was there is taken away"
        assert chain.problem is None, f"cut at {end}: {chain.problem}"
        assert texts(content)[-1] == "9"
        at_a_break = b"\n" in {whole[end - 1 : end], whole[end : end + 1]}
        kept = whole[: end + 1].count(b"\n")
        told = [record for record in records(content) if record["event"] == "line_torn"]
        assert len(told) == len(chain.torn) == (0 if at_a_break else 1)
        assert texts(content) == [*map(str, range(1, kept + 1)), "9"]


def test_a_line_torn_twice_is_accounted_for(path: Path) -> None:
    """The power failed again while the torn line was being accounted for."""
    Process(path).notes(1, 2)
    torn = path.read_bytes()[:-5]
    path.write_bytes(torn)
    Process(path).notes(3)
    path.write_bytes(path.read_bytes()[: len(torn) + 40])

    Process(path).notes(4)

    chain = looked_at(path.read_bytes())
    assert (chain.problem, chain.torn) == (None, [2, 3])
    assert texts(path.read_bytes()) == ["1", "4"]


def test_a_line_that_was_spoilt_by_hand_does_not_pass_for_torn(path: Path) -> None:
    """Anyone could cut a line short and add one that says it was torn; the next line still knows what stood there."""
    Process(path).notes(1, 2, 3)
    first, second, third, _ = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([first, second[:30], third, b""]))

    assert str(looked_at(path.read_bytes()).problem) == "line 2 was changed"


def test_a_disk_that_is_full_leaves_the_file_as_it_was_and_later_nothing_is_missing(path: Path) -> None:
    log = Process(path)
    log.notes(1)
    before = path.read_bytes()
    with room_for(len(before) + 50), pytest.raises(OSError, match="File too large"):
        log.notes(2)
    left = path.read_bytes()

    log.notes(2, 3)

    assert left == before
    assert texts(path.read_bytes()) == ["1", "2", "3"]
    assert looked_at(path.read_bytes()).problem is None


def test_a_link_in_its_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    """Nobody makes the bot write into another file."""
    path.parent.mkdir()
    (tmp_path / "other").write_bytes(b"kept")
    path.symlink_to(tmp_path / "other")

    with pytest.raises(OSError, match="symbolic link"):
        Process(path).notes(1)

    assert (tmp_path / "other").read_bytes() == b"kept"


def test_a_process_that_holds_it_for_ever_is_not_waited_for(path: Path) -> None:
    Process(path).notes(1)
    script = (
        f"import fcntl, time; file = open({str(path)!r}, 'a'); fcntl.flock(file, fcntl.LOCK_EX); "
        "print(flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(TimeoutError, match="another process"):
            Process(path).notes(2)
    finally:
        other.kill()
        other.wait()

    Process(path).notes(2)
    assert texts(path.read_bytes()) == ["1", "2"]


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
