"""The report as one HTML file: everything is in it, nothing in it can run, and it says nothing to anyone."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from helix_core.cli.reporting.columns import of_day, of_trade
from helix_core.cli.reporting.plot import plot
from helix_core.notify import figures as written

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from helix_core.cli.reporting.columns import Row
    from helix_core.cli.reporting.figures import Report

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --dim: #667085; --page: #fff; --line: #d6dbe3; --up: #12805c;
  --down: #c0392b }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --dim: #98a2b3; --page: #12161c; --line: #2b323d;
  --up: #4cc38a; --down: #ff7b6b } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: 0 } h2 { font-size: 1.1rem; margin-top: 2rem } p { color: var(--dim) }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 1.5rem 0 }
dl div { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .8rem }
dt { color: var(--dim); font-size: .85rem } dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums }
svg { width: 100%; height: auto } svg text { fill: var(--dim); font-size: 11px } .grid { stroke: var(--line) }
.line { fill: none; stroke-width: 1.5 } .area { opacity: .15 }
.equity .line { stroke: var(--up) } .equity .area { fill: var(--up) }
.drawdown .line { stroke: var(--down) } .drawdown .area { fill: var(--down) }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .85rem }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--line); white-space: nowrap;
  font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left } th { color: var(--dim); font-weight: 500 }
"""

_DAYS = ("date", "trades", "wins", "losses", "win_rate_pct", "pnl", "pnl_pct", "fees", "without_stop_s")
_TRADES = (
    *("trade", "signal_id", "symbol", "status", "reason", "opened_at", "closed_at", "bought", "entry_price"),
    *("exit_price", "fees", "pnl", "pnl_pct", "without_stop_s"),
)


def page(report: Report, *, account: str, made_at: datetime) -> str:
    """The whole file. `account` names what it is about; nothing of what it says is taken for HTML."""
    parts = [
        f"<h1>Helix: {escape(account)}</h1>",
        f"<p>{_span(report)} Made at {made_at:%Y-%m-%d %H:%M}. Money in {escape(report.quote)}, net of fees.</p>",
        _totals(report),
        *_plots(report),
        "<h2>Days</h2>",
        _table(_DAYS, map(of_day, report.days)),
        "<h2>Trades</h2>",
        _table(_TRADES, map(of_trade, report.trades)),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Helix: {escape(account)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def totals(report: Report) -> list[tuple[str, str]]:
    """The figures of the whole time, each with its name, as the owner reads them."""
    total, quote = report.total, report.quote

    def money(value: Decimal | None) -> str:
        return "–" if value is None else written.profit(value, quote)

    drawdown = report.max_drawdown_pct
    return [
        ("Trades closed", str(total.trades)),
        ("Win rate", written.share(total.wins, total.trades)),
        ("P&L", money(total.pnl)),
        ("Fees", written.amount(total.fees, quote)),
        ("Max drawdown", "–" if drawdown is None else written.percent(-drawdown)),
        ("Best trade", money(total.best)),
        ("Worst trade", money(total.worst)),
        ("Without a stop", f"{total.without_stop_s:.1f} s"),
        ("Longest without", f"{total.longest_without_stop_s:.1f} s"),
    ]


def _span(report: Report) -> str:
    if not report.curve:
        return "No day has been opened yet."
    return f"{report.curve[0].at:%Y-%m-%d} to {report.curve[-1].at:%Y-%m-%d}, times in UTC."


def _totals(report: Report) -> str:
    boxes = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in totals(report))
    return f"<dl>{boxes}</dl>"


def _plots(report: Report) -> Sequence[str]:
    if not report.curve:
        return []
    equity = [(point.at, point.equity) for point in report.curve]
    fall = [(point.at, -point.drawdown_pct) for point in report.curve]
    money = plot(equity, title="Equity", name="equity", label=lambda value: f"{value:,.2f}")
    below = plot(fall, title="Drawdown", name="drawdown", label=lambda value: f"{value + 0:.2f}%")
    return ["<h2>Equity with no position open</h2>", money, "<h2>Drawdown from the peak</h2>", below]


def _table(columns: Sequence[str], rows: Iterable[Row]) -> str:
    head = "".join(f"<th>{escape(name.replace('_', ' ').replace(' pct', ' %'))}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(row[name])}</td>' for name in columns)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
