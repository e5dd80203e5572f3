"""What one call to a venue leaves behind: whether anything left this machine, and the raw answer."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helix_core.errors import InvariantBroken

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_PAUSE_S = 3 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer as it came.

    `data` is its JSON with fractions kept as text, or None when the body was not one whole JSON object or array.
    `error` is the exception class ccxt has for this answer, None when ccxt sees nothing wrong with it.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    data: Any = field(repr=False)
    error: type[Exception] | None = None

    @property
    def retry_after_s(self) -> float | None:
        """Seconds the venue asks us to wait (its Retry-After header, at most three days), or None."""
        value = next((text for name, text in self.headers.items() if name.lower() == "retry-after"), "")
        return min(float(value), _LONGEST_PAUSE_S) if value.isascii() and value.isdigit() else None


@dataclass(slots=True)
class Call:
    """One call and its evidence. `left` stays False only where it is certain that no byte reached the venue."""

    order: bool
    left: bool = False
    answer: Answer | None = None

    def leave(self) -> None:
        """Note that a request leaves now. Raises InvariantBroken for a second one: an order is sent once."""
        if self.order and self.left:
            message = "an order is one request: a second one was stopped before it left"
            raise InvariantBroken(message)
        self.left = True


CALL: ContextVar[Call] = ContextVar("helix_ccxt_call")
"""The call in progress in this task. ccxt has no room for evidence in its signatures; the context carries it."""
