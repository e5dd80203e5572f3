"""What the set-up page tells people to paste really works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helix_plugins.tradingview import TEMPLATE, TradingView

PAGE = (Path(__file__).parents[2] / "docs" / "tradingview.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)
RENDERED = {
    "close": "64210.5",
    "timenow": "2026-05-15T08:14:32Z",
    "strategy.order.action": "sell",
    "strategy.order.id": "Close entry(s) order Long",
    "exchange": "BINANCE",
    "ticker": "BTCUSDT",
}


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_is_read_as_tradingview_renders_it(example):
    text = re.sub(r"\{\{([a-z._]+)\}\}", lambda found: RENDERED[found[1]], example)
    source = TradingView()

    signal = source.read(source.decode(text.encode()))

    assert signal.symbol == "BTC/USDT"


def test_the_page_shows_the_template_that_refusals_show():
    assert TEMPLATE.removesuffix("}") in PAGE
    assert len(EXAMPLES) == 3
