"""`make audit`, against a server that answers as OSV does: what it finds fails, and silence is not called good news."""

from __future__ import annotations

import json
import runpy
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

AUDIT = runpy.run_path(str(Path(__file__).parents[2] / ".ci" / "audit.py"), run_name="audit")
CLEAN, VULNERABLE, NOT_ASKED = 0, 1, 3
FLAW = {
    "id": "PYSEC-2026-1",
    "summary": "It can be taken over.",
    "affected": [
        {
            "package": {"name": "leaky", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    """Two pins with their hashes."""
    path = tmp_path / "requirements.txt"
    path.write_text("".join(f"{name}==1.0 \\\n    --hash=sha256:{'0' * 64}\n" for name in ("leaky", "tight")))
    return path


@contextmanager
def osv(flaws: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """A server that knows these flaws: its address, and what it was asked about."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = question["package"]["name"]
            asked.append(f"{name} {question['version']}")
            body = json.dumps({"vulns": [flaws[name]]} if name in flaws else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(server.serve_forever, 0.05)
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
        server.shutdown()
    server.server_close()


def test_a_known_vulnerability_fails_and_is_named_with_its_cure(pins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with osv({"leaky": FLAW}) as (url, asked):
        code = AUDIT["main"]([str(pins), "--osv-url", url, "--unreachable-is-no-failure"])

    assert code == VULNERABLE
    assert "leaky 1.0: PYSEC-2026-1 is mended in 1.1" in capsys.readouterr().out
    assert sorted(asked) == ["leaky 1.0", "tight 1.0"]


def test_where_nobody_can_be_asked_that_is_said_loudly(pins: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And it is a failure unless it was said beforehand that it may be so."""
    nobody = f"http://127.0.0.1:{free_port()}/v1/query"

    code = AUDIT["main"]([str(pins), "--osv-url", nobody])

    said = capsys.readouterr().out
    assert code == NOT_ASKED
    assert "*** NOT AUDITED" in said
    assert "no vulnerability" not in said
    assert AUDIT["_split"](["--unreachable-is-no-failure", "--", "-x"]) == (["--unreachable-is-no-failure"], ["-x"])


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], CLEAN, "no vulnerability in any of 1"),
        ([{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "gone"}], NOT_ASKED, "1 of 2"),
        ([], NOT_ASKED, "no pins"),
    ],
)
def test_only_an_answer_for_every_pin_is_good_news(asked: list[dict[str, object]], code: int, said: str) -> None:
    """pip-audit itself says "no known vulnerabilities" of pins that it skipped."""
    ended, text = AUDIT["verdict"](json.dumps({"dependencies": asked}), "")

    assert ended == code
    assert said in text
