"""The texts of all messages. Pure: the same facts always make the same words.

Prices and sizes are in the pair's own units, money in its quote currency, percentages in percent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.domain.halt import HaltKind
from helix_core.errors import HelixError
from helix_core.notify import figures
from helix_core.notify.foreign import clean, problem
from helix_core.notify.reasons import sentence

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from helix_core.domain.market import Instrument
    from helix_core.domain.signal import Action

_HALTS = {
    HaltKind.DAILY_LOSS: ("Daily loss", "/resume after 00:00 UTC"),
    HaltKind.CONSECUTIVE_LOSSES: ("Consecutive losses", "/resume"),
    HaltKind.DRAWDOWN: ("Drawdown", "helix resume --drawdown on the host, then a restart"),
    HaltKind.MANUAL: ("Manual", "/resume"),
    HaltKind.RECONCILE: ("Reconcile", "helix reconcile on the host, then /resume"),
}
"""Each halt's name, and its way out."""


def trade_opened(*, instrument: Instrument, price: Decimal, quantity: Decimal, stop_price: Decimal) -> str:
    """A position is open and its stop is on the venue."""
    return (
        f"🟢 OPENED: BUY {instrument.symbol} @ {figures.price(price, instrument)}"
        f" | Size: {figures.size(quantity)} | SL: {figures.price(stop_price, instrument)}"
    )


def trade_closed(*, instrument: Instrument, price: Decimal, pnl: Decimal, pnl_pct: Decimal) -> str:
    """A position was sold; `pnl` is net of fees."""
    return (
        f"🔴 CLOSED: {instrument.symbol} @ {figures.price(price, instrument)}"
        f" | P&L: {figures.profit(pnl, instrument.quote)} ({figures.percent(pnl_pct)})"
    )


def stop_loss_triggered(*, instrument: Instrument, price: Decimal, pnl: Decimal) -> str:
    """The stop filled at the venue; `pnl` is net of fees."""
    word = "Loss" if pnl < 0 else "P&L"
    return (
        f"⛔ STOP LOSS: {instrument.symbol} @ {figures.price(price, instrument)}"
        f" | {word}: {figures.profit(pnl, instrument.quote)}"
    )


def daily_limit_hit(*, day_pnl_pct: Decimal) -> str:
    """Today's loss tripped the breaker."""
    return f"🚨 DAILY LOSS LIMIT HIT: {figures.percent(day_pnl_pct)} | Trading halted"


def signal_rejected(reason: str, detail: str | None = None) -> str:
    """A signal came to nothing. `reason` is the machine's word for it, `detail` what its author says."""
    return f"⚠️ SIGNAL REJECTED: {sentence(reason, detail)}"


def error(name: str, text: str) -> str:
    """Something went wrong: `name` is the kind of problem, `text` what is known. Neither may hold a secret."""
    return f"❌ ERROR: {clean(name)} — {clean(text)}"


def failure(exception: BaseException) -> str:
    """An exception as an error message: in Helix's own words, or for a stranger's only its type. Log it as well."""
    more = "" if isinstance(exception, HelixError) else " — the log holds the details"
    return f"❌ ERROR: {problem(exception)}{more}"


def daily_summary(*, trades: int, wins: int, pnl: Decimal, quote: str, late_for: date | None = None) -> str:
    """The day in one line, sent at 23:59 UTC; one that is sent later names its day."""
    day = "" if late_for is None else f" | Day: {late_for}"
    figured = f"P&L: {figures.profit(pnl, quote)} | WR: {figures.share(wins, trades)}"
    return f"📊 DAILY SUMMARY: Trades: {trades} | {figured}{day}"


def bot_startup(*, mode: str, exchange: str, balance: Decimal, quote: str) -> str:
    """Helix is up and takes signals. `exchange` is the venue's label."""
    money = figures.amount(balance, quote)
    return f"🤖 BOT STARTED · Mode: {mode.upper()} · Exchange: {clean(exchange)} · Balance: {money}"


def halt_raised(kind: HaltKind, detail: str) -> str:
    """Entries are stopped, why, and how that ends."""
    name, way_out = _HALTS[kind]
    return f"🛑 TRADING HALTED: {name} | {clean(detail)} | To resume: {way_out}"


def halt_cleared(kind: HaltKind, actor: str) -> str:
    """One halt is lifted; others may remain."""
    return f"▶️ HALT LIFTED: {_HALTS[kind][0]} | By: {clean(actor)}"


def order_unknown(*, side: Action, symbol: str, client_order_id: str) -> str:
    """An order was sent and nobody knows what became of it."""
    return (
        f"❓ ORDER UNKNOWN: {side.value} {symbol} | Id: {clean(client_order_id)}"
        " | Looking it up before anything else is sent"
    )


def order_resolved(*, side: Action, symbol: str, client_order_id: str) -> str:
    """It is proven that an order never arrived, of which the owner was told that nobody knows."""
    return f"🔎 ORDER RESOLVED: {side.value} {symbol} | Id: {clean(client_order_id)} | It was never placed"


def orphan(*, symbol: str, detail: str) -> str:
    """What the venue holds and what Helix has recorded differ; a human decides."""
    return f"⚠️ ORPHAN: {symbol} | {clean(detail)} | Nothing is closed by itself: run helix reconcile on the host"


def finding(*, symbol: str, sentence: str, remedy: str) -> str:
    """One difference between account and database, and what the owner can do about it. Nothing is done by itself."""
    return f"⚠️ ORPHAN: {symbol} | {clean(sentence)} | What to do: {clean(remedy)}"


def reconciled(*, symbol: str, actor: str) -> str:
    """A human has settled every difference; the halt itself still has to be ended."""
    return f"✅ RECONCILED: {symbol} | By: {clean(actor)} | Nothing is left to decide: /resume ends the halt"


def stop_rearmed(*, instrument: Instrument, quantity: Decimal, stop_price: Decimal) -> str:
    """A stop that had vanished or shrunk is back on the venue."""
    return (
        f"🛡️ STOP RE-ARMED: {instrument.symbol}"
        f" | Size: {figures.size(quantity)} | SL: {figures.price(stop_price, instrument)}"
    )


def unprotected(*, symbol: str, quantity: Decimal, detail: str) -> str:
    """A position has no stop; `detail` says why and what is being done about it."""
    return f"🚨 NO STOP: {symbol} | Size: {figures.size(quantity)} | {clean(detail)}"


def not_closed_yet(*, symbol: str, detail: str) -> str:
    """The owner wants out, and the position could not be sold so far."""
    return f"⏳ NOT CLOSED YET: {symbol} | {clean(detail)} | Helix goes on trying; /resume calls it off"


def not_closed(*, symbol: str, detail: str) -> str:
    """The owner wanted out, and the venue does not sell the position."""
    return f"⚠️ NOT CLOSED: {symbol} | {clean(detail)} | It stays under its stop: /stop tries again, or sell it by hand"


def untouched(*, symbol: str, detail: str) -> str:
    """The owner wanted out, and nothing is sent for this pair, because account and database differ."""
    return (
        f"⚠️ NOT CLOSED: {symbol} | Halt reconcile: {clean(detail)} | Helix sells nothing while account and database"
        " differ: run helix reconcile on the host, then /resume and /stop, or sell by hand"
    )


def halt_in_force(kind: HaltKind, detail: str) -> str:
    """One halt, as a line of an answer."""
    name, way_out = _HALTS[kind]
    return f"Halt: {name} — {clean(detail)} | To resume: {way_out}"


def halt_name(kind: HaltKind) -> str:
    """What the owner calls this halt."""
    return _HALTS[kind][0]
