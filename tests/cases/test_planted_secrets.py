"""The real process with ten planted secrets: it is used, misused and hurt; then everything it left is searched."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.cases.planted import SECRETS, Evidence, forms, lived

if TYPE_CHECKING:
    from pathlib import Path

UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bot")


@pytest.fixture(scope="module")
def evidence(folder: Path) -> Evidence:
    """One run for all tests: it takes some seconds."""
    return asyncio.run(lived(folder))


def test_not_one_of_ten_secrets_is_in_anything_that_came_out(evidence: Evidence) -> None:
    """Not in the log, an answer, a message, the database with its side files, the audit log, or a command's output."""
    found = [
        f"{name} in {place}: {text[max(0, at - 80) : at + 80]!r}"
        for name, secret in SECRETS.items()
        for form in forms(secret)
        for place, text in evidence.texts().items()
        if (at := text.find(form)) >= 0
    ]

    assert found == []
    assert len(SECRETS) == 10


def test_the_run_was_one_in_which_a_secret_could_have_come_out(evidence: Evidence) -> None:
    """The search above means something: trades, errors, messages and masks are there."""
    codes = {answer.status_code for answer in evidence.answers}
    log = "\n".join(evidence.log)

    assert evidence.exit_code == 0
    assert {200, 401, 403, 404, 409, 422} <= codes
    assert all(code < 500 for code in codes)
    assert "***" in log
    assert any("OPENED" in text for text in evidence.messages)
    assert any("SIGNAL REJECTED" in text for text in evidence.messages)
    assert {"data/helix.db", "logs/audit.log"} <= set(evidence.files)


def test_every_line_of_its_log_is_one_record_that_steers_no_terminal(evidence: Evidence) -> None:
    """Line breaks, terminal escapes and reversed writing came in every field; they left as visible text."""
    records = [json.loads(line) for line in evidence.log]

    assert all({"timestamp", "level", "event"} <= set(record) for record in records)
    texts = [value for record in records for value in (*record, *record.values()) if isinstance(value, str)]
    assert [text for text in texts if UNSAFE.search(text)] == []
    assert any("\\x1b[31m" in text for text in texts), "hostile text did reach the log"
    assert not [record for record in records if record["level"] == "critical"]


def test_no_message_has_markup_or_a_second_line_from_outside(evidence: Evidence) -> None:
    """A signal's and the exchange's own words arrive as one line of plain text."""
    assert not [text for text in evidence.messages if "parse_mode" in text or "entities" in text]
    assert not [text for text in evidence.messages if "\x1b" in text or "\u202e" in text or "\\x1b" in text]


def test_only_the_owner_can_read_what_it_wrote(evidence: Evidence, folder: Path) -> None:
    """Under a umask that would let everybody read everything."""
    written = {name: mode for name, mode in evidence.modes.items() if name != ".secrets.toml"}

    assert {"data", "logs", "data/helix.db", "logs/audit.log"} <= set(written)
    assert {name: oct(mode) for name, mode in written.items() if mode & 0o077} == {}


def test_what_a_signal_said_is_stored_as_it_came(evidence: Evidence, folder: Path) -> None:
    """Escaping is for those who show it: the record is the truth, apart from the secret."""
    with sqlite3.connect(f"file:{folder}/data/helix.db?mode=ro", uri=True) as connection:
        payloads = [json.loads(payload) for (payload,) in connection.execute("SELECT payload FROM signals")]

    assert any("\x1b[31m" in str(payload.get("strategy")) for payload in payloads)
    assert any("[removed]" in json.dumps(payload) for payload in payloads)
