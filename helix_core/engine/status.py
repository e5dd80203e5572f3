"""The status: every figure of the bot on one page, for its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.domain.money import plain
from helix_core.domain.order import OrderKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from decimal import Decimal

    from helix_core.engine.vitals import Vitals


def sheet(vitals: Vitals, *, longest_gap: timedelta) -> Mapping[str, object]:
    """The vitals by name. Money and percentages are exact texts, times in seconds; null: not known."""
    return {
        "halts": [{"kind": halt.kind.value, "detail": halt.detail, "since": halt.raised_at} for halt in vitals.halts],
        "positions": [trade.model_dump() for trade in vitals.positions],
        "equity_quote": _text(vitals.equity),
        "realised_today_quote": plain(vitals.day_pnl),
        "drawdown_pct": _text(vitals.drawdown_pct, "0.0001"),
        "without_stop_s": round(vitals.without_stop_s, 3),
        "longest_without_stop_today_s": round(longest_gap.total_seconds(), 3),
        "unknown_orders": [row.client_order_id for row in vitals.unsettled if row.kind == OrderKind.ENTRY.value],
        "unsettled_orders": [
            {"client_order_id": row.client_order_id, "kind": row.kind, "state": row.state, "sent_at": row.sent_at}
            for row in vitals.unsettled
        ],
        "signals": {"waiting": vitals.waiting, **vitals.tally.ends, "rejected_for": dict(vitals.tally.reasons)},
        "trades": vitals.trades,
        "messages": {
            name: {
                "pending": mail.pending,
                "oldest_s": round(mail.oldest_s, 1),
                "given_up": mail.given_up,
                "problem": mail.problem,
            }
            for name, mail in vitals.mail.items()
        },
        "listening": vitals.listening,
        "commands_answered": vitals.answered,
        "strangers_ignored": vitals.ignored,
        "audit_log_problem": vitals.audit_problem,
        "chores": vitals.chores,
        "venue_problem": vitals.venue_problem,
        "age_s": {name: _figure(age_s) for name, age_s in vitals.ages_s.items()},
        "clock_offset_s": _figure(vitals.line.clock_offset_s),
        "questions_left": _figure(vitals.line.budget_left),
        "account_compared_s_ago": _figure(vitals.agreed_s),
    }


def _figure(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _text(value: Decimal | None, step: str | None = None) -> str | None:
    if value is None:
        return None
    return plain(value if step is None else value.quantize(type(value)(step)))
