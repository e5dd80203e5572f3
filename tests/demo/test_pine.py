"""The Pine script has the rules of the demo's strategy, and Helix reads the message it builds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from helix_core.cli.demo import strategy
from helix_core.domain.signal import Action
from helix_plugins.tradingview import TradingView

PINE = (Path(__file__).parents[2] / "docs" / "ema_rsi.pine").read_text(encoding="utf-8")


def test_its_defaults_are_the_strategys_constants() -> None:
    defaults = dict(re.findall(r"^(\w+) = input\.\w+\(([\d.]+),", PINE, re.MULTILINE))

    assert {name: Decimal(value) for name, value in defaults.items()} == {
        "fastLength": strategy.FAST_LENGTH,
        "slowLength": strategy.SLOW_LENGTH,
        "rsiLength": strategy.RSI_LENGTH,
        "rsiLowest": strategy.RSI_LOWEST,
        "rsiHighest": strategy.RSI_HIGHEST,
    }


def test_helix_reads_the_message_it_builds() -> None:
    values = {
        "secret": "sixteen letters!",
        "signal": "BUY",
        "symbol": "BTC/USDT",
        "close": "64210.5",
        "timenow": "1778832872000",
        "id": "Long-20260515-0810",
    }
    source = TradingView()

    signal = source.read(source.decode(pine_message(values).encode()))

    assert (signal.action, signal.symbol, signal.price) == (Action.BUY, "BTC/USDT", Decimal("64210.5"))
    assert signal.timestamp == datetime(2026, 5, 15, 8, 14, 32, tzinfo=UTC)
    assert (signal.strategy, signal.signal_id) == ("ema_rsi", "Long-20260515-0810")


def test_the_example_in_its_comment_is_a_message_that_helix_reads() -> None:
    example = next(line for line in PINE.splitlines() if '"price": 64210.5' in line).removeprefix("//")
    source = TradingView()

    assert source.read(source.decode(example.encode())).signal_id == "Long-20260515-0810"


def pine_message(values: dict[str, str]) -> str:
    """What the script's `message` function gives for these values: its literals and variables, joined."""
    found = re.search(r"^message\(.*?\) =>\n(.*?)\n\n", PINE, re.MULTILINE | re.DOTALL)
    assert found is not None
    parts = re.findall(r"'([^']*)'|str\.tostring\((\w+)\)|(\w+)", found[1])
    return "".join(literal or values[number or name] for literal, number, name in parts)
