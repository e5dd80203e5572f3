"""What is found most in tutorials: Flask and ccxt, a market order and a stop. No database, no check, nothing kept.

`wire.py` measures it beside Helix: `flask_script.py VENUE_URL SECRET PORT`.
"""

from __future__ import annotations

import sys
from typing import Any

import ccxt  # type: ignore[import-untyped]
from flask import Flask, request

SYMBOL, QUANTITY, STOP = "BTC/USDT", 0.001, 0.98
_, VENUE_URL, SECRET, PORT = sys.argv

app = Flask(__name__)
exchange = ccxt.binance({"apiKey": "sandbox-key", "secret": "sandbox-secret"})
exchange.options |= {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
exchange.urls["api"] = {
    name: url.replace("https://api.binance.com", VENUE_URL) if isinstance(url, str) else url
    for name, url in exchange.urls["api"].items()
}
stop_id = ""


@app.post("/webhook")
def webhook() -> Any:
    """Buy and put a stop, or take the stop away and sell."""
    global stop_id  # noqa: PLW0603 - as such scripts do
    alert = request.get_json()
    if alert["secret"] != SECRET:
        return {"status": "unauthorized"}, 401
    if alert["signal"] == "BUY":
        order = exchange.create_order(SYMBOL, "market", "buy", QUANTITY)
        at = {"stopLossPrice": order["average"] * STOP}
        stop_id = exchange.create_order(SYMBOL, "market", "sell", QUANTITY, None, at)["id"]
    else:
        exchange.cancel_order(stop_id, SYMBOL)
        exchange.create_order(SYMBOL, "market", "sell", QUANTITY)
    return {"status": "ok"}


if __name__ == "__main__":
    exchange.load_markets()
    app.run(port=int(PORT))
