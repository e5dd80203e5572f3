"""Does the bot's database say what the venue's ledger says? To the last digit, and nothing left out."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.identifiers import ORDER_ID_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helix_core.sandbox import Sandbox
    from helix_core.sandbox.venue import Venue

_OPEN_STOPS = """SELECT venue_order_ids FROM journal JOIN trades ON trades.id = journal.trade_id
                 WHERE journal.kind = 'stop' AND journal.state = 'live' AND trades.status = 'open'"""


def differences(sandbox: Sandbox, database: Path) -> list[str]:
    """Every difference between ledger and database; empty when they agree."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return [*_orders(sandbox, connection), *_fills(sandbox, connection), *_balances(sandbox.venue, connection)]


def _orders(sandbox: Sandbox, connection: sqlite3.Connection) -> Iterator[str]:
    ledger = sandbox.venue.ledger
    journalled = {row[0] for row in connection.execute("SELECT client_order_id FROM journal")}
    for order in ledger.orders:
        if order.client_id.startswith(ORDER_ID_PREFIX) and order.client_id.split("-")[0] not in journalled:
            yield f"the venue has order {order.client_id}, which was never journalled"
    resting = {sandbox.order_name(order.order_id) for order in ledger.open_orders(sandbox.symbol)}
    known = {one for row in connection.execute(_OPEN_STOPS) for one in row[0].split(" ")}
    if resting != known:
        yield f"orders resting at the venue {sorted(resting)}, stops of open trades {sorted(known)}"


def _fills(sandbox: Sandbox, connection: sqlite3.Connection) -> Iterator[str]:
    venue_side = {
        sandbox.fill_name(fill.execution_id): (fill.side.value, fill.price, fill.quantity, fill.fee, fill.fee_currency)
        for fill in sandbox.venue.ledger.executions
    }
    bot_side = {
        row[0]: (row[1], Decimal(row[2]), Decimal(row[3]), Decimal(row[4]), row[5])
        for row in connection.execute("SELECT fill_id, side, price, quantity, fee, fee_currency FROM fills")
    }
    for fill_id in sorted(venue_side.keys() | bot_side.keys()):
        if venue_side.get(fill_id) != bot_side.get(fill_id):
            yield f"fill {fill_id}: venue {venue_side.get(fill_id)}, database {bot_side.get(fill_id)}"


def _balances(venue: Venue, connection: sqlite3.Connection) -> Iterator[str]:
    """The account must hold what it began with, plus what the database's own fills add up to."""
    base, quote = venue.symbols[0].split("/")
    expected = {currency: venue.ledger.initial.get(currency, Decimal(0)) for currency in (base, quote)}
    for side, price, quantity, fee, currency in connection.execute(
        "SELECT side, price, quantity, fee, fee_currency FROM fills"
    ):
        sign = 1 if side == "BUY" else -1
        expected[base] += sign * Decimal(quantity)
        expected[quote] -= sign * Decimal(quantity) * Decimal(price)
        expected[currency] = expected.get(currency, Decimal(0)) - Decimal(fee)
    held = venue.balances()
    for currency, amount in expected.items():
        total = held[currency].total if currency in held else Decimal(0)
        if total != amount:
            yield f"{currency}: the venue holds {total}, the database's fills give {amount}"
