"""What the account held before an entry: shows, for one question, that no stop of it has sold anything yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from decimal import Decimal

    from helix_core import Balances
    from helix_kraken.orders import Order

_MOST_KEPT = 100


class Holdings:
    """Keeps the last balance, and the one before each entry. `base` is the coin that is bought."""

    def __init__(self, base: str, ask: Callable[[], Awaitable[Balances]]) -> None:
        """Know nothing yet; `ask` asks for the balance."""
        self._base, self._ask = base, ask
        self._total: Decimal | None = None
        self._before: dict[str, Decimal] = {}

    def saw(self, balances: Balances) -> None:
        """The account holds this now."""
        self._total = balances.of(self._base).total

    def buying(self, client_order_id: str) -> None:
        """This entry is about to be sent: what was held last is held before it."""
        if self._total is not None:
            while len(self._before) >= _MOST_KEPT:
                del self._before[next(iter(self._before))]
            self._before[client_order_id], self._total = self._total, None

    async def has_all(self, entry: Order) -> bool:
        """Whether the account holds as much more than before the entry as that bought.

        Its stops carry no id of ours: without this only the list of ended orders tells of one that sold before it was
        seen, which costs four times as much. False also where nothing is known.
        """
        before = self._before.get(entry.client_order_id)
        if before is None or not entry.status.final:
            return False
        return (await self._ask()).of(self._base).total - before >= entry.executed
