"""Every message, word for word."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helix_core import Action, HaltKind, OrderRefused
from helix_core.notify import messages
from tests.notify.conftest import instrument

if TYPE_CHECKING:
    from collections.abc import Callable

D = Decimal

SPECIFIED = {
    "🟢 OPENED: BUY BTC/USDT @ 64210.50 | Size: 0.0084 | SL: 62926.30": messages.trade_opened(
        instrument=instrument(), price=D("64210.5"), quantity=D("0.00840"), stop_price=D("62926.3")
    ),
    "🔴 CLOSED: BTC/USDT @ 64055.40 | P&L: +$28.97 (+0.55%)": messages.trade_closed(
        instrument=instrument(), price=D("64055.4"), pnl=D("28.9712"), pnl_pct=D("0.5467")
    ),
    "⛔ STOP LOSS: BTC/USDT @ 63812.50 | Loss: −$101.82": messages.stop_loss_triggered(
        instrument=instrument(), price=D("63812.5"), pnl=D("-101.8231")
    ),
    "🚨 DAILY LOSS LIMIT HIT: −3.02% | Trading halted": messages.daily_limit_hit(day_pnl_pct=D("-3.0191")),
    "⚠️ SIGNAL REJECTED: Position already open": messages.signal_rejected(
        "position_already_open", "open positions: 1, MAX_POSITIONS: 1"
    ),
    "❌ ERROR: ccxt.NetworkError — connection reset": messages.error("ccxt.NetworkError", "connection reset"),
    "📊 DAILY SUMMARY: Trades: 7 | P&L: +$132.18 | WR: 86%": messages.daily_summary(
        trades=7, wins=6, pnl=D("132.18"), quote="USDT"
    ),
    "🤖 BOT STARTED · Mode: TESTNET · Exchange: Binance · Balance: $10,000.00": messages.bot_startup(
        mode="testnet", exchange="Binance", balance=D(10000), quote="USDT"
    ),
}
"""The lines of the specification, and what makes them."""

OTHERS = {
    "🛑 TRADING HALTED: Drawdown | −15.20% from the peak | To resume: helix resume --drawdown on the host, then a"
    " restart": messages.halt_raised(HaltKind.DRAWDOWN, "−15.20% from the peak"),
    "🛑 TRADING HALTED: Consecutive losses | 5 in a row | To resume: /resume": messages.halt_raised(
        HaltKind.CONSECUTIVE_LOSSES, "5 in a row"
    ),
    "▶️ HALT LIFTED: Manual | By: telegram": messages.halt_cleared(HaltKind.MANUAL, "telegram"),
    "❓ ORDER UNKNOWN: BUY BTC/USDT | Id: e11c01 | Looking it up before anything else is sent": messages.order_unknown(
        side=Action.BUY, symbol="BTC/USDT", client_order_id="e11c01"
    ),
    "🔎 ORDER RESOLVED: SELL BTC/USDT | Id: e11c01 | It was never placed": messages.order_resolved(
        side=Action.SELL, symbol="BTC/USDT", client_order_id="e11c01"
    ),
    "⚠️ ORPHAN: BTC/USDT | the exchange holds 0.5, Helix knows of 0 | Nothing is closed by itself: run helix reconcile"
    " on the host": messages.orphan(symbol="BTC/USDT", detail="the exchange holds 0.5, Helix knows of 0"),
    "🛡️ STOP RE-ARMED: BTC/USDT | Size: 0.0084 | SL: 62926.30": messages.stop_rearmed(
        instrument=instrument(), quantity=D("0.0084"), stop_price=D("62926.3")
    ),
    "🚨 NO STOP: BTC/USDT | Size: 0.0084 | Filter failure | selling at market": messages.unprotected(
        symbol="BTC/USDT", quantity=D("0.0084"), detail="Filter failure | selling at market"
    ),
    "⛔ STOP LOSS: BTC/USDT @ 65000.00 | P&L: +$3.10": messages.stop_loss_triggered(
        instrument=instrument(), price=D(65000), pnl=D("3.1")
    ),
    "❌ ERROR: OrderRefused — Filter failure: NOTIONAL": messages.failure(OrderRefused("Filter failure: NOTIONAL")),
    "❌ ERROR: TimeoutError — the log holds the details": messages.failure(TimeoutError("may hold a secret")),
}


@pytest.mark.parametrize(("expected", "made"), [*SPECIFIED.items(), *OTHERS.items()])
def test_the_words(expected: str, made: str) -> None:
    assert made == expected


@pytest.mark.parametrize(
    ("pnl", "pnl_pct", "expected"),
    [
        ("0", "0", "+$0.00 (+0.00%)"),
        ("-0.004", "-0.0001", "+$0.00 (+0.00%)"),
        ("-0.005", "-0.015", "+$0.00 (−0.02%)"),
        ("0.015", "0.025", "+$0.02 (+0.02%)"),
        ("-0.025", "-0.035", "−$0.02 (−0.04%)"),
        ("-1234567.895", "-100", "−$1234567.90 (−100.00%)"),
    ],
)
def test_rounding_is_half_to_even_and_nothing_is_never_negative(pnl: str, pnl_pct: str, expected: str) -> None:
    text = messages.trade_closed(instrument=instrument(), price=D(1), pnl=D(pnl), pnl_pct=D(pnl_pct))

    assert text.endswith(f"P&L: {expected}")


def test_an_empty_account_is_shown_as_empty() -> None:
    text = messages.bot_startup(mode="paper", exchange="Binance", balance=D("-0.001"), quote="USDT")

    assert text.endswith("Balance: $0.00")


@pytest.mark.parametrize("quote", ["USD", "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "DAI"])
def test_dollars_are_shown_as_dollars(quote: str) -> None:
    assert "P&L: −$3.50 |" in messages.daily_summary(trades=1, wins=0, pnl=D("-3.5"), quote=quote)


@pytest.mark.parametrize(
    ("quote", "pnl", "expected"),
    [("EUR", "28.97", "+28.97 EUR"), ("EUR", "-28.97", "−28.97 EUR"), ("BTC", "0.000123", "+0.00012300 BTC")],
)
def test_other_currencies_are_named(quote: str, pnl: str, expected: str) -> None:
    assert f"P&L: {expected} |" in messages.daily_summary(trades=1, wins=1, pnl=D(pnl), quote=quote)


def test_a_balance_in_another_currency() -> None:
    text = messages.bot_startup(mode="live", exchange="Kraken", balance=D("1234567.891"), quote="EUR")

    assert text == "🤖 BOT STARTED · Mode: LIVE · Exchange: Kraken · Balance: 1,234,567.89 EUR"


@pytest.mark.parametrize(
    ("tick", "price", "expected"),
    [
        ("0.01", "64210.505", "64210.50"),
        ("0.1", "64210.48", "64210.5"),
        ("0.00000100", "0.00001234", "0.000012"),
        ("0.25", "10.5", "10.50"),
        ("1", "64210.5", "64210"),
        ("50", "64250", "64250"),
        ("1E+2", "64200", "64200"),
    ],
)
def test_a_price_has_the_decimals_of_the_tick(tick: str, price: str, expected: str) -> None:
    text = messages.stop_loss_triggered(instrument=instrument(tick=tick), price=D(price), pnl=D(-1))

    assert f"@ {expected} |" in text


def test_a_day_without_trades_has_no_win_rate() -> None:
    text = messages.daily_summary(trades=0, wins=0, pnl=D(0), quote="USDT")

    assert text == "📊 DAILY SUMMARY: Trades: 0 | P&L: +$0.00 | WR: –"


@pytest.mark.parametrize(
    ("reason", "detail", "expected"),
    [
        ("position_already_open", "x", "Position already open"),
        ("daily_loss_limit", "x", "Daily loss limit reached"),
        ("duplicate_signal", "x", "Duplicate signal"),
        ("pair_unavailable", "x", "Pair not available"),
        ("no_open_position", "x", "No open position to close"),
        ("balance_too_low", "balance: 41 USDT", "Balance too low — balance: 41 USDT"),
        ("exchange_unreachable", "the price is 12 s old", "Exchange not reachable — the price is 12 s old"),
        ("below_min_notional", "value: 4", "Size below the exchange's minimum — value: 4"),
        ("above_max_quantity", "size: 400", "Size above the exchange's maximum — size: 400"),
        ("signal_too_old", "312 s", "Signal too old — 312 s"),
        ("trading_halted", "drawdown", "Trading is halted — drawdown"),
        ("order_refused", "Account has insufficient balance", "Exchange refused the order — Account has insufficient"),
        ("order_not_placed", "It was never sent.", "Order was not placed — It was never sent."),
        ("order_not_filled", "EXPIRED", "Nothing was bought — EXPIRED"),
        ("internal_error", "KeyError: see the log.", "Helix failed inside — KeyError: see the log."),
        ("order_outcome_unknown", None, "Outcome of the order not known yet"),
        ("check_failed", "max_spread: RuntimeError", "A risk check failed — max_spread: RuntimeError"),
        ("spread_too_wide", "2 %", "Spread too wide — 2 %"),
    ],
)
def test_why_a_signal_was_rejected(reason: str, detail: str | None, expected: str) -> None:
    assert messages.signal_rejected(reason, detail).startswith(f"⚠️ SIGNAL REJECTED: {expected}")


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("two\r\nlines\tand a tab", "two lines and a tab"),
        ("\x1b[31mred\x00", "[31mred"),
        ("\u202egnirts\u202c desrever\u2066", "gnirts desrever"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("half a \ud83d pair", "half a pair"),
        ("a" * 10_000, "a" * 299 + "…"),
        ("\x00" * 10_000, "…"),
    ],
)
def test_foreign_text_is_one_line_of_visible_characters(foreign: str, shown: str) -> None:
    assert messages.error("Error", foreign) == f"❌ ERROR: Error — {shown}"


TAKING_FOREIGN_TEXT: list[Callable[[str], str]] = [
    lambda text: messages.error(text, text),
    lambda text: messages.signal_rejected(text, text),
    lambda text: messages.signal_rejected("order_refused", text),
    lambda text: messages.failure(OrderRefused(text)),
    lambda text: messages.halt_raised(HaltKind.RECONCILE, text),
    lambda text: messages.halt_cleared(HaltKind.MANUAL, text),
    lambda text: messages.orphan(symbol="BTC/USDT", detail=text),
    lambda text: messages.unprotected(symbol="BTC/USDT", quantity=D(1), detail=text),
    lambda text: messages.order_unknown(side=Action.BUY, symbol="BTC/USDT", client_order_id=text),
    lambda text: messages.bot_startup(mode="live", exchange=text, balance=D(1), quote="USDT"),
]


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=1000), make=st.sampled_from(TAKING_FOREIGN_TEXT))
def test_whatever_comes_from_outside_the_message_is_one_short_line(text: str, make: Callable[[str], str]) -> None:
    message = make(text)

    assert len(message.encode("utf-16-le")) <= 2 * 4096
    assert "\n" not in message
    assert not any(ord(char) < 32 or 0x202A <= ord(char) <= 0x202E for char in message)
