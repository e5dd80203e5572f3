"""The scenes in which the power is cut: each one thing the bot does with money, and what can befall its requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from helix_core.domain.signal import Action
from helix_core.sandbox import Reason
from helix_core.sim import acts, humans, troubles
from helix_core.sim.strikes import StrikeKind
from helix_core.sim.troubles import Aim

if TYPE_CHECKING:
    from helix_core.sim.acts import Act
    from helix_core.sim.strikes import Strike

BEGINS_S = 2.0
"""When the scene's first alert comes; the bot is ready by then."""
_HELD_S = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`before` makes the situation, `acts` are what the bot then has to deal with, `calls` what it asks of the venue.

    `at_s` is the moment from which seams are counted. `seams` is how many of them the scene has, and some more: what
    goes wrong with a call makes the way longer.
    """

    name: str
    at_s: float
    before: tuple[Act, ...]
    acts: tuple[Act, ...]
    calls: tuple[tuple[Aim, int], ...]
    seams: int


@dataclass(frozen=True, kw_only=True)
class StruckForReason(troubles.Struck):
    """A call that is struck; where the venue refuses it, it says why."""

    reason: Reason

    @property
    def strike(self) -> Strike:
        """What the network is told to do."""
        return replace(super().strike, reason=self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of the struck call. The fields are those of `StruckForReason`; without a kind nothing is struck."""

    name: str
    kind: StrikeKind | None = None
    delay_s: float = 0
    retry_after_s: int = 0
    status: int = 503
    done: bool = False
    fraction: Decimal | None = None
    reason: Reason = Reason.INSUFFICIENT_FUNDS

    def of(self, aim: Aim, passing: int, at_s: float) -> tuple[Act, ...]:
        """The act that strikes one call of `aim`, after `passing` unharmed ones."""
        if self.kind is None:
            return ()
        return (
            StruckForReason(
                at_s=at_s,
                kind=self.kind,
                aim=aim,
                passing=passing,
                delay_s=self.delay_s,
                retry_after_s=self.retry_after_s,
                status=self.status,
                done=self.done,
                fraction=self.fraction,
                reason=self.reason,
            ),
        )


NOTHING = Outcome(name="ok")
DUPLICATE = Outcome(
    name="placed before, and now a duplicate", kind=StrikeKind.REFUSED, done=True, reason=Reason.DUPLICATE_ID
)
_OF_ANY = (
    Outcome(name="lost request", kind=StrikeKind.LOST_REQUEST),
    Outcome(name="lost answer", kind=StrikeKind.LOST_ANSWER),
    Outcome(name="late answer", kind=StrikeKind.SILENT_ANSWER),
    Outcome(name="5xx before", kind=StrikeKind.HTTP_5XX),
    Outcome(name="cut body", kind=StrikeKind.CUT_BODY),
    Outcome(name="429", kind=StrikeKind.RATE_LIMITED, retry_after_s=2, status=429),
    Outcome(name="key refused", kind=StrikeKind.KEY_REFUSED),
)
_OF_EFFECTS = (
    *_OF_ANY,
    Outcome(name="late request", kind=StrikeKind.LATE_AFTER_RESET, delay_s=2.5),
    Outcome(name="5xx after", kind=StrikeKind.HTTP_5XX, done=True),
)
_OF_CANCELS = (
    *_OF_EFFECTS,
    Outcome(name="refused", kind=StrikeKind.REFUSED, reason=Reason.MARKET_CLOSED),
    Outcome(name="cancelled before, and now unknown", kind=StrikeKind.REFUSED, done=True, reason=Reason.UNKNOWN_ORDER),
)
_OF_ORDERS = (
    *_OF_EFFECTS,
    Outcome(name="refused", kind=StrikeKind.REFUSED),
    DUPLICATE,
)
_OF_MARKET_ORDERS = (*_OF_ORDERS, Outcome(name="partial", kind=StrikeKind.PARTIAL_FILL, fraction=Decimal("0.4")))
_OF_QUESTIONS = (*_OF_ANY, Outcome(name="not visible yet", kind=StrikeKind.INVISIBLE))


def outcomes(aim: Aim) -> tuple[Outcome, ...]:
    """What can become of a call, besides going well."""
    if aim is Aim.QUESTION:
        return _OF_QUESTIONS
    if aim is Aim.CANCEL:
        return _OF_CANCELS
    return _OF_MARKET_ORDERS if aim in (Aim.ENTRY, Aim.EXIT) else _OF_ORDERS


def _alert(action: Action, at_s: float, name: str = "") -> Act:
    return acts.Alert(at_s=at_s, action=action, signal_id=name or action.value)


