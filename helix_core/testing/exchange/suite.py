"""The rules a driver must keep, all of them. Each is described under its id in docs/driver-rules.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from helix_core.testing.exchange.bench import set_up
from helix_core.testing.exchange.cancels import CancelRules
from helix_core.testing.exchange.entries import EntryRules
from helix_core.testing.exchange.faults import FaultRules
from helix_core.testing.exchange.history import HistoryRules
from helix_core.testing.exchange.orders import OrderRules
from helix_core.testing.exchange.questions import QuestionRules
from helix_core.testing.exchange.session import SessionRules
from helix_core.testing.exchange.stops import StopRules
from helix_core.testing.exchange.streams import StreamRules
from helix_core.testing.rules import RuleSuite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from helix_core.testing.exchange.bench import Bench
    from helix_core.testing.exchange.rig import ExchangeRig


class ExchangeSuite(
    SessionRules,
    QuestionRules,
    OrderRules,
    FaultRules,
    StopRules,
    CancelRules,
    StreamRules,
    EntryRules,
    HistoryRules,
    RuleSuite,
):
    """Subclass it as TestYourVenue and write one fixture, `rig`, that returns a new SandboxRig or RecordedRig."""

    @pytest.fixture
    def rig(self) -> ExchangeRig:
        """The driver on its venue, new for each rule, not yet open."""
        message = "write a fixture `rig` that returns an ExchangeRig"
        raise NotImplementedError(message)

    @pytest_asyncio.fixture(loop_scope="function")
    async def bench(self, rig: ExchangeRig) -> AsyncIterator[Bench]:
        """The rig, open, with a connected client."""
        async with set_up(rig) as bench:
            yield bench
