"""What an alert costs the bot's processor: `python benchmarks/judged.py` in a checkout, after `make demo` made .venv.

Starts a sandbox venue and the real bot (`helix run`) as processes of their own, its database on disk with
synchronous=FULL as shipped. Sends alerts one after the other, each when the one before it has its end, and reads how
much processor time the bot's process has used for them, all of its threads, less what it uses when nobody sends.
Each kind of request goes further than the one before, so that the differences say what each stage costs.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from processes import Processes, cpu_s

if TYPE_CHECKING:
    from processes import Running

SECRET = "a-secret-of-the-benchmark"  # noqa: S105 - it guards nothing
_LIMITS = {"MAX_DAILY_LOSS_PCT": "25", "MAX_DRAWDOWN_PCT": "50", "MAX_CONSECUTIVE_LOSSES": "100"}
"""Every trade costs two fees, and so makes a loss."""
_REST_S = 3.0
_SETTLE_S = 0.5
_FEWER = 10
"""One trade for so many others: a day may lose a quarter of the account, and each trade costs two fees."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request: what is sent, `answer` the code it must get, and what it goes through."""

    name: str
    answer: int
    through: str


WRONG = Kind("wrong secret", 401, "HTTP, address, secret")
REPEAT = Kind("repeat of an alert", 200, "and: read, stored, recognised")
DENIED = Kind("denied", 409, "and: judged by the gates, ended, told")
TRADED = Kind("BUY and its SELL", 200, "journal, two orders, fills, stop set and cancelled, booked, told")
_KINDS = (WRONG, REPEAT, DENIED, TRADED)


class Alerts:
    """A kept connection to one bot."""

    def __init__(self, bot: Running) -> None:
        """Connect."""
        self._bot = bot
        self._connection = http.client.HTTPConnection("127.0.0.1", bot.port, timeout=30)
        self._numbers = itertools.count()

    def send(self, kind: Kind) -> None:
        """Send one of this kind. Raises RuntimeError where it is answered otherwise."""
        if kind is TRADED:
            self._post(kind, "BUY", f"judged-{next(self._numbers)}")
            self._post(kind, "SELL", f"judged-{next(self._numbers)}")
        else:
            self._post(kind, "BUY", "repeated" if kind is REPEAT else f"judged-{next(self._numbers)}")

    def begin(self) -> None:
        """Open the position that the gates deny others for; its alert is the one that is repeated."""
        self._post(TRADED, "BUY", "repeated")

    def end(self) -> None:
        """Close it."""
        self._post(TRADED, "SELL", "the-end")

    def _post(self, kind: Kind, action: str, signal_id: str) -> None:
        message = {"signal": action, "symbol": "BTC/USDT", "price": 64210.5, "signal_id": signal_id}
        secret = "wrong-and-long-enough-to-be-tried" if kind is WRONG else SECRET
        headers = {"Content-Type": "application/json", "X-Webhook-Secret": secret}
        self._connection.request("POST", "/webhook", json.dumps(message), headers)
        answer = self._connection.getresponse()
        said = answer.read().decode()
        if answer.status != kind.answer:
            problem = f"{kind.name}: {answer.status} {said}"
            raise RuntimeError(problem)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Processor time of an alert, by stage.")
    parser.add_argument("--alerts", type=int, default=200, help="of each kind; of trades a tenth")
    parser.add_argument("--folder", help="where to put the database: a folder on the disk to measure")
    parser.add_argument("--only", choices=[kind.name for kind in _KINDS], help="requests of one kind")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="helix-judged-", dir=asked.folder) as folder,
        Processes(Path(folder)) as processes,
    ):
        _measure(processes.bot(SECRET, **_LIMITS), asked)


def _measure(bot: Running, asked: argparse.Namespace) -> None:
    sender, rows = Alerts(bot), []
    sender.begin()
    resting = _resting(bot)
    for kind in _KINDS:
        if kind is TRADED:
            sender.end()
        if asked.only in {None, kind.name}:
            rows.append(_row(bot, sender, kind, asked.alerts, resting))
    print("| request | count | CPU ms of each | ms until it was answered | goes through |")
    print("| --- | --: | --: | --: | --- |")
    print("\n".join(rows))
    print(f"\nwith nobody sending, a position open: {resting:.1%} of a core, taken off")


def _resting(bot: Running) -> float:
    """Share of a core that the bot uses when nobody sends."""
    time.sleep(_SETTLE_S)
    before_s = cpu_s(bot.pid)
    time.sleep(_REST_S)
    return (cpu_s(bot.pid) - before_s) / _REST_S


def _row(bot: Running, sender: Alerts, kind: Kind, alerts: int, resting: float) -> str:
    count = max(1, alerts // (_FEWER if kind is TRADED else 1))
    for _ in range(max(1, count // 10)):  # whatever is made at the first use
        sender.send(kind)
    time.sleep(_SETTLE_S)
    before_s, begun_s = cpu_s(bot.pid), time.perf_counter()
    for _ in range(count):
        sender.send(kind)
    took_s = time.perf_counter() - begun_s
    time.sleep(_SETTLE_S)  # what follows the answer, such as the message to the owner
    used_s = cpu_s(bot.pid) - before_s - resting * (time.perf_counter() - begun_s)
    return f"| {kind.name} | {count} | {1000 * used_s / count:.1f} | {1000 * took_s / count:.1f} | {kind.through} |"


if __name__ == "__main__":
    main()
