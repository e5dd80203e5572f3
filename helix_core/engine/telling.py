"""Telling a signal's story in plain words: every stage with its time, from the alert to the last message."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core.domain.money import plain
from helix_core.domain.order import OrderKind
from helix_core.domain.signal import Action
from helix_core.notify.foreign import clean
from helix_core.store.schema import JournalState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from helix_core.store.schema import FillRow, JournalRow, ResultRow
    from helix_core.store.story import Story

_STATES = {
    JournalState.SENT: "sent, and not answered yet",
    JournalState.UNKNOWN: "nobody knows yet what became of it; it is being looked up",
    JournalState.LIVE: "rests at the exchange",
    JournalState.CANCELLING: "a cancel was sent, and is not confirmed yet",
    JournalState.REFUSED: "refused: it was never placed",
    JournalState.NOT_PLACED: "proven never to have been placed",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that happened: when, a word for what it was, and a sentence."""

    at: datetime
    name: str
    words: str


def stages(story: Story) -> list[Stage]:
    """Everything that happened, in its order."""
    parts = (_arrival, _verdicts, _orders, _trade, _gaps, _end, _messages)
    told = [stage for part in parts for stage in part(story)]
    return sorted(told, key=lambda stage: stage.at)


def facts(story: Story) -> dict[str, Any]:
    """The story by name, its rows and its stages, for JSON."""
    told = [{"at": stage.at, "stage": stage.name, "what": stage.words} for stage in stages(story)]
    return {**story.as_facts(), "stages": told}


def summary(story: Story) -> Iterator[str]:
    """What it comes to, in a few sentences."""
    asked, trade, result = story.asked, story.trade, story.result
    if asked.done_at is None:
        yield "It has no end yet."
    elif trade is None:
        yield f"It ended as {story.signal.action}" + (f" ({_reason(story)})." if _reason(story) else ".")
    entry = next((order for order in story.orders if order.kind == OrderKind.ENTRY.value), None)
    if entry is not None:
        yield f"From the alert to the order: {(entry.sent_at - story.signal.received_at).total_seconds():.3f} s."
    if trade is None:
        return
    if entry is not None and trade.opened_at is not None:
        filled_s = (trade.opened_at - story.signal.received_at).total_seconds()
        yield f"From the alert to the booked fill: {filled_s:.3f} s."
        bare_s = sum((gap.ended_at - gap.began_at).total_seconds() for gap in story.gaps)
        yield f"Without a stop: {bare_s:.3f} s in all."
    if trade.status == "open":
        yield f"Trade {trade.id} is open, its stop at {trade.stop_loss_price}."
    elif result is not None:
        yield f"Trade {trade.id} ended as {trade.status} ({trade.close_reason}): {_earned(result)}."


def _arrival(story: Story) -> Iterator[Stage]:
    signal, asked = story.signal, story.asked
    said = "" if asked.timestamp is None else f", its own time {asked.timestamp:%Y-%m-%d %H:%M:%S} UTC"
    strategy = "" if asked.strategy is None else f", strategy {clean(asked.strategy)}"
    words = f"{asked.action} {asked.symbol}, the alert's price {plain(asked.price)}{said}{strategy}"
    yield Stage(signal.received_at, "received", words)
    if signal.action == "deduplicated":
        yield Stage(signal.received_at, "deduplicated", f"it {signal.rejection_reason}; nothing was done")


def _verdicts(story: Story) -> Iterator[Stage]:
    for row in story.verdicts:
        yield Stage(row.at, "gate", f"{row.gate}: {row.verdict} ({clean(row.detail)})")


def _orders(story: Story) -> Iterator[Stage]:
    for order in story.orders:
        if order.kind == OrderKind.ENTRY.value:
            yield Stage(order.sent_at, "size", _size(story, order))
        yield Stage(order.sent_at, order.kind, f"{_wish(order)}; id {order.client_order_id}")
        fills = [fill for fill in story.fills if fill.client_order_id == order.client_order_id]
        for fill in fills:
            yield Stage(max(fill.at, order.sent_at), "fill", _fill(fill))
        if order.state != JournalState.SENT.value or not fills:
            yield Stage(max(order.updated_at, order.sent_at), order.kind, _state(order))


