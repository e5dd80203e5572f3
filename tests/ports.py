"""Ports for bots: out of a range that the system gives to nobody, and each process of the suite has a part of it."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from itertools import count

_EACH = 1_000
_FIRST = 20_000 + _EACH * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_NUMBERS = count(os.getpid())


def free_port() -> int:
    """A port that nobody listens on, and that stays free until it is used."""
    for number in _NUMBERS:
        with suppress(OSError), socket.create_server(("127.0.0.1", _FIRST + number % _EACH)) as found:
            port: int = found.getsockname()[1]
            return port
    raise AssertionError("the numbers never end")
