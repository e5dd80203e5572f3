"""Afterwards: what the bot stored and what the venue did, against what was answered."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import urllib.request
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from processes import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_PATIENCE_S = 300.0
"""As many signals may wait as the bot takes a minute or two to work off."""
_BUCKET = re.compile(r'^helix_webhook_accept_seconds_bucket{le="([^"]+)"} (\S+)', re.MULTILINE)
_ENTRIES = "SELECT signal_row FROM journal WHERE kind = 'entry' AND state NOT IN ('refused', 'not_placed')"
_STORED = "SELECT s.id, s.signal_id, s.action, i.done_at FROM signals s JOIN inbox i ON i.signal_row = s.id"


def check(database: Path, venue_url: str, answers: Sequence[Sequence[Any]]) -> list[str]:
    """What is wrong, a sentence each."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        _let_it_end(connection)
        stored = {row: (signal_id, action) for row, signal_id, action, _ in connection.execute(_STORED)}
        orders = [one for (one,) in connection.execute("SELECT client_order_id FROM journal")]
        entries = [one for (one,) in connection.execute(_ENTRIES)]
    return [*_signals(stored, answers), *_orders(orders, entries, venue_url)]


def stored_within(port: int) -> str:
    """How long it took from an alert's arrival until it was stored, as the bot itself says in /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        page = answer.read().decode()
    counts = {float(bound): float(count) for bound, count in _BUCKET.findall(page)}
    total = counts.pop(float("inf"), 0.0)
    within = ", ".join(f"{1000 * bound:g} ms: {count / total:.2%}" for bound, count in counts.items() if total)
    return f"{total:.0f} alerts stored within {within}"


def _let_it_end(connection: sqlite3.Connection) -> None:
    ends = time.perf_counter() + _PATIENCE_S
    while time.perf_counter() < ends:
        (open_now,) = connection.execute("SELECT count(*) FROM inbox WHERE done_at IS NULL").fetchone()
        if not open_now:
            return
        time.sleep(0.1)


def _signals(stored: dict[int, tuple[str, str | None]], answers: Sequence[Sequence[Any]]) -> Iterator[str]:
    answered: Counter[int] = Counter()
    for status, _, _, body in answers:
        if status not in {200, 202, 409}:
            continue
        said = json.loads(body)
        row = said["id"]
        answered[row] += 1
        signal_id, action = stored.get(row, ("nothing", None))
        if signal_id != said["signal_id"] or action is None:
            yield f"signal {row} was answered as {said['signal_id']}; stored is {signal_id}, ended as {action}"
        elif said["status"] not in {action, "processing"}:
            yield f"signal {row} was answered as {said['status']} and ended as {action}"
    for row, count in answered.items():
        if count > 1:
            yield f"row {row} was the answer to {count} alerts"
    unanswered = stored.keys() - answered.keys()
    lost = sum(status not in {200, 202, 409} for status, *_ in answers)
    if len(unanswered) > lost:
        yield f"{len(unanswered)} rows are stored that nobody was told of; {lost} alerts were not answered"


def _orders(orders: Sequence[str], entries: Sequence[int], venue_url: str) -> Iterator[str]:
    ledger: Any = ask(f"{venue_url}/sandbox/ledger")
    sent = [order["client_id"] for order in ledger["orders"] if order["type"] == "MARKET"]
    bought = [order for order in ledger["orders"] if order["type"] == "MARKET" and order["side"] == "BUY"]
    for what, found in (("signal", entries), ("order of the journal", orders), ("order at the venue", sent)):
        for one, count in Counter(found).items():
            if count > 1:
                yield f"{what} {one} is there {count} times"
    if len(bought) != len(entries):
        yield f"the venue has {len(bought)} entries, the journal {len(entries)}"
