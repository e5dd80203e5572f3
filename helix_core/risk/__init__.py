"""Risk: the engine that asks every check, and the sizing of entries."""

from helix_core.risk.engine import RiskEngine
from helix_core.risk.sizing import size_entry, stop_price, take_profit_price

__all__ = ["RiskEngine", "size_entry", "stop_price", "take_profit_price"]
