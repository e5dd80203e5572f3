"""The alert message of a strategy's order, rendered as TradingView renders it."""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import TYPE_CHECKING

from helix_core.cli.demo.candles import SYMBOL
from helix_core.domain.money import plain

if TYPE_CHECKING:
    from datetime import datetime

    from helix_core.cli.demo.strategy import StrategyOrder

_PLACEHOLDER = re.compile(r"\{\{([a-z_.]+)\}\}")


def message_template(order: StrategyOrder, secret: str) -> str:
    """What the owner pastes into TradingView's alert, placeholders and all.

    TradingView sends no header of ours, so the secret stands in the message.
    """
    return (
        f'{{"secret": {json.dumps(secret)}, "signal": "{order.action}", "symbol": "{SYMBOL}", '
        '"price": {{close}}, "timestamp": {{timenow}}, '
        f'"strategy": "{order.strategy}", "signal_id": {{{{strategy.order.id}}}}}}'
    )


def alert_message(order: StrategyOrder, *, fired_at: datetime, secret: str) -> str:
    """The body that TradingView posts: each placeholder replaced by its bare text, so that it is no longer JSON.

    `fired_at` is aware; `{{timenow}}` is written in UTC to the second.
    """
    values = {
        "close": plain(order.candle.close),
        "timenow": f"{fired_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "strategy.order.id": order.order_id,
    }
    return _PLACEHOLDER.sub(lambda found: values[found[1]], message_template(order, secret))
