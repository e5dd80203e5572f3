"""Lists of orders as Kraken gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helix_core.ccxt import need
from helix_kraken.orders import Order, read_order

if TYPE_CHECKING:
    from datetime import datetime

PAGE = 50


@dataclass(frozen=True, slots=True)
class Ended:
    """Orders that ended after `since`, latest first: a page of `count`, which is 0 where it is not stated."""

    since: datetime | None
    orders: list[Order]
    count: int

    @property
    def full(self) -> bool:
        """Whether there may be another page."""
        return len(self.orders) >= PAGE

    def serves(self, since: datetime | None) -> bool:
        """Whether this page tells all that one since then would tell."""
        earlier = self.since is not None and since is not None and self.since < since
        return self.since == since or (earlier and not self.full)


def read_page(answer: Any, side: str) -> list[Order]:
    """Every order that OpenOrders ("open") or ClosedOrders ("closed") names. Raises DataMissing."""
    return [read_order(txid, row) for txid, row in need(answer, "result", side).items()]
