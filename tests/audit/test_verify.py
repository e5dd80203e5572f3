"""`helix audit verify` and the commands that are recorded, as the owner runs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from helix_core.cli.check import audit_log
from tests.bot.conftest import NO_BOT, command, logs_left_alone  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def helix(command: Any) -> Any:  # noqa: F811 - the fixture
    return lambda *arguments, **environ: command(*arguments, environ=NO_BOT | environ)


@pytest.fixture
def log(helix: Any, tmp_path: Path) -> Path:
    """The log of a machine at which trading was halted and resumed, twice; no bot ever ran."""
    for _ in range(2):
        assert helix("halt", "a reason")[0] == 0
        assert helix("resume")[0] == 0
    return tmp_path / "logs" / "audit.log"


def test_commands_are_recorded_at_once_without_a_bot(log: Path) -> None:
    records = [json.loads(line) for line in log.read_bytes().splitlines()]

    assert [record["event"] for record in records] == ["halt_raised", "halt_cleared"] * 2
    assert records[0]["actor"].startswith("helix halt (")
    assert records[1]["actor"].startswith("helix resume (")


def test_a_whole_log_is_said_to_be_whole(helix: Any, log: Path) -> None:
    assert helix("audit", "verify") == (0, "ok  logs/audit.log: 4 lines, each as it was written.\n")


def test_the_first_line_that_was_changed_removed_or_inserted_is_named(helix: Any, log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    for spoiled, said in {
        (lines[0], lines[1].replace(b"manual", b"drawdo"), *lines[2:]): "line 2 was changed",
        (lines[0], *lines[2:]): "line 2 was removed: what stands there is line 3",
        (*lines[:2], lines[0], *lines[2:]): "line 3 was inserted: it repeats line 1",
        tuple(lines[:3]): "line 4 was removed: the log once had 4 lines",
        (): "line 1 was removed: the log once had 4 lines",
    }.items():
        log.write_bytes(b"".join(spoiled))

        assert helix("audit", "verify") == (1, f"broken  logs/audit.log: {said}.\n")


def test_a_log_that_was_deleted_is_missed(helix: Any, log: Path) -> None:
    log.unlink()

    code, output = helix("audit", "verify")

    assert code == 1
    assert "logs/audit.log is not there." in output
    assert "line 1 was removed" in output


def test_a_log_that_was_put_away_can_be_looked_at_alone(helix: Any, log: Path) -> None:
    log.rename(log.with_name("audit-2026.log"))

    assert helix("audit", "verify", "logs/audit-2026.log")[0] == 0


def test_a_torn_last_line_is_said_and_is_no_crime(helix: Any, log: Path) -> None:
    log.write_bytes(log.read_bytes() + b'{"n":5,')

    code, output = helix("audit", "verify")

    assert code == 0
    assert "the last line was cut off when it was written" in output


def test_a_halt_is_in_force_although_the_log_cannot_be_written(helix: Any, tmp_path: Path) -> None:
    """Nobody is kept from stopping the bot by a full disk or a wrong owner; the line follows later."""
    (tmp_path / "logs").write_text("a file where a folder should be")

    code, output = helix("halt")

    assert code == 0
    assert "the audit log logs/audit.log was not written (Not a directory)" in output
    assert "Entries are halted." in output
    assert helix("halt", AUDIT_LOG_PATH="elsewhere.log")[0] == 0
    assert [json.loads(line)["event"] for line in (tmp_path / "elsewhere.log").read_bytes().splitlines()] == [
        "halt_raised"
    ]


@pytest.mark.parametrize(
    ("path", "said", "fix"),
    [
        ("new/folder/audit.log", "can be written", None),
        ("closed.log", "can be written", None),
        ("open.log", "can be read by others than its owner", "chmod 600 {}"),
        ("link.log", "is not a plain file", "Change AUDIT_LOG_PATH."),
        (".", "is not a plain file", "Change AUDIT_LOG_PATH."),
        ("closed.log/audit.log", "cannot be made: {} is no folder", "Change AUDIT_LOG_PATH."),
    ],
)
def test_check_looks_where_the_log_is_to_be_written_and_who_can_read_it(
    path: str, said: str, fix: str | None, tmp_path: Path
) -> None:
    for name, mode in {"open.log": 0o644, "closed.log": 0o600}.items():
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    (tmp_path / "link.log").symlink_to("closed.log")

    found = audit_log(tmp_path / path)

    assert found.seen == f"{tmp_path / path} {said.format(tmp_path / 'closed.log')}"
    assert found.fix == (None if fix is None else fix.format(tmp_path / path))
