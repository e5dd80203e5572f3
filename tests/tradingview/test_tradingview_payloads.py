"""Messages that people really send (their sources are beside them): read rightly, or refused with the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_core import SignalUnreadable
from helix_plugins.tradingview import TEMPLATE, TradingView

PAYLOADS = Path(__file__).parent / "payloads"
PASTE = "Paste this into the alert's message box"
NOT_JSON = ("message", ["not a JSON object"], [PASTE, TEMPLATE])

EXPECTED = {
    "02-cryptognome-issue10": ("signal", ['"signal_id" is missing'], ['"side": "Buy": rename it to "signal".']),
    "04-lthelm-strategy-rendered": (
        "signal",
        ['"symbol" is missing'],
        [
            '"action": "sell": rename it to "signal".',
            '"ticker": "BTCPERP": rename it to "symbol" and let it name a spot',
        ],
    ),
    "06-lthelm-plots-nan": ("short SL", ["short SL is NaN: the plot had no value on this bar"], ["Leave short SL out"]),
    "08-51bitquant": (
        "signal",
        ['"signal" is missing'],
        ['"action": "long": rename it to "signal" and let it say BUY'],
    ),
    "10-octobot-limit-tp": NOT_JSON,
    "12-octobot-oneline-token": NOT_JSON,
    "14-3commas-strategy": (
        "signal",
        ['"price" is missing'],
        [
            '"action": "buy": rename it to "signal".',
            '"tv_instrument": "BTCUSDT": rename it to "symbol".',
            '"trigger_price": "45000": rename it to "price".',
        ],
    ),
    "16-3commas-bybit-perp": (
        "signal",
        ['"signal" is missing'],
        ['"action": "enter_short"', '"tv_instrument": "SOLUSDT.P": rename it to "symbol" and let it name a spot pair'],
    ),
    "18-wundertrading-sl-tp": ("signal", ['"signal" is missing'], ['Add "signal": "BUY"']),
    "20-alertatron-basic": NOT_JSON,
    "22-autoview-multi": NOT_JSON,
    "24-pineconnector-csv": NOT_JSON,
    "26-traderspost-strategy": ("signal", ['"symbol" is missing'], ['"action": "buy"', '"ticker": "TSLA"']),
    "28-okx-signalbot-universal": ("signal", ['"symbol" is missing'], ['"instrument": "BTC-USDT-SWAP"']),
    "30-whook-position": NOT_JSON,
    "32-frostybot-inline": NOT_JSON,
    "34-tvconnector-junta": (
        "signal",
        ['"signal_id" is missing'],
        ['"order": "buy": rename it to "signal".', '"market": "BTC-USD": rename it to "symbol".'],
    ),
    "36-thibaultyou-close-percent": (
        "signal",
        ['"ETH-PERP": "-PERP" marks a perpetual contract'],
        ['"direction": "close": rename it to "signal" and let it say BUY or SELL', "Helix trades spot only"],
    ),
    "38-tradex-pin": (
        "signal",
        ['"signal" is missing'],
        ['"SIDE": "buy"', '"SYMBOL": "BTC/USDT:USDT"', '"ID": "2026-08-15T19:47:59Z": rename it to "signal_id".'],
    ),
    "40-mtemi-bybit-issue16": ("signal", ['"price" is missing'], ['"side": "sell": rename it to "signal".']),
    "42-tv-default-strategy-decorated": NOT_JSON,
    "44-unsubstituted-in-alert-call": (
        "message",
        ["the placeholder {{close}} was not filled in"],
        ["Pine's alert()", "str.tostring()", "expressions"],
    ),
    "46-pairs-ibkr-issue6": (
        "signal",
        ['"timestamp" is "2023-06-30 01:51:29", which does not say its time zone'],
        ['"order_action": "buy"', '"order_price": "100": rename it to "price".', '"rowid": "6"', 'add "Z"'],
    ),
    "48-legkvla-nested": (
        "signal",
        ['"price" is missing'],
        ['"strategy-order-action": "buy" inside "data": move it to the top level and name it "signal".'],
    ),
    "50-mvrcininvest-ict": (
        "signal",
        ['"BTCUSDT.P": ".P" marks a perpetual contract'],
        ['"entryPrice": "50000": rename it to "price".'],
    ),
    "52-finandy": (
        "signal",
        ['"price" is missing'],
        ['"side": "sell"', '"price": "3054.66" inside "open": move it to the top level'],
    ),
    "54-ichimoku-unquoted-numbers": ("senkouA", ["senkouA is NaN"], ["Leave senkouA out"]),
}
SECRETS = [
    "<masked>",
    "abcdefg",
    "your custom password",
    "YOUR_TOKEN",
    "OKX_SIGNAL",
    "your_pin",
    "SECURITY_KEY",
    "$mykey",
]


def refusal(body: bytes) -> SignalUnreadable:
    source = TradingView()
    with pytest.raises(SignalUnreadable) as caught:
        source.read(source.decode(body))
    return caught.value


@pytest.mark.parametrize("name", EXPECTED)
def test_a_message_made_for_another_service_is_refused_with_what_to_change(name):
    field, problems, fixes = EXPECTED[name]

    error = refusal((PAYLOADS / f"{name}.txt").read_bytes())

    assert error.field == field
    assert all(problem in error.problem for problem in problems), error.problem
    assert all(fix in error.fix for fix in fixes), error.fix


@pytest.mark.parametrize("name", EXPECTED)
def test_a_refusal_does_not_repeat_anybodys_password(name):
    assert not any(secret in str(refusal((PAYLOADS / f"{name}.txt").read_bytes())) for secret in SECRETS)


def test_every_message_in_the_folder_is_in_the_table_and_has_its_source():
    messages = {path.stem for path in PAYLOADS.glob("*.txt") if not path.name.endswith(".src.txt")}

    assert messages == set(EXPECTED)
    assert all((PAYLOADS / f"{name}.src.txt").read_text().startswith("source:") for name in messages)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("26-traderspost-strategy", {'"ticker": "TSLA"': '"symbol": "BTCUSDT", "signal_id": "x"', "action": "signal"}),
        ("52-finandy", {'"side"': '"signal"', '"open": {': '"signal_id": 7, "price": 3054.66, "open": {'}),
        (
            "14-3commas-strategy",
            {"tv_instrument": "symbol", '"action"': '"signal"', "trigger_price": "price", "bot_uuid": "signal_id"},
        ),
    ],
)
def test_who_follows_the_advice_is_read_and_the_other_services_fields_do_no_harm(name, changes):
    text = (PAYLOADS / f"{name}.txt").read_text()
    for old, new in changes.items():
        text = text.replace(old, new, 1)
    source = TradingView()

    signal = source.read(source.decode(text.encode()))

    assert signal.action in {"BUY", "SELL"}
