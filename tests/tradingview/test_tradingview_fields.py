"""Each field: the spellings that are read, and those that are refused by name."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from helix_core import Action, SignalUnreadable
from helix_plugins.tradingview import TEMPLATE, TradingView, helix_signal_sources

WHOLE = {"signal": '"BUY"', "symbol": '"BTC/USDT"', "price": "64210.5", "signal_id": '"Long"'}


def read(**raw):
    """Read a message whose values are given as they stand in the text."""
    fields = {**WHOLE, **raw}
    text = ", ".join(f'"{key}": {value}' for key, value in fields.items() if value is not None)
    source = TradingView()
    return source.read(source.decode(f"{{{text}}}".encode()))


def refusal(**raw):
    with pytest.raises(SignalUnreadable) as caught:
        read(**raw)
    return caught.value


@pytest.mark.parametrize("order_id", ["Long", "Close entry(s) order Long", "TP 1 (50%)", "做多", "7", "a:b", "Don't"])
def test_the_documented_template_is_read_as_tradingview_renders_it(order_id):
    rendered = (
        TEMPLATE.replace("{{close}}", "64210.5")
        .replace("{{timenow}}", "2026-05-15T08:14:32Z")
        .replace("{{strategy.order.id}}", order_id)
    )
    source = TradingView()

    signal = source.read(source.decode(rendered.encode()))

    assert (signal.action, signal.symbol, signal.price) == (Action.BUY, "BTC/USDT", Decimal("64210.5"))
    assert signal.timestamp == datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)
    assert (signal.strategy, signal.signal_id) == ("ema_crossover", order_id)


def test_the_plugin_offers_one_source():
    (source,) = helix_signal_sources()

    assert source.name == "tradingview"


@pytest.mark.parametrize("text", ['"BUY"', '"buy"', "Buy", "buy", '" BUY "'])
def test_the_action_is_read_in_any_case(text):
    assert read(signal=text).action is Action.BUY


@pytest.mark.parametrize("text", ['"long"', '"LONG"', '"exit"', "1", "-1", '"BUY SELL"', '"ＢＵＹ"', '"B"'])
def test_another_action_is_refused_and_never_guessed(text):
    error = refusal(signal=text)

    assert error.field == "signal"
    assert "BUY" in error.fix
    assert "SELL" in error.fix


@pytest.mark.parametrize(
    ("text", "price"),
    [("64210.5", "64210.5"), ('"64210.50"', "64210.50"), ("1e5", "1E+5"), (".5", "0.5"), ("0.00000001", "1E-8")],
)
def test_a_price_is_read_exactly(text, price):
    assert read(price=text).price == Decimal(price)


@pytest.mark.parametrize("text", ["NaN", "nan", "-NaN", "Infinity", "-Infinity", "inf", "+inf", '"NaN"', '"inf"'])
def test_a_price_that_is_not_finite_is_refused_by_name(text):
    error = refusal(price=text)

    assert error.field == "price"
    assert "price" in error.problem


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-1",
        "-0",
        "0.0",
        "1e400",
        "1e-400",
        "1e9999",
        "9" * 41,
        "9" * 4000,
        "１２",
        '"١٢"',
        "1_000",
        '"64,210.5"',
        "+5",
        "0x10",
        "1e",
        "true",
        "[1]",
        '{"a": 1}',
        '""',
        '" "',
        "64210.5 USDT",
        '"6 4"',
        "--1",
        "1.2.3",
    ],
)
def test_a_price_that_is_not_a_plain_positive_number_is_refused(text):
    error = refusal(price=text)

    assert error.field == "price"
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-15T08:14:32Z", datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)),
        ('"2026-05-15T08:14:32Z"', datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)),
        ('"2026-05-15T10:14:32+02:00"', datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)),
        ('"2026-02-22T17:01:03.123456+00:00"', datetime(2026, 2, 22, 17, 1, 3, 123456, tzinfo=UTC)),
        ("1778832872", datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)),
        ("1778832872000", datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)),
        ('"1778832872500"', datetime(2026, 5, 15, 8, 14, 32, 500000, tzinfo=UTC)),
        ("1778832872.25", datetime(2026, 5, 15, 8, 14, 32, 250000, tzinfo=UTC)),
        ("null", None),
        (None, None),
    ],
)
def test_a_time_is_read_as_utc(text, expected):
    assert read(timestamp=text).timestamp == expected


@pytest.mark.parametrize(
    "text",
    [
        '"2023-06-30 01:51:29"',
        '"2026-13-01T00:00:00Z"',
        '"0001-01-01T00:00:00+14:00"',
        "12",
        "-1",
        "1778832872000000",
        '""',
        "true",
        '"yesterday"',
        '"２026-05-15T08:14:32Z"',
        "1e12",
        '"2026-05-15"',
        '"20260515T081432Z"',
        "NaN",
    ],
)
def test_a_time_that_is_not_clear_is_refused(text):
    assert refusal(timestamp=text).field == "timestamp"


@pytest.mark.parametrize(("text", "expected"), [("7", "7"), ('"7"', "7"), ('" Long "', "Long"), ("3.50", "3.50")])
def test_a_signal_id_is_text_and_a_number_is_its_text(text, expected):
    assert read(signal_id=text).signal_id == expected


@pytest.mark.parametrize(
    "text",
    [
        '""',
        '"  "',
        "null",
        "true",
        "[]",
        "{}",
        "NaN",
        '"nan"',
        '"%s"' % ("x" * 129),
        '"a\\nb"',
        '"\\u001b[31m"',
        '"\\u202egnoL"',
        '"\\ud800"',
        '"a\\u0000"',
    ],
)
def test_a_signal_id_that_is_no_name_is_refused(text):
    assert refusal(signal_id=text).field == "signal_id"


def test_a_signal_id_of_128_characters_is_the_longest():
    assert len(read(signal_id=f'"{"x" * 128}"').signal_id) == 128


@pytest.mark.parametrize("text", ['"%s"' % ("x" * 129), '"a\\u0007"', "[1]", '""'])
def test_a_strategy_is_optional_but_not_anything(text):
    assert read(strategy=None).strategy is None
    assert refusal(strategy=text).field == "strategy"


def test_all_problems_are_told_at_once():
    error = refusal(signal='"long"', price="-1", signal_id=None)

    assert error.field == "signal"
    assert '"signal" is "long"; "price" is "-1", not a price; "signal_id" is missing' in error.problem


@pytest.mark.parametrize(
    ("name", "other", "value"),
    [
        ("signal", "action", "buy"),
        ("signal", "side", "sell"),
        ("signal", "order", "buy"),
        ("signal", "direction", "buy"),
        ("signal", "order_action", "buy"),
        ("signal", "SIGNAL", "BUY"),
        ("symbol", "ticker", "BTCUSDT"),
        ("symbol", "tv_instrument", "BTCUSDT"),
        ("symbol", "market", "BTC-USD"),
        ("symbol", "instrument", "BTC-USD"),
        ("symbol", "SYMBOL", "BTC/USDT"),
        ("price", "order_price", "1"),
        ("price", "trigger_price", "1"),
        ("price", "close", "1"),
        ("price", "entryPrice", "1"),
        ("signal_id", "id", "x"),
        ("signal_id", "ID", "x"),
        ("signal_id", "order_id", "x"),
        ("signal_id", "rowid", "x"),
        ("signal_id", "signalId", "x"),
        ("signal_id", "Signal-ID", "x"),
    ],
)
def test_a_field_under_another_name_is_pointed_at(name, other, value):
    error = refusal(**{name: None, other: json.dumps(value)})

    assert (error.field, error.problem) == (name, f'"{name}" is missing')
    assert error.fix == f'Your message has "{other}": "{value}": rename it to "{name}".'


@pytest.mark.parametrize("key", ["passphrase", "key", "secret", "token", "PIN", "password"])
def test_what_may_be_somebodys_password_is_never_repeated(key):
    error = refusal(signal=None, symbol=None, price=None, signal_id=None, **{key: '"hunter2hunter2"'})

    assert "hunter2" not in str(error)


def test_a_long_and_strange_value_is_shown_short_and_escaped():
    error = refusal(signal=json.dumps("é\n" * 200))

    assert "\\u00e9\\n" in error.problem
    assert "\n" not in error.problem
    assert len(error.problem) < 300
