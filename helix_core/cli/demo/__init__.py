"""The demo: a recorded market, two strategies, and the alerts TradingView would send for them."""
