"""The four kinds of things that Helix takes from others."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a new repository will provide. Each has a folder of templates of the same name."""

    EXCHANGE = "exchange"
    RISK_CHECK = "risk-check"
    NOTIFIER = "notifier"
    SIGNAL_SOURCE = "signal-source"