def _trade(story: Story) -> Iterator[Stage]:
    trade, opener = story.trade, story.asked.action == Action.BUY.value
    if trade is None:
        return
    if opener and trade.opened_at is not None:
        yield Stage(trade.opened_at, "trade", f"trade {trade.id} is open at {trade.entry_price}, size {trade.quantity}")
    if story.result is not None:
        ended = f"trade {trade.id} is {trade.status} ({trade.close_reason}) at {trade.exit_price}"
        yield Stage(story.result.closed_at, "trade", f"{ended}: {_earned(story.result)}")


def _gaps(story: Story) -> Iterator[Stage]:
    over_at = None if story.trade is None else story.trade.closed_at
    for gap in story.gaps:
        seconds = (gap.ended_at - gap.began_at).total_seconds()
        until = "a stop rests" if over_at is None or gap.ended_at < over_at else "nothing is held any more"
        yield Stage(gap.ended_at, "stop", f"{until}; the position had been without one for {seconds:.3f} s")


def _end(story: Story) -> Iterator[Stage]:
    done_at, action = story.asked.done_at, story.signal.action
    if done_at is not None and action is not None and action != "deduplicated":
        ended = "done" if story.asked.trade_id is None else f"done, by trade {story.asked.trade_id}"
        yield Stage(done_at, action, _reason(story) or ended)


def _messages(story: Story) -> Iterator[Stage]:
    for message in story.messages:
        ways = (("told", message.delivered), ("given up by", message.given_up), ("waits for", message.waiting))
        how = "; ".join(f"{word} {', '.join(names)}" for word, names in ways if names)
        yield Stage(message.notice.at, "message", f"{message.notice.text}  ({how or 'no notifier'})")


def _reason(story: Story) -> str:
    parts = [story.signal.rejection_reason, story.asked.detail]
    return ": ".join(clean(part) for part in parts if part)


def _size(story: Story, entry: JournalRow) -> str:
    """The size; once it is bought and a stop was put, what it cost and what of that the stop puts at risk."""
    base, quote = entry.symbol.split("/")
    size = f"{plain(entry.quantity)} {base}"
    bought = [fill for fill in story.fills if fill.client_order_id == entry.client_order_id]
    stop = next((order.stop_price for order in story.orders if order.kind == OrderKind.STOP.value), None)
    cost = sum((fill.price * fill.quantity for fill in bought), Decimal(0))
    if not cost or stop is None:
        return size
    risk = cost - stop * sum((fill.quantity for fill in bought), Decimal(0))
    return f"{size}; {cost:.2f} {quote} were paid, of which {risk:.2f} are at risk down to the stop"


def _wish(order: JournalRow) -> str:
    wish = f"{order.kind} sent: {order.side} {plain(order.quantity)} {order.symbol}"
    if order.kind != OrderKind.STOP.value:
        return f"{wish} at market"
    far = "" if order.take_profit_price is None else f", far leg at {plain(order.take_profit_price)}"
    trigger = "it is triggered" if order.stop_price is None else f"the price falls to {plain(order.stop_price)}"
    return f"{wish} when {trigger}{far}"


def _fill(fill: FillRow) -> str:
    verb = "bought" if fill.side == Action.BUY.value else "sold"
    fee = f"fee {plain(fill.fee)} {fill.fee_currency}"
    return f"{verb} {plain(fill.quantity)} at {plain(fill.price)}, {fee}; {fill.at:%H:%M:%S.%f} by the exchange's clock"


def _state(order: JournalRow) -> str:
    """Where the order stands, as last written down."""
    if order.state == JournalState.DONE.value:
        return f"{order.kind} is over, " + (f"{plain(order.filled)} filled" if order.filled else "nothing filled")
    words = f"{order.kind} {_STATES[JournalState(order.state)]}"
    return f"{words} ({clean(order.detail)})" if order.detail else words


def _earned(result: ResultRow) -> str:
    return f"{result.pnl:+.2f} after fees, {result.pnl_pct:+.2f} %"
