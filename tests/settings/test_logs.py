"""The log, in a process of its own: what a real stderr shows when secrets are planted everywhere."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import textwrap

import pytest
from pydantic import SecretStr

from helix_core.logs import Scrubber, visible

START = """
import logging, sys, threading, warnings
import structlog
from pydantic import SecretStr
from helix_core import logs

secret = "".join(["plan", "ted/se+cret"])  # so that no traceback can quote it from the source
quoted = "".join(["plan", "ted\\"with\\\\quotes"])
logs.configure(LEVEL, [SecretStr(secret), SecretStr(quoted), SecretStr(""), SecretStr("abc")], json=JSON)
log = structlog.get_logger("helix.test")
"""

EVERYWHERE = """
def blame(text):
    raise ValueError(f"refused {text}\\n2026-01-01 level=info event=forged")

log.info("structlog %s", secret, key=secret, nested={"deep": [secret, quoted]}, quoted=quoted, count=3)
logging.getLogger("library").warning("stdlib %s", secret, extra={"header": secret})
logging.getLogger("library").info({"a": secret})
log.info("as a name", **{secret: 1})
logging.getLogger(secret).info("as a logger")
logging.warning("bot123456:AAH-token_x in a URL")
logging.warning("forged\\r\\nlevel=info\\x1b[31m \\u202e \\u2028 line")
logging.getLogger("library").warning("lost %d", secret)
warnings.warn(f"warned {secret}")
structlog.contextvars.bind_contextvars(signal=secret)
for tell in (log.exception, logging.getLogger("library").exception):
    try:
        blame(secret)
    except ValueError:
        tell("failed")
thread = threading.Thread(target=blame, args=(secret,))
thread.start()
thread.join()

class Noisy:
    def __del__(self):
        blame(secret)

Noisy()
log.info("end")
blame(secret)
"""


def run(
    program: str, *, level: str = "INFO", as_json: bool = False, stderr: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    start = START.replace("LEVEL", repr(level)).replace("JSON", repr(as_json))
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(start + program)],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("as_json", [False, True])
def test_no_record_of_any_kind_holds_a_secret(as_json: bool) -> None:
    """structlog, logging, extras, warnings, tracebacks, threads, destructors, the last exception: all are scrubbed."""
    done = run(EVERYWHERE, as_json=as_json)

    assert done.stderr.count("***") > 15
    assert "end" in done.stderr
    assert not [part for part in ("planted", "se+cret", "quotes", "AAH-token") if part in done.stderr]
    assert done.stdout == ""
    assert done.returncode == 1


def test_nothing_forges_a_line() -> None:
    """Line breaks, escapes and reversed writing in values and exceptions are written out: one record, one line."""
    lines = run(EVERYWHERE).stderr.splitlines()

    assert all(line.startswith(("timestamp=", "a log line of library")) for line in lines)
    assert not any("\x1b" in line or "\u202e" in line for line in lines)


def test_json_lines_are_json() -> None:
    """Every line but the word about a lost one can be read by a machine."""
    lines = run(EVERYWHERE, as_json=True).stderr.splitlines()

    records = [json.loads(line) for line in lines if not line.startswith("a log line of library")]

    assert len(records) == len(lines) - 1
    assert records[0]["count"] == 3
    assert {"timestamp", "level", "logger", "event"} <= records[0].keys()


def test_a_librarys_line_carries_the_signal_that_it_belongs_to() -> None:
    """Risk checks and ccxt log by the standard library: their lines are found by the signal's row as well as ours."""
    program = """
from helix_core.store import subject
with subject.of_signal(17):
    log.info("ours")
    logging.getLogger("library").warning("theirs")
    thread = threading.Thread(target=logging.getLogger("library").warning, args=("elsewhere",))
    thread.start()
    thread.join()
log.info("nobody's")
"""

    records = [json.loads(line) for line in run(program, as_json=True).stderr.splitlines()]

    assert [(record["event"], record.get("signal")) for record in records] == [
        ("ours", 17),
        ("theirs", 17),
        ("elsewhere", None),
        ("nobody's", None),
    ]


def test_a_bot_token_is_masked_wherever_it_stands() -> None:
    """With the "bot" that an address puts before it, and without."""
    token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

    assert Scrubber([])(f"https://host/bot{token}/getMe and {token}") == "https://host/***/getMe and ***"
    assert Scrubber([])("2026-03-01 12:00:00 id 123456:short") == "2026-03-01 12:00:00 id 123456:short"


def test_a_terminal_gets_readable_tracebacks() -> None:
    """On a terminal a traceback has lines of its own, each marked, and still holds no secret and no escape."""
    program = """
try:
    raise ValueError(f"a {secret}\\nforged \\x1b[2J")
except ValueError:
    log.exception("failed")
"""
    master, slave = pty.openpty()
    run(program, stderr=slave)
    os.close(slave)
    shown = os.read(master, 100_000).decode().splitlines()
    os.close(master)

    assert shown[0].count("failed") == 1
    assert shown[1].startswith("    | Traceback")
    assert all(line.startswith("    | ") for line in shown[1:])
    assert "planted" not in "".join(shown)
    assert "\x1b[2J" not in "".join(shown)


def test_talkative_libraries_are_quiet() -> None:
    """httpx writes every URL at INFO, uvicorn every path: neither may, whatever handlers they came with."""
    program = """
import asyncio, http.server, httpx
logging.getLogger("uvicorn.access").error("a path")

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.end_headers()
    def log_message(self, *args):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
threading.Thread(target=server.serve_forever, daemon=True).start()
answer = httpx.get(f"http://127.0.0.1:{server.server_port}/bot123:planted-token/getMe?key={secret}")
try:
    answer.raise_for_status()
except httpx.HTTPStatusError:
    log.exception("telegram")
log.debug("ours")
"""

    done = run(program, level="DEBUG")

    assert "HTTP Request" not in done.stderr
    assert "a path" not in done.stderr
    assert "planted" not in done.stderr
    assert "404" in done.stderr
    assert "event=ours" in done.stderr


def test_handlers_that_were_there_before_are_gone() -> None:
    """A library that logged to stderr by itself would go past the scrubber."""
    program = """
own = logging.StreamHandler()
logging.basicConfig()
logging.getLogger("library").addHandler(own)
logging.getLogger("library").propagate = False
logs.configure("ERROR", [SecretStr(secret)])
logging.getLogger("library").warning("below the level")
logging.getLogger("httpx").warning("below the level")
logging.getLogger("library").error("once %s", secret)
"""

    (line,) = run(program).stderr.splitlines()

    assert line.endswith('level=error logger=library event="once ***"')


@pytest.mark.parametrize(
    "text",
    ["planted/se+cret=", "planted%2Fse%2Bcret%3D", "planted/se%2Bcret%3D"],
    ids=["plain", "query", "path"],
)
def test_encoded_forms_are_scrubbed_too(text: str) -> None:
    """A secret in a URL is the same secret."""
    assert Scrubber([SecretStr("planted/se+cret=")])(f"<{text}>") == "<***>"


def test_the_longest_secret_is_masked_first() -> None:
    """One secret inside another leaves nothing of the longer one."""
    assert Scrubber([SecretStr("abcd"), SecretStr("abcdefgh")])("abcdefgh abcd abc") == "*** *** abc"


def test_readable_text_stays_readable() -> None:
    """Emoji, accents and the true minus sign of Helix's messages are not control characters."""
    assert visible("🟢 Größe −1.5 · é") == "🟢 Größe −1.5 · é"
    assert visible("a\tb\x00\u202e") == "a\\tb\\x00\\u202e"
