"""The demo's alerts are, byte for byte, what TradingView sends, and Helix's own reader understands them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from helix_core.cli.demo.alert import alert_message, message_template
from helix_core.cli.demo.candles import recorded_candles
from helix_core.cli.demo.strategy import EmaRsi, StrategyOrder
from helix_plugins.tradingview import TEMPLATE, TradingView

FIRED_AT = datetime(2026, 5, 15, 8, 14, 32, 900_000, tzinfo=UTC)
SECRET = "a secret of the demo"


def orders() -> list[StrategyOrder]:
    rule = EmaRsi()
    return [order for order in map(rule.on_close, recorded_candles()) if order is not None]


def test_a_buy_is_rendered_with_bare_placeholders() -> None:
    assert alert_message(orders()[0], fired_at=FIRED_AT, secret=SECRET) == (
        '{"secret": "a secret of the demo", "signal": "BUY", "symbol": "BTC/USDT", "price": 65564.59, '
        '"timestamp": 2026-05-15T08:14:32Z, "strategy": "ema_rsi", "signal_id": Long-20240404-0550}'
    )


def test_a_sell_carries_tradingviews_own_words_as_its_id() -> None:
    assert alert_message(orders()[1], fired_at=FIRED_AT, secret=SECRET) == (
        '{"secret": "a secret of the demo", "signal": "SELL", "symbol": "BTC/USDT", "price": 66142.47, '
        '"timestamp": 2026-05-15T08:14:32Z, "strategy": "ema_rsi", '
        '"signal_id": Close entry(s) order Long-20240404-0550}'
    )


def test_the_time_is_written_in_utc_wherever_it_was_taken() -> None:
    elsewhere = FIRED_AT.astimezone(timezone(timedelta(hours=9)))
    order = orders()[0]

    assert alert_message(order, fired_at=elsewhere, secret=SECRET) == alert_message(
        order, fired_at=FIRED_AT, secret=SECRET
    )


def test_the_template_is_the_documented_one_with_the_secret_and_the_strategys_name_in_it() -> None:
    template = message_template(orders()[0], SECRET)

    assert template.replace(f'"secret": "{SECRET}", ', "").replace("ema_rsi", "ema_crossover") == TEMPLATE


@pytest.mark.parametrize("number", range(6))
def test_helix_reads_every_alert_of_the_demo(number: int) -> None:
    order = orders()[number]
    source = TradingView()

    fields = source.decode(alert_message(order, fired_at=FIRED_AT, secret=SECRET).encode())
    signal = source.read(fields)

    assert fields["secret"] == SECRET
    assert (signal.signal_id, signal.action, signal.symbol) == (order.order_id, order.action, "BTC/USDT")
    assert signal.price == order.candle.close
    assert signal.timestamp == FIRED_AT.replace(microsecond=0)
    assert signal.strategy == "ema_rsi"
