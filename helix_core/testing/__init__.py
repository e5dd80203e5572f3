"""For those who test against Helix: stand-ins for the outside world, and suites of rules that prove a plugin.

Subclass `ExchangeSuite`, `RiskCheckSuite`, `NotifierSuite` or `SignalSourceSuite` in a test file and give it one
fixture, `rig`; docs/driver-rules.md and docs/plugin-rules.md say what each rule asks for. The suites need pytest and
pytest-asyncio (`pip install "helix-core[testing]"`); importing this package does not.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helix_core.testing.exchange.bench import Bench
    from helix_core.testing.exchange.recorded import RecordedRig, RecordedVenue
    from helix_core.testing.exchange.rig import ExchangeRig, VenueAccount
    from helix_core.testing.exchange.sandbox_rig import SandboxRig
    from helix_core.testing.exchange.suite import ExchangeSuite
    from helix_core.testing.exchange.wiretap import Request, Trouble, Wiretap
    from helix_core.testing.notifier import NotifierRig, NotifierSuite
    from helix_core.testing.risk_check import RiskCheckSuite, RiskRig, sample_context, sample_intent
    from helix_core.testing.rules import ExemptionNotice
    from helix_core.testing.signal_source import SignalRig, SignalSourceSuite
    from helix_core.testing.telegram import FakeTelegram

__all__ = [
    "Bench",
    "ExchangeRig",
    "ExchangeSuite",
    "ExemptionNotice",
    "FakeTelegram",
    "NotifierRig",
    "NotifierSuite",
    "RecordedRig",
    "RecordedVenue",
    "Request",
    "RiskCheckSuite",
    "RiskRig",
    "SandboxRig",
    "SignalRig",
    "SignalSourceSuite",
    "Trouble",
    "VenueAccount",
    "Wiretap",
    "sample_context",
    "sample_intent",
]

_WITHOUT_PYTEST = {
    "ExchangeRig": "exchange.rig",
    "FakeTelegram": "telegram",
    "RecordedRig": "exchange.recorded",
    "RecordedVenue": "exchange.recorded",
    "Request": "exchange.wiretap",
    "SandboxRig": "exchange.sandbox_rig",
    "Trouble": "exchange.wiretap",
    "VenueAccount": "exchange.rig",
    "Wiretap": "exchange.wiretap",
}
_WITH_PYTEST = {
    "Bench": "exchange.bench",
    "ExchangeSuite": "exchange.suite",
    "ExemptionNotice": "rules",
    "NotifierRig": "notifier",
    "NotifierSuite": "notifier",
    "RiskCheckSuite": "risk_check",
    "RiskRig": "risk_check",
    "SignalRig": "signal_source",
    "SignalSourceSuite": "signal_source",
    "sample_context": "risk_check",
    "sample_intent": "risk_check",
}


def __getattr__(name: str) -> object:
    """Load what is asked for when it is asked for: only the suites need pytest."""
    if name in _WITH_PYTEST:
        _prepare_pytest()
    module = _WITH_PYTEST.get(name) or _WITHOUT_PYTEST.get(name)
    if module is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def _prepare_pytest() -> None:
    """Let the asserts of the rules say what they compared. Raises ImportError, naming the fix."""
    try:
        import pytest  # noqa: PLC0415 - only the suites need it
        import pytest_asyncio  # noqa: F401, PLC0415 - likewise
    except ImportError as error:
        message = 'the suites of rules need pytest: pip install "helix-core[testing]"'
        raise ImportError(message) from error
    rules = (f"exchange.{part}" for part in ("session", "questions", "orders", "faults", "stops", "cancels", "streams"))
    modules = {f"{__name__}.{module}" for module in (*rules, *_WITH_PYTEST.values())}
    pytest.register_assert_rewrite(*sorted(modules - sys.modules.keys()))
