"""`helix report`: days, figures and curves, and a page that stands alone."""

from __future__ import annotations

import json
import stat
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helix_core.cli.reporting.figures import curve
from helix_core.cli.reporting.plot import plot
from tests.reports.test_trades import listed, rows

if TYPE_CHECKING:
    from pathlib import Path

D = Decimal
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_the_days_add_up_to_the_trades(helix: Any) -> None:
    code, output = helix("report", "--json")
    report, trades = json.loads(output), listed(helix)
    days = report["days"]

    assert code == 0
    assert report["account"] == "BTC/USDT on binance (testnet)"
    assert [(day["date"], day["trades"], day["wins"], day["losses"]) for day in days] == [
        ("2026-03-01", "2", "1", "1"),
        ("2026-03-02", "1", "0", "1"),
    ]
    pnls = [D(trade["pnl"]) for trade in trades[:3]]
    assert [D(day["pnl"]) for day in days] == [sum(pnls[:2]), pnls[2]]
    assert D(report["total"]["pnl"]) == sum(pnls)
    assert D(report["total"]["fees"]) == sum(D(trade["fees"]) for trade in trades[:3])
    assert report["total"]["win_rate_pct"] == "33.33"
    assert D(report["total"]["without_stop_s"]) > 0


def test_the_curve_follows_results_and_takes_no_deposit_for_a_profit(helix: Any, traded: Path) -> None:
    report = json.loads(helix("report", "--json")[1])
    equity = [D(point["equity"]) for point in report["curve"]]
    pnls = [D(pnl) for (pnl,) in rows(traded, "SELECT pnl FROM results ORDER BY closed_at")]

    assert equity[0] == 10_000
    assert equity[1:3] == [10_000 + pnls[0], 10_000 + pnls[0] + pnls[1]]
    assert len(equity) == 5, "three results and one deposit"
    assert equity[3] - equity[2] == pytest.approx(D(5000), abs=D("0.01"))
    drawdowns = [D(point["drawdown_pct"]) for point in report["curve"]]
    assert drawdowns[2] == drawdowns[3], "a deposit is no recovery"
    assert D(report["total"]["max_drawdown_pct"]) == max(drawdowns) == drawdowns[4]


def test_the_terminal_shows_days_and_figures(helix: Any) -> None:
    code, output = helix("report")

    assert code == 0
    assert "BTC/USDT on binance (testnet)" in output
    assert "2026-03-01" in output
    assert "Win rate         33%" in output
    assert "Max drawdown     −" in output
    assert helix("report", "--csv")[1].splitlines()[0].startswith("date,trades,wins,losses,win_rate_pct,pnl")


class Page(HTMLParser):
    """What of a page could load or run something, and what it says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.said: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [f"{name}={value}" for name, value in attrs if name in {"href", "src"} or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_the_page_is_one_file_that_loads_nothing_and_runs_nothing(helix: Any, tmp_path: Path) -> None:
    code, output = helix("report", "--html", "report.html")

    content = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(content)
    assert (code, output) == (0, "The report is in report.html.\n")
    assert stat.S_IMODE((tmp_path / "report.html").stat().st_mode) == 0o600
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert page.links == []
    assert "http" not in content.replace("http-equiv", "")
    assert page.tags.count("svg") == 2
    assert {"Win rate", "Max drawdown", "Fees", "Without a stop", "33%"} <= set(page.said)
    assert "<b>=evil()</b>" in page.said, "a stranger's text is text"
    assert "b" not in page.tags


def test_a_page_that_cannot_be_written_is_said_and_nothing_is_left(helix: Any, tmp_path: Path) -> None:
    code, output = helix("report", "--html", "nowhere/report.html")

    assert code == 2
    assert "nowhere/report.html cannot be written: No such file or directory." in output
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_a_drawdown_is_measured_from_the_peak_before_it() -> None:
    events = [(NOON + timedelta(hours=hour), D(pnl), D(1)) for hour, pnl in enumerate((100, -220, 50, 400))]

    points = curve([(date(2026, 3, 1), D(1000))], events)

    assert [point.equity for point in points] == [1000, 1100, 880, 930, 1330]
    assert [round(point.drawdown_pct, 2) for point in points] == [0, 0, 20, D("15.45"), 0]
    assert curve([], events) == []


VALUES = st.decimals(D(-1_000_000), D(1_000_000), places=2)


@given(st.lists(VALUES, min_size=1, max_size=50))
def test_every_curve_is_a_picture_with_all_of_it_inside_the_frame(values: list[Decimal]) -> None:
    picture = plot(
        [(NOON + timedelta(minutes=place), value) for place, value in enumerate(values)],
        title="<&>",
        name="equity",
        label=str,
    )

    svg = ET.fromstring(picture)
    line = next(part for part in svg if part.get("class") == "line")
    ys = [float(step.split("V")[1]) for step in (line.get("d") or "").split("H")[1:-1]]
    assert all(14 <= y <= 210 for y in ys)


def test_a_long_curve_is_thinned_and_keeps_its_lowest_and_highest_point() -> None:
    values = [(NOON + timedelta(minutes=place), D(place % 97)) for place in range(50_000)]
    values[12_345] = (values[12_345][0], D(-500))

    picture = plot(values, title="x", name="equity", label=str)

    assert len(picture) < 40_000
    assert "V210.0" in picture
