"""What goes wrong in a plan: single requests, whole outages, the key, the disk, stops that do not fill."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from helix_core.sandbox.faults import CLOSE, TRIGGER, Fault, FaultKind
from helix_core.sim.acts import Act
from helix_core.sim.strikes import Strike, StrikeKind
from helix_core.sim.ways import seen_after_s

if TYPE_CHECKING:
    from decimal import Decimal

    from helix_core.sim.play import Play


class Aim(StrEnum):
    """Which requests are meant."""

    ENTRY = "entry"
    STOP = "stop"
    EXIT = "exit"
    CANCEL = "cancel"
    ORDER = "order"
    """Any of the four above."""
    QUESTION = "question"
    ANY = "any"

    def hits(self, aim: Aim) -> bool:
        """Whether a request of `aim` (never ORDER or ANY) is meant."""
        if self is Aim.ORDER:
            return aim is not Aim.QUESTION
        return self in (Aim.ANY, aim)


@dataclass(frozen=True, kw_only=True)
class Struck(Act):
    """The next `times` requests of this aim, after `passing` unharmed ones, are struck."""

    kind: StrikeKind
    aim: Aim
    times: int = 1
    passing: int = 0
    delay_s: float = 0
    retry_after_s: int = 0
    status: int = 503
    done: bool = False
    fraction: Decimal | None = None

    async def perform(self, play: Play) -> None:
        """Arm it."""
        play.weather.arm(self)

    @property
    def strike(self) -> Strike:
        """What the network is told to do."""
        return Strike(
            kind=self.kind,
            delay_s=self.delay_s,
            retry_after_s=self.retry_after_s,
            fraction=self.fraction,
            status=self.status,
            done=self.done,
        )


@dataclass(frozen=True, kw_only=True)
class Outage(Act):
    """For `lasts_s` every request fares as `kind` says."""

    lasts_s: float
    kind: StrikeKind
    done: bool = False

    async def perform(self, play: Play) -> None:
        """Begin."""
        play.weather.begin(self)


@dataclass(frozen=True, kw_only=True)
class KeyRevoked(Act):
    """The API key may neither read nor trade for `lasts_s`."""

    lasts_s: float

    async def perform(self, play: Play) -> None:
        """Revoke it, and give it back later."""
        play.revoke_key(self.lasts_s)


@dataclass(frozen=True, kw_only=True)
class DiskFull(Act):
    """Nothing can be written for `lasts_s`."""

    lasts_s: float

    async def perform(self, play: Play) -> None:
        """Fill it, and free it later."""
        play.storage("full", self.lasts_s)


@dataclass(frozen=True, kw_only=True)
class Locked(Act):
    """Another program holds the database for `lasts_s`."""

    lasts_s: float

    async def perform(self, play: Play) -> None:
        """Lock it, and let go later."""
        play.storage("locked", self.lasts_s)


@dataclass(frozen=True, kw_only=True)
class ShortTrigger(Act):
    """The next stop that is set off fills only `fraction` of its quantity and expires."""

    fraction: Decimal

    async def perform(self, play: Play) -> None:
        """Arm it at the venue."""
        where = f"{TRIGGER} {play.stage.sandbox.symbol}"
        play.stage.sandbox.faults.add(Fault(on=where, kind=FaultKind.PARTIAL_FILL, fraction=self.fraction))


@dataclass(frozen=True, kw_only=True)
class ThinBook(Act):
    """From now on so many levels stand in the book, each of this quantity: an order fills in several parts."""

    level_quantity: Decimal
    levels: int

    async def perform(self, play: Play) -> None:
        """Thin it out."""
        listing = play.stage.sandbox.venue.listing()
        listing.book = replace(listing.book, level_quantity=self.level_quantity, levels=self.levels)


@dataclass(frozen=True, kw_only=True)
class CloseRefused(Act):
    """The venue does not place the next stop that a fill of an entry should place by itself."""

    async def perform(self, play: Play) -> None:
        """Arm it at the venue. It counts as a trouble from then on when it strikes, until the bot can have seen it."""
        sandbox, network = play.stage.sandbox, play.stage.network
        fault = Fault(on=f"{CLOSE} {sandbox.symbol}", kind=FaultKind.REFUSED, code="refused", msg="by the plan")
        sandbox.faults.add(fault)
        before, waiting = network.on_change, [fault]

        def changed() -> None:
            before()
            if waiting and any(struck is fault for _, struck in sandbox.faults.struck):
                waiting.clear()
                play.troubled(type(self).__name__, seen_after_s(play.plan.exchange))

        network.on_change = changed
