"""Faults on request: what shall go wrong, with which request, how often."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, field_validator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationInfo

    from helix_core.sandbox.dialect import ReceivedRequest

MOST_FAULTS = 1_000
TRIGGER = "TRIGGER"
"""In place of a method: `TRIGGER BTC/USDT` strikes when a stop of that symbol is set off."""
CLOSE = "CLOSE"
"""In place of a method: `CLOSE BTC/USDT` strikes when a fill is about to place the order or the pair it carries."""


class FaultKind(StrEnum):
    """What goes wrong. "Done" means: the venue did what the request asked for."""

    LOST_REQUEST = "lost_request"
    """The connection is closed; nothing was done."""
    LOST_ANSWER = "lost_answer"
    """Done, then the connection is closed without an answer."""
    DELAY = "delay"
    """`delay_s` pass before it is done, or with `done` between doing it and answering."""
    HTTP_5XX = "http_5xx"
    """`status` (503) with `body` is answered; with `done` after doing it."""
    RATE_LIMITED = "rate_limited"
    """429, or `status` 418 for a ban, with Retry-After `retry_after_s`; nothing was done."""
    UNKNOWN_EXECUTION = "unknown_execution"
    """The venue's own "execution status unknown"; with `done` after doing it."""
    REFUSED = "refused"
    """The venue's refusal with `code` and `msg`; nothing was done."""
    PARTIAL_FILL = "partial_fill"
    """A market order, or a stop set off, fills `fraction` of its quantity and expires."""
    CUT_BODY = "cut_body"
    """Done; the answer breaks off in the middle."""
    INVISIBLE = "invisible"
    """A question is answered as if the venue knew no such order."""
    PENDING = "pending"
    """A cancel, or the pair that an entry brings, is accepted and carried out only `delay_s` later.

    For venues that know the word.
    """


_IMPLY_DONE = {FaultKind.LOST_ANSWER, FaultKind.CUT_BODY, FaultKind.PARTIAL_FILL, FaultKind.PENDING}
_PSEUDO = {TRIGGER: FaultKind.PARTIAL_FILL, CLOSE: FaultKind.REFUSED}
"""What can go wrong inside the venue, where no request is: the one kind that fits."""
_NEEDS: dict[FaultKind | None, tuple[str, ...]] = {
    FaultKind.DELAY: ("delay_s",),
    FaultKind.PENDING: ("delay_s",),
    FaultKind.REFUSED: ("code", "msg"),
    FaultKind.PARTIAL_FILL: ("fraction",),
}


class Fault(BaseModel):
    """One fault. The description of each field is the fix that a caller who got it wrong is shown."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    on: str = Field(
        pattern=r"^\S+ \S+$",
        description='Write METHOD /path, like "POST /api/v3/order"; * stands for anything',
    )
    kind: FaultKind = Field(description="Write one of: " + ", ".join(FaultKind))
    times: int | None = Field(default=1, ge=1, description="Write how many requests are struck; null: until removed")
    after: int = Field(default=0, ge=0, description="Write how many matching requests pass unharmed first")
    where: dict[str, str] = Field(default_factory=dict, description='Write parameters to match, like {"side": "SELL"}')
    done: bool = Field(default=False, description="Write true when the request shall be carried out before the fault")
    delay_s: float | None = Field(default=None, gt=0, le=600, description="Write seconds, like 1.5")
    status: int | None = Field(default=None, ge=400, le=599, description="Write an HTTP status from 400 to 599")
    body: str | None = Field(default=None, max_length=65_536, description="Write the text of the answer")
    retry_after_s: int = Field(default=1, ge=0, description="Write whole seconds")
    code: int | str | None = Field(default=None, description="Write the venue's error code")
    msg: str | None = Field(default=None, description="Write the venue's error text")
    fraction: Decimal | None = Field(default=None, ge=0, lt=1, description='Write a part below one, like "0.4"')

    @field_validator("delay_s", "code", "msg", "fraction")
    @classmethod
    def _needed(cls, value: object, info: ValidationInfo) -> object:
        """A kind has the figures it needs."""
        kind = info.data.get("kind")
        if value is None and info.field_name in _NEEDS.get(kind, ()):
            message = f"{kind} needs it"
            raise ValueError(message)
        return value

    @field_validator("kind")
    @classmethod
    def _fits(cls, kind: FaultKind, info: ValidationInfo) -> FaultKind:
        """A stop that is set off can only be filled in part, a close order only be refused."""
        method = info.data.get("on", "").partition(" ")[0]
        if kind is not _PSEUDO.get(method, kind):
            message = f"{method} can only be a {_PSEUDO[method]}"
            raise ValueError(message)
        return kind

    @property
    def happens(self) -> bool:
        """True when the request is carried out although the sender may never learn of it."""
        return self.done or self.kind in _IMPLY_DONE

    def matches(self, method: str, path: str, parameters: Mapping[str, str]) -> bool:
        """Whether this is a request to strike."""
        return fnmatchcase(f"{method} {path}", self.on) and self.where.items() <= parameters.items()


class Faults:
    """The faults that are armed, in the order in which they were added. One request is struck by one fault."""

    def __init__(self) -> None:
        """Begin with nothing armed."""
        self._armed: list[_Armed] = []
        self.struck: deque[tuple[str, Fault]] = deque(maxlen=MOST_FAULTS)
        """What was struck lately, as `METHOD /path` and the fault."""

    def add(self, fault: Fault) -> None:
        """Arm `fault`. Raises ValueError when far too many are armed."""
        if len(self._armed) >= MOST_FAULTS:
            message = f"{MOST_FAULTS} faults are armed: clear them first"
            raise ValueError(message)
        self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Disarm all."""
        self._armed.clear()

    @property
    def armed(self) -> tuple[Fault, ...]:
        """Faults that can still strike."""
        return tuple(armed.fault for armed in self._armed)

    def meet(self, request: ReceivedRequest) -> Fault | None:
        """The fault for this request, if one is due. While nothing is armed, nobody reads its parameters."""
        return self.strike(request.method, request.path, request.parameters) if self._armed else None

    def strike(self, method: str, path: str, parameters: Mapping[str, str]) -> Fault | None:
        """The fault for this request, if one is due. Every matching fault counts the request as seen."""
        matching = [armed for armed in self._armed if armed.fault.matches(method, path, parameters)]
        for armed in matching:
            armed.seen += 1
        due = next((armed for armed in matching if armed.seen > armed.fault.after), None)
        if due is None:
            return None
        due.hits += 1
        if due.hits == due.fault.times:
            self._armed.remove(due)
        self.struck.append((f"{method} {path}", due.fault))
        return due.fault


class _Armed:
    """A fault with its counters."""

    def __init__(self, fault: Fault) -> None:
        self.fault, self.seen, self.hits = fault, 0, 0
