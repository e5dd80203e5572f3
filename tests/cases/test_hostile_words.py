"""The real `helix run` in a process of its own, told hostile words by everybody who can tell it any."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from helix_binance.sandbox import sandbox
from helix_core.sandbox.faults import Fault, FaultKind
from helix_core.sandbox.server import serving
from helix_core.testing.telegram import FakeTelegram
from tests.bot.conftest import SECRET, Venue, environment

if TYPE_CHECKING:
    from pathlib import Path

OWNER = 42
MARKUP = "<b>*_[a](http://x)_*</b> &amp; `"
HOSTILE = f'x\r\n{{"level":"critical"}}\n\x1b[31m\x1b]0;title\x07\u202e{MARKUP}\u2028\x00'
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
ALERT = {"signal": "BUY", "symbol": "BTC/USDT", "price": 64210.5}
ALERTS: list[dict[str, Any]] = [
    {**ALERT, "signal_id": MARKUP, "strategy": MARKUP, "note": MARKUP},
    {**ALERT, "signal_id": f"{MARKUP} again"},
    {**ALERT, "signal_id": HOSTILE},
    {**ALERT, "signal_id": "a", "strategy": HOSTILE},
    {**ALERT, "signal_id": "b", "note": HOSTILE},
    {**ALERT, "signal_id": "c", "symbol": HOSTILE},
    {**ALERT, "signal_id": "d", "signal": HOSTILE},
    {**ALERT, "signal_id": "e", "timestamp": HOSTILE},
    {**ALERT, "signal_id": "f", HOSTILE: 1},
    {**ALERT, "signal_id": "g", "signal": "SELL"},
]
REFUSED = {"signal_id", "strategy", "note", "symbol", "signal", "timestamp"}


@dataclass
class Left:
    """What the process left: its log, its answers, what the owner was sent, its files' modes."""

    folder: Path
    exit_code: int | None = None
    log: list[str] = field(default_factory=list)
    answers: list[httpx.Response] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    modes: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """One run for all tests."""
    return asyncio.run(_lived(Left(tmp_path_factory.mktemp("bot"))))


async def _lived(left: Left) -> Left:
    made = sandbox()
    async with serving(made.app) as url, FakeTelegram() as telegram:
        environ = environment(Venue(made, url)) | {
            "DISABLED_PLUGINS": "",
            "LOG_LEVEL": "DEBUG",
            "TELEGRAM_BASE_URL": telegram.url,
            "TELEGRAM_BOT_TOKEN": telegram.token,
            "TELEGRAM_CHAT_ID": str(OWNER),
        }
        process = await _helix_run(left.folder, environ)
        ending = asyncio.ensure_future(process.communicate())
        try:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{environ['PORT']}", timeout=30, verify=False
            ) as client:
                await _ready(client, ending)
                refusal = {
                    "on": "POST /api/v3/order",
                    "kind": FaultKind.REFUSED,
                    "code": -2010,
                    "msg": HOSTILE,
                    "after": 1,
                }
                made.faults.add(Fault.model_validate(refusal))
                telegram.say(HOSTILE, chat_id=OWNER)
                for alert in ALERTS:
                    left.answers.append(
                        await client.post(
                            "/webhook", json=alert, headers={"X-Webhook-Secret": SECRET, "User-Agent": MARKUP}
                        )
                    )
                await telegram.wait_for_messages(5, timeout_s=20)
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            said, _ = await ending
        left.sent = [dict(sent.fields) for sent in telegram.messages]
    left.exit_code, left.log = process.returncode, said.decode().splitlines()
    left.modes = {
        str(path.relative_to(left.folder)): stat.S_IMODE(path.stat().st_mode) for path in left.folder.rglob("*")
    }
    return left


async def _helix_run(folder: Path, environ: dict[str, str]) -> asyncio.subprocess.Process:
    """Start it under a umask that would let everybody read everything."""
    program = "import os; os.umask(0); from helix_core.cli import main; main()"
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", program, "run", "--json-logs"),
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def _ready(client: httpx.AsyncClient, ending: asyncio.Future[tuple[bytes, bytes]]) -> None:
    async with asyncio.timeout(90):
        while not ending.done():
            with suppress(httpx.TransportError):
                if (await client.get("/health")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError((await ending)[0].decode())


def test_every_line_of_its_log_is_one_record_that_steers_no_terminal(left: Left) -> None:
    records = [json.loads(line) for line in left.log if line]

    texts = [text for record in records for text in (*record, *record.values()) if isinstance(text, str)]
    assert left.exit_code == 0
    assert all({"timestamp", "level", "event"} <= set(record) for record in records)
    assert [text for text in texts if UNSAFE.search(text)] == []
    assert any("[31m" in text for text in texts), "hostile words did reach the log"
    assert not [record for record in records if record["level"] == "critical"]


def test_the_owner_is_sent_plain_text_of_one_line(left: Left) -> None:
    """The exchange's words, the signal's and the owner's own: no markup is read in them, no line is added by them."""
    texts = [sent["text"] for sent in left.sent]

    assert not [sent for sent in left.sent if {"parse_mode", "entities"} & set(sent)]
    assert [text for text in texts if MARKUP in text], "hostile words did reach the phone"
    assert not [text for text in texts if UNSAFE.search(text.replace("\n", ""))]
    assert not [text for text in texts if "\n" in text and "level" in text]


def test_what_would_steer_is_refused_by_name_and_the_rest_is_stored_as_it_came(left: Left) -> None:
    with sqlite3.connect(f"file:{left.folder}/data/helix.db?mode=ro", uri=True) as connection:
        payloads = [json.loads(payload) for (payload,) in connection.execute("SELECT payload FROM signals ORDER BY id")]

    assert {answer.json()["field"] for answer in left.answers if answer.status_code == 422} >= REFUSED
    assert all(answer.status_code in {200, 409, 422} for answer in left.answers)
    assert payloads[0] == {**ALERTS[0]}
    assert not [payload for payload in payloads if UNSAFE.search(str(payload))]


def test_only_the_owner_can_read_what_it_wrote(left: Left) -> None:
    assert {"data", "logs", "data/helix.db", "logs/audit.log"} <= set(left.modes)
    assert {name: oct(mode) for name, mode in left.modes.items() if mode & 0o077} == {}
