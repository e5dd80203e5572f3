"""What a driver adds to make a sandbox of the simulated venue: its venue's way of speaking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from helix_core.sandbox.faults import Fault
    from helix_core.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request as it came in, whatever became of it. `parameters` are those of query and body."""

    at: datetime
    method: str
    path: str
    parameters: Mapping[str, str]


class Dialect(Protocol):
    """How one venue speaks: its endpoints, and its words for what a fault makes it say."""

    def routes(self, sandbox: Sandbox) -> Sequence[BaseRoute]:
        """The venue's endpoints over the sandbox's engine."""

    def order_name(self, order_id: int) -> str:
        """What the venue calls the engine's order with this number."""

    def fill_name(self, execution_id: int) -> str:
        """What the venue calls the engine's fill with this number."""

    def answer(self, fault: Fault, request: ReceivedRequest) -> Response:
        """What the venue answers for a fault that is a rate limit, a refusal, an unknown or an invisible order."""
