"""A sandbox: a simulated venue behind a wire protocol, with the controls a test or a demo needs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core.sandbox.control import Control
from helix_core.sandbox.door import Door
from helix_core.sandbox.endpoints import Endpoints
from helix_core.sandbox.streams import Streams

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from helix_core.sandbox.dialect import Dialect, ReceivedRequest
    from helix_core.sandbox.faults import Faults
    from helix_core.sandbox.venue import Venue

MOST_REQUESTS = 10_000


@dataclass(slots=True)
class KeyRights:
    """What the sandbox's API key may do. Change a flag to see how a bot takes it."""

    read: bool = True
    trade: bool = True
    withdraw: bool = False
    ip_restricted: bool = True
    listen: bool = True


class Sandbox:
    """What every driver's sandbox offers.

    `app` is the ASGI application: the venue's endpoints, and the control endpoints under /sandbox. `venue` is the
    engine behind it, `faults` what shall go wrong, `requests` the latest requests (the control's own are left out),
    `streams` the open websockets.
    """

    def __init__(
        self, *, name: str, symbol: str, venue: Venue, api_key: str, api_secret: str, dialect: Dialect
    ) -> None:
        """Put `venue` behind the endpoints of `dialect`."""
        self.name, self.symbol, self.venue = name, symbol, venue
        self.api_key, self.api_secret = api_key, api_secret
        self.rights = KeyRights()
        self.requests: deque[ReceivedRequest] = deque(maxlen=MOST_REQUESTS)
        self.streams = Streams(venue.ledger.feed)
        self.order_name, self.fill_name = dialect.order_name, dialect.fill_name
        endpoints = Endpoints([Control(self).routes(), *dialect.routes(self)])
        self.app: ASGIApp = Door(endpoints, self, dialect)

    @property
    def faults(self) -> Faults:
        """The faults that are armed."""
        return self.venue.faults

    def count(self, method: str, path: str) -> int:
        """How often `method path` was asked for lately."""
        return sum((request.method, request.path) == (method, path) for request in self.requests)
