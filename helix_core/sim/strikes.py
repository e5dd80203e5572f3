"""What can go wrong with one request on its way to the venue and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from helix_core.sandbox import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal


class StrikeKind(StrEnum):
    """What goes wrong. "Done" means: the venue did what the request asked for."""

    NO_CONNECTION = "no_connection"
    """Refused at once; with `delay_s` of 4 s or more: no connection in time. Nothing left this machine."""
    LOST_REQUEST = "lost_request"
    """It left, the connection breaks, the venue never gets it."""
    LOST_ANSWER = "lost_answer"
    """Done, then the connection breaks."""
    SILENT_REQUEST = "silent_request"
    """A black hole: the venue never gets it, and nobody ever says so."""
    SILENT_ANSWER = "silent_answer"
    """Done, and no answer ever comes."""
    LATE = "late"
    """It reaches the venue `delay_s` later, even if the caller, or the whole bot, is gone by then."""
    LATE_AFTER_RESET = "late_after_reset"
    """The connection breaks at once, and the request reaches the venue `delay_s` later all the same."""
    SLOW_ANSWER = "slow_answer"
    """Done in time; the answer takes `delay_s` longer."""
    HTTP_5XX = "http_5xx"
    """`status` (503) from a machine before the venue; with `done` after the venue did it."""
    CUT_BODY = "cut_body"
    """Done; the answer breaks off in the middle of its body."""
    GARBLED = "garbled"
    """HTTP 200 with half of the answer's JSON; done."""
    UNKNOWN_EXECUTION = "unknown_execution"
    """The venue's own "execution status unknown"; with `done` after doing it."""
    RATE_LIMITED = "rate_limited"
    """429, or `status` 418 for a ban, with Retry-After `retry_after_s`; with `done` after the venue did it."""
    REFUSED = "refused"
    """The venue refuses for `reason`, in its own words; with `done` it is a refusal of a second copy."""
    KEY_REFUSED = "key_refused"
    """The venue answers as if the key had been revoked; nothing was done."""
    INVISIBLE = "invisible"
    """A question is answered as if the venue knew no such order."""
    PARTIAL_FILL = "partial_fill"
    """A market order fills `fraction` of its quantity and expires."""
    PENDING = "pending"
    """A cancel is accepted, and carried out `delay_s` later. For venues that know the word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One thing that goes wrong with one request."""

    kind: StrikeKind
    delay_s: float = 0.0
    retry_after_s: int = 1
    fraction: Decimal | None = None
    status: int | None = None
    done: bool = False
    reason: Reason = Reason.INSUFFICIENT_FUNDS


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request when it is judged. `index` counts all requests from 1, `order` is true for what changes something."""

    index: int
    method: str
    path: str
    query: str
    body: bytes
    order: bool
    at_s: float
    life: int
    headers: tuple[tuple[str, str], ...] = field(repr=False, default=())

    @property
    def name(self) -> str:
        """`METHOD /path`."""
        return f"{self.method} {self.path}"

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """What stands in query and body."""
        return dict(parse_qsl(self.query, keep_blank_values=True)) | dict(
            parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        )