_BUY = _alert(Action.BUY, BEGINS_S)
_QUESTIONS = ((Aim.QUESTION, 0), (Aim.QUESTION, 1), (Aim.QUESTION, 2), (Aim.QUESTION, 4))
_WHILE_DOWN_S = 0.3

SCENES = (
    Scene(
        name="entry",
        at_s=BEGINS_S,
        before=(),
        acts=(_BUY,),
        calls=((Aim.ENTRY, 0), (Aim.STOP, 0), (Aim.QUESTION, 0)),
        seams=24,
    ),
    Scene(
        name="the same signal twice, and a sale",
        at_s=BEGINS_S,
        before=(),
        acts=(_BUY, _BUY, _alert(Action.SELL, BEGINS_S + 0.05)),
        calls=((Aim.ENTRY, 0), (Aim.STOP, 0), (Aim.CANCEL, 0), (Aim.EXIT, 0)),
        seams=40,
    ),
    Scene(
        name="the price crosses the stop before it is put",
        at_s=BEGINS_S,
        before=(),
        acts=(_BUY, acts.Price(at_s=BEGINS_S + 0.12, ratio=Decimal("0.95"))),
        calls=((Aim.ENTRY, 0), (Aim.STOP, 0), (Aim.EXIT, 0)),
        seams=32,
    ),
    Scene(
        name="exit",
        at_s=_HELD_S,
        before=(_BUY,),
        acts=(_alert(Action.SELL, _HELD_S),),
        calls=((Aim.CANCEL, 0), (Aim.EXIT, 0), (Aim.QUESTION, 0)),
        seams=24,
    ),
    Scene(
        name="the stop is set off",
        at_s=_HELD_S,
        before=(_BUY,),
        acts=(acts.StopOut(at_s=_HELD_S),),
        calls=_QUESTIONS,
        seams=10,
    ),
    Scene(
        name="the stop fills in part only",
        at_s=_HELD_S,
        before=(_BUY,),
        acts=(troubles.ShortTrigger(at_s=_HELD_S, fraction=Decimal("0.4")), acts.StopOut(at_s=_HELD_S)),
        calls=((Aim.STOP, 0), (Aim.EXIT, 0), *_QUESTIONS),
        seams=20,
    ),
    Scene(
        name="the stop is set off while the exit begins",
        at_s=_HELD_S,
        before=(_BUY,),
        acts=(_alert(Action.SELL, _HELD_S), acts.StopOut(at_s=_HELD_S + 0.09)),
        calls=((Aim.CANCEL, 0), (Aim.EXIT, 0), (Aim.QUESTION, 1)),
        seams=24,
    ),
    Scene(
        name="a human cancels the stop",
        at_s=_HELD_S,
        before=(_BUY,),
        acts=(humans.CancelsStop(at_s=_HELD_S),),
        calls=((Aim.STOP, 0), *_QUESTIONS),
        seams=16,
    ),
    Scene(
        name="start with a position",
        at_s=_HELD_S,
        before=(_BUY, acts.Crash(at_s=_HELD_S)),
        acts=(),
        calls=_QUESTIONS,
        seams=16,
    ),
    Scene(
        name="start after the stop was set off",
        at_s=_HELD_S,
        before=(_BUY, acts.Crash(at_s=_HELD_S)),
        acts=(acts.StopOut(at_s=_HELD_S + _WHILE_DOWN_S),),
        calls=_QUESTIONS,
        seams=20,
    ),
    Scene(
        name="start after a human cancelled the stop",
        at_s=_HELD_S,
        before=(_BUY, acts.Crash(at_s=_HELD_S)),
        acts=(humans.CancelsStop(at_s=_HELD_S + _WHILE_DOWN_S),),
        calls=((Aim.STOP, 0), *_QUESTIONS),
        seams=24,
    ),
    Scene(
        name="the owner halts while an entry is under way",
        at_s=BEGINS_S,
        before=(),
        acts=(_BUY, acts.OwnerHalts(at_s=BEGINS_S + 0.06), _alert(Action.SELL, _HELD_S)),
        calls=((Aim.ENTRY, 0), (Aim.STOP, 0), (Aim.CANCEL, 0), (Aim.EXIT, 0)),
        seams=44,
    ),
    Scene(
        name="the owner halts, and an alert comes",
        at_s=BEGINS_S,
        before=(acts.OwnerHalts(at_s=BEGINS_S - 0.5),),
        acts=(_BUY, acts.OwnerResumes(at_s=_HELD_S), _alert(Action.BUY, _HELD_S + 0.5, "again")),
        calls=((Aim.ENTRY, 0), (Aim.STOP, 0)),
        seams=32,
    ),
)
