"""The search for planted secrets finds what it is to find: without that, finding none would prove nothing."""

from __future__ import annotations

import base64
import io
import json
import re
import sys
from typing import Any
from urllib.parse import quote

import pytest

from helix_core import logs
from tests.bot.conftest import logs_left_alone
from tests.cases import planted
from tests.cases.planted import blurt, found

__all__ = ["logs_left_alone"]


def test_the_search_finds_what_a_log_without_a_scrubber_tells(
    monkeypatch: pytest.MonkeyPatch, logs_left_alone: None
) -> None:
    """The run above would notice: the same carelessness without the scrubber gives every secret away."""
    stderr, secrets = io.StringIO(), {**planted.COMMON, **planted.BINANCE}
    monkeypatch.setattr(sys, "stderr", stderr)
    monkeypatch.setattr(logs, "_BOT_TOKEN", re.compile("(?!)"))
    logs.configure("DEBUG", (), json=True)

    blurt(secrets.values())

    assert found(secrets, stderr.getvalue().encode()) == secrets.keys()


@pytest.mark.parametrize(
    "written",
    [
        lambda secret: secret,
        lambda secret: secret.upper(),
        lambda secret: secret[len(secret) // 2 - 1 :],
        lambda secret: quote(secret, safe=""),
        json.dumps,
        lambda secret: secret.encode("utf-16-le").decode("latin-1"),
        lambda secret: base64.b64encode(f"ab:{secret}".encode()).decode(),
        lambda secret: f"x={base64.urlsafe_b64encode(secret.encode()).decode()}",
        lambda secret: secret.encode().hex(),
    ],
)
def test_the_search_reads_every_way_of_writing_a_secret(written: Any) -> None:
    every = {**planted.COMMON, **planted.KRAKEN, **planted.BASIC}

    assert all(found({name: secret}, f"..{written(secret)},".encode("latin-1")) for name, secret in every.items())
    assert found(every, b"nothing is here: " + bytes(range(256))) == set()
