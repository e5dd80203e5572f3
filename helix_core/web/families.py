"""The families of metrics: what each figure is called, and what it means. docs/watching.md lists them."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from helix_core.domain.halt import HaltKind
from helix_core.engine.vitals import unresolved
from helix_core.notify.reasons import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from prometheus_client.metrics_core import Metric

    from helix_core.engine.vitals import Condition, Vitals
    from helix_core.store.tally import Spread

    Figure = float | Decimal | None

_OTHER = "other"
_WORDS = ("ok", "degraded", "halted")
_ENDS = ("accepted", "rejected", "deduplicated")
_STATUSES = ("open", "closed", "stopped_out", "cancelled")
_PERCENT = 100


def of_the_door(accepted: Spread, answers: Mapping[str, int]) -> Iterator[Metric]:
    """What the door counts itself: how fast signals were stored, and what the webhook answered."""
    yield _histogram(
        "helix_webhook_accept_seconds", "From an alert's head until its signal was durably stored.", {None: accepted}
    )
    yield _counters("helix_webhook_answers", "Answers of the webhook by HTTP code.", "code", answers)


def of_the_bot(condition: Condition | None, version: str) -> Iterator[Metric]:
    """All of them; of a condition that could not be taken only that it was not. What is not known has no sample.

    Labels take their values from fixed lists and from the names of what is installed: nothing that a sender writes.
    """
    taken = condition is not None
    yield _gauge("helix_scrape_ok", "1: what is stored could be read; 0: it could not, and is left out here.", taken)
    if condition is None:
        return
    about = {"version": version, "exchange": condition.exchange, "mode": condition.mode, "pair": condition.symbol}
    info = GaugeMetricFamily("helix_info", "Always 1: its labels say which bot this is.", labels=list(about))
    info.add_metric(list(about.values()), 1)
    yield info
    yield _gauge("helix_uptime_seconds", "Since this process started.", condition.uptime_s)
    words = {word: word == condition.word for word in _WORDS}
    yield _gauges("helix_state", "1 for the word that GET /health says, 0 for the others.", "state", words)
    for part in (_signals, _orders, _money, _venue, _messages, _chores):
        yield from part(condition.vitals)


def _signals(vitals: Vitals) -> Iterator[Metric]:
    tally, reasons = vitals.tally, dict.fromkeys((*sorted(KNOWN), _OTHER), 0)
    for reason, count in tally.reasons.items():
        reasons[reason if reason in KNOWN else _OTHER] += count
    ends = {end: tally.ends[end] for end in _ENDS}
    yield _counters("helix_signals", "Signals that have an end, all in the database, by end.", "end", ends)
    yield _counters(
        "helix_signals_rejected", "Rejected signals by reason; a reason of a plugin's own is other.", "reason", reasons
    )
    yield _gauge("helix_signals_waiting", "Signals that are stored and have no end yet.", vitals.waiting)
    yield _histogram(
        "helix_signal_to_order_seconds",
        "From an alert's arrival until its order was sent, since this process started.",
        {kind.value: spread for kind, spread in tally.to_order.items()},
    )
    yield _histogram(
        "helix_signal_to_fill_seconds",
        "From an alert's arrival until its fills were booked, since this process started.",
        {kind.value: spread for kind, spread in tally.to_fill.items()},
    )


def _orders(vitals: Vitals) -> Iterator[Metric]:
    orders = {kind.value: count for kind, count in unresolved(vitals.unsettled).items()}
    statuses = {status: vitals.trades.get(status, 0) for status in _STATUSES}
    halts = {kind.value: any(halt.kind is kind for halt in vitals.halts) for kind in HaltKind}
    yield _gauges("helix_unresolved_orders", "Orders whose fate only the venue's word can end.", "kind", orders)
    yield _gauges("helix_trades", "Trades in the database, by status.", "status", statuses)
    yield _gauge("helix_open_positions", "Positions that are open.", len(vitals.positions))
    yield _gauge(
        "helix_without_stop_seconds", "How long an open position has had no stop, right now.", vitals.without_stop_s
    )
    yield _histogram(
        "helix_stop_gap_seconds",
        "Times without a stop that are over, since this process started.",
        {None: vitals.tally.gaps},
    )
    yield _gauges("helix_halt_in_force", "1 while a halt of this kind stops entries.", "kind", halts)
    yield _gauge("helix_reconcile_age_seconds", "Since account and database were last seen to agree.", vitals.agreed_s)


def _money(vitals: Vitals) -> Iterator[Metric]:
    yield _gauge("helix_equity_quote", "Cash and open position, in the quote coin.", vitals.equity)
    yield _gauge("helix_day_pnl_quote", "Net of trades closed since 00:00 UTC, in the quote coin.", vitals.day_pnl)
    yield _gauge(
        "helix_day_pnl_ratio",
        "Result since 00:00 UTC with the open position, as part of the day's opening equity.",
        _ratio(vitals.day_pnl_pct),
    )
    yield _gauge(
        "helix_drawdown_ratio", "How far equity is below its peak, as part of it.", _ratio(vitals.drawdown_pct)
    )


def _venue(vitals: Vitals) -> Iterator[Metric]:
    yield _gauge("helix_venue_up", "1 while every answer of the venue comes in time.", vitals.venue_problem is None)
    yield _gauges("helix_market_age_seconds", "Age of what the venue last said.", "what", vitals.ages_s)
    yield _gauge(
        "helix_clock_offset_seconds",
        "By how much this clock is ahead of the venue's, as last measured.",
        vitals.line.clock_offset_s,
    )
    yield _gauge(
        "helix_rate_budget_left_ratio",
        "Unused part of the questions that the venue allows, where the driver knows it.",
        vitals.line.budget_left,
    )


def _messages(vitals: Vitals) -> Iterator[Metric]:
    up = {name: mail.problem is None for name, mail in vitals.mail.items()}
    pending = {name: mail.pending for name, mail in vitals.mail.items()}
    oldest = {name: mail.oldest_s for name, mail in vitals.mail.items()}
    yield _gauges("helix_notifier_up", "1 while a notifier delivers, or has nothing to.", "notifier", up)
    yield _gauges("helix_outbox_depth", "Messages that a notifier has not delivered.", "notifier", pending)
    yield _gauges("helix_outbox_age_seconds", "How long the oldest of them has been waiting.", "notifier", oldest)
    given_up = {name: mail.given_up for name, mail in vitals.mail.items()}
    yield _counters("helix_outbox_given_up", "Messages that a notifier gave up after a day.", "notifier", given_up)
    yield _gauges("helix_listening", "1 while a notifier that takes commands hears.", "notifier", vitals.listening)
    yield _counters(
        "helix_commands_answered",
        "What the owner said and got an answer to, since this start.",
        "notifier",
        vitals.answered,
    )
    yield _counters(
        "helix_strangers_ignored", "Commands not from the owner, since this start.", "notifier", vitals.ignored
    )


def _chores(vitals: Vitals) -> Iterator[Metric]:
    up = {name: problem is None for name, problem in vitals.chores.items()}
    yield _gauges("helix_chore_up", "0 once what is done beside trading failed, for two minutes at least.", "chore", up)
    yield _gauge("helix_audit_log_up", "1 while the audit log can be written.", vitals.audit_problem is None)


def _gauge(name: str, text: str, value: Figure) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=None if value is None else float(value))


def _gauges(name: str, text: str, label: str, values: Mapping[str, Figure]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        if value is not None:
            family.add_metric([key], float(value))
    return family


def _counters(name: str, text: str, label: str, values: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _histogram(name: str, text: str, spreads: Mapping[str | None, Spread]) -> HistogramMetricFamily:
    """One histogram, or one for each kind of order."""
    family = HistogramMetricFamily(name, text, labels=[] if None in spreads else ["kind"])
    for kind, spread in spreads.items():
        bounds = [*map(str, spread.bounds_s), "+Inf"]
        buckets = list(zip(bounds, map(float, accumulate(spread.counts)), strict=True))
        family.add_metric([] if kind is None else [kind], buckets, spread.total_s)
    return family


def _ratio(percent: Decimal | None) -> Decimal | None:
    return None if percent is None else percent / _PERCENT
