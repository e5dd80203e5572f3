"""What a driver adds to make a sandbox of the simulated venue: its venue's way of speaking."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from helix_core.sandbox.faults import Fault
    from helix_core.sandbox.sandbox import Sandbox


@dataclass(frozen=True, kw_only=True)
class ReceivedRequest:
    """One request as it came in, whatever became of it."""

    at: datetime
    method: str
    path: str
    query: bytes = field(repr=False)
    body: bytes = field(repr=False)

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Everything that was sent; a body may be a form or a JSON object."""
        found = dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        if self.body.startswith(b"{"):
            try:
                decoded: Any = json.loads(self.body)
            except ValueError:
                decoded = {}
            found = {str(name): str(value) for name, value in decoded.items()}
        return found | dict(parse_qsl(self.query.decode("ascii", "replace"), keep_blank_values=True))


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
