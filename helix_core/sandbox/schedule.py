"""What is accepted now and carried out later: cancels, and pairs of orders that are still to go to the market."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Schedule:
    """What falls due when. Nothing happens by itself: the venue asks before it does anything else."""

    def __init__(self) -> None:
        """Begin with nothing planned."""
        self._orders: dict[int, datetime] = {}
        self._all_at: datetime | None = None
        self._lists: dict[int, datetime] = {}

    def place(self, list_id: int, at: datetime) -> None:
        """Plan when a pending pair goes to the market."""
        self._lists[list_id] = at

    def due_lists(self, now: datetime) -> tuple[int, ...]:
        """Take out the pairs whose time has come."""
        due = tuple(list_id for list_id, at in self._lists.items() if at <= now)
        for list_id in due:
            del self._lists[list_id]
        return due

    def cancel(self, order_id: int, at: datetime) -> None:
        """Plan the cancel of one order; a second plan for it changes nothing."""
        self._orders.setdefault(order_id, at)

    def cancel_all(self, at: datetime | None) -> None:
        """Plan the cancel of every order there will be `at` that time, or with None call it off."""
        self._all_at = at

    def due_orders(self, now: datetime) -> tuple[int, ...]:
        """Take out the orders whose cancel is due."""
        due = tuple(order_id for order_id, at in self._orders.items() if at <= now)
        for order_id in due:
            del self._orders[order_id]
        return due

    def due_all(self, now: datetime) -> bool:
        """Whether every order is to be cancelled now; true once."""
        due = self._all_at is not None and self._all_at <= now
        if due:
            self._all_at = None
        return due
