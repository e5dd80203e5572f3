"""`helix trades`: the fills' own figures, in a table, in CSV and in JSON."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def rows(file: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def listed(helix: Any, *arguments: str) -> list[dict[str, str]]:
    code, output = helix("trades", "--json", *arguments)
    assert code == 0
    found: list[dict[str, str]] = json.loads(output)
    return found


def test_every_trade_has_the_figures_of_its_fills_exact(helix: Any, traded: Path) -> None:
    found = listed(helix)

    assert [(trade["status"], trade["reason"]) for trade in found] == [
        ("closed", "signal"),
        ("closed", "signal"),
        ("stopped_out", "stop_loss"),
        ("open", ""),
    ]
    for trade in found:
        fills = rows(traded, f"SELECT side, price, quantity FROM fills WHERE trade_id = {trade['trade']}")
        bought = [(Decimal(price), Decimal(quantity)) for side, price, quantity in fills if side == "BUY"]
        assert Decimal(trade["bought"]) == sum(quantity for _, quantity in bought)
        assert Decimal(trade["cost"]) == sum(price * quantity for price, quantity in bought)
    for number, pnl in rows(traded, "SELECT trade_id, pnl FROM results"):
        assert Decimal(found[number - 1]["pnl"]) == Decimal(pnl)
    assert found[3]["pnl"] == found[3]["exit_price"] == found[3]["closed_at"] == ""


def test_profit_is_what_came_in_less_what_went_out_and_all_fees(helix: Any) -> None:
    """Fees in quote are in P&L; those in base made the sold quantity smaller."""
    for trade in listed(helix)[:3]:
        in_quote = Decimal(trade["proceeds"]) - Decimal(trade["cost"]) - Decimal(trade["pnl"])
        assert 0 <= in_quote <= Decimal(trade["fees"])
        assert Decimal(trade["fees"]) > Decimal("0.001") * Decimal(trade["cost"])


def test_csv_has_every_column_and_runs_nothing_in_a_spreadsheet(helix: Any) -> None:
    code, output = helix("trades", "--csv")

    found = list(csv.DictReader(io.StringIO(output)))
    assert code == 0
    assert [row["status"] for row in found] == ["closed", "closed", "stopped_out", "open"]
    assert found[0]["signal_id"] == "<b>=evil()</b>"
    assert Decimal(found[1]["pnl"]) < 0, "a negative figure stays a figure"


def test_the_table_can_be_read_and_limited(helix: Any) -> None:
    code, output = helix("trades", "--last", "2")

    lines = output.splitlines()
    assert code == 0
    assert lines[0].split()[:4] == ["trade", "symbol", "status", "reason"]
    assert [line.split()[2] for line in lines[1:]] == ["stopped_out", "open"]
    assert len(listed(helix, "--since", "2026-03-02")) == 2
    assert helix("trades", "--since", "2027-01-01") == (0, "No trades since 2027-01-01.\n")


def test_a_day_that_is_none_is_refused_in_a_sentence(helix: Any) -> None:
    code, output = helix("trades", "--since", "yesterday")

    assert code == 2
    assert "--since yesterday is not a day. Write it like 2026-05-15." in output


def test_looking_changes_nothing(helix: Any, tmp_path: Path) -> None:
    file = tmp_path / "data" / "helix.db"
    with closing(sqlite3.connect(file)) as connection:
        before = list(connection.iterdump())

    for arguments in (("trades",), ("report",), ("report", "--html", "page.html")):
        assert helix(*arguments)[0] == 0

    with closing(sqlite3.connect(file)) as connection:
        assert list(connection.iterdump()) == before


def test_without_a_database_nothing_is_made(command: Any, tmp_path: Path) -> None:
    from tests.reports.conftest import SETTINGS

    code, _ = command("trades", environ=SETTINGS)

    assert code == 1
    assert list(tmp_path.iterdir()) == []
