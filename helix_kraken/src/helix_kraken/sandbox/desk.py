"""What Kraken keeps beside the engine: who knocked, how often, and what senders wrote on their orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from helix_kraken.sandbox.limits import Limits
from helix_kraken.sandbox.signing import Guard

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from helix_core.sandbox import Order, Sandbox

TOKEN_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What a sender wrote on an order: its own id, a number that many orders may share, and the order's flags."""

    cl_ord_id: str | None = None
    userref: int | None = None
    oflags: tuple[str, ...] = ("fciq",)


_BLANK = Slip()
"""For orders that no sender wrote: those which fills placed."""


class Desk:
    """One sandbox's memory of its key and of its orders' slips."""

    def __init__(self, sandbox: Sandbox, *, limits: bool) -> None:
        """Begin with nothing known."""
        self.guard = Guard(sandbox)
        self.limits = Limits(sandbox.venue.clock, enforced=limits)
        self._slips: dict[int, Slip] = {}
        self._clock = sandbox.venue.clock
        self._tokens: dict[str, datetime] = {}

    def new_token(self) -> str:
        """A token for one connection, as long as Kraken's."""
        token = f"sandbox-token-{len(self._tokens) + 1:029d}"
        self._tokens[token] = self._clock.now() + TOKEN_LIFE
        return token

    def takes(self, token: str) -> bool:
        """Whether this token was given out and has not run out."""
        return token in self._tokens and self._clock.now() < self._tokens[token]

    def file(self, order: Order, slip: Slip) -> None:
        """Keep the slip of an order the engine accepted."""
        self._slips[order.order_id] = slip

    def slip(self, order: Order) -> Slip:
        """What was written on this order."""
        return self._slips.get(order.order_id, _BLANK)

    def written(self, orders: Iterable[Order], cl_ord_id: str | None, userref: int | None) -> list[Order]:
        """Those of `orders` that carry these marks; None matches all."""
        return [
            order
            for order in orders
            if cl_ord_id in {None, self.slip(order).cl_ord_id} and userref in {None, self.slip(order).userref}
        ]
