"""The message to paste into an alert, as TradingView's own placeholders fill it in."""

from __future__ import annotations

TEMPLATE = (
    '{"signal": "BUY", "symbol": "BTC/USDT", "price": {{close}}, "timestamp": {{timenow}}, '
    '"strategy": "ema_crossover", "signal_id": {{strategy.order.id}}}'
)

PASTE = f"Paste this into the alert's message box and fit it to your strategy: {TEMPLATE}"
"""The fix for a message that is something else altogether."""
