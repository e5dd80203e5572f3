"""What happens in a plan: alerts, prices, crashes, and the owner at the host. Plain data that prints and replays."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from helix_core.domain.money import floor_to
from helix_core.sim.stage import SECRET

if TYPE_CHECKING:
    from helix_core.domain.signal import Action
    from helix_core.sim.play import Play


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that happens `at_s` virtual seconds after the beginning."""

    at_s: float

    async def perform(self, play: Play) -> None:
        """Let it happen. Returns at once: what takes time goes on beside."""
        raise NotImplementedError

    def __str__(self) -> str:
        """One line, without what is at its default."""
        shown = [f for f in fields(self) if f.name != "at_s" and getattr(self, f.name) != f.default]
        words = " ".join(f"{field.name}={_word(getattr(self, field.name))}" for field in shown)
        return f"{self.at_s:8.3f} s  {type(self).__name__} {words}".rstrip()


def _word(value: Any) -> str:
    return str(value)


@dataclass(frozen=True, kw_only=True)
class Alert(Act):
    """The sender posts an alert, whose timestamp is `age_s` old."""

    action: Action
    signal_id: str
    age_s: float = 0

    async def perform(self, play: Play) -> None:
        """Post it, and note how it was answered."""
        play.beside(self._post(play))

    async def _post(self, play: Play) -> None:
        fired_at = play.epoch_s + self.at_s - self.age_s
        alert = {
            "signal": self.action.value,
            "symbol": play.stage.sandbox.symbol,
            "price": 1,
            "signal_id": self.signal_id,
            "timestamp": play.stamp(fired_at),
        }
        reply = await play.stage.post(json.dumps(alert).encode(), {"x-webhook-secret": SECRET})
        play.answered(self.signal_id, None if reply is None else reply.status)


@dataclass(frozen=True, kw_only=True)
class Price(Act):
    """The market trades at `ratio` of the first price."""

    ratio: Decimal

    async def perform(self, play: Play) -> None:
        """Move it."""
        play.move_price(play.first_price * self.ratio)


@dataclass(frozen=True, kw_only=True)
class StopOut(Act):
    """The market falls to `through` of the highest stop that Helix has resting; nothing happens where none does."""

    through: Decimal = Decimal(1)

    async def perform(self, play: Play) -> None:
        """Fall."""
        stops = [order.stop_price for order in play.resting() if order.stop_price is not None]
        if stops:
            play.move_price(max(stops) * self.through)


@dataclass(frozen=True, kw_only=True)
class TakeProfit(Act):
    """The market jumps to the far leg of Helix's pair, if there is one."""

    async def perform(self, play: Play) -> None:
        """Jump."""
        limits = [order.price for order in play.resting() if order.stop_price is None and order.price is not None]
        if limits:
            play.move_price(min(limits))


@dataclass(frozen=True, kw_only=True)
class Crash(Act):
    """The machine loses its power."""

    async def perform(self, play: Play) -> None:
        """Cut it."""
        if play.alive:
            play.stage.crash("the plan's power cut")


@dataclass(frozen=True, kw_only=True)
class CrashAtSeam(Act):
    """The machine loses its power at the `nth` seam from now on whose name begins with `seam`."""

    seam: str
    nth: int = 1

    async def perform(self, play: Play) -> None:
        """Arm it."""
        play.arm_seam(self.seam, self.nth)


@dataclass(frozen=True, kw_only=True)
class OwnerHalts(Act):
    """`helix halt` on the host."""

    async def perform(self, play: Play) -> None:
        """Store the halt as the command does."""
        play.beside(play.host.halt())


@dataclass(frozen=True, kw_only=True)
class OwnerResumes(Act):
    """The owner settles what a mismatch left open, and ends every halt that may end, as at the host."""

    async def perform(self, play: Play) -> None:
        """Do it as the commands do."""
        play.beside(play.host.resume())


@dataclass(frozen=True, kw_only=True)
class OwnerAcceptsBaseline(Act):
    """The owner calls the coins that lay in the account before the bot came theirs: `helix reconcile` on the host."""

    async def perform(self, play: Play) -> None:
        """Keep them as the command does, and end the halt that they caused."""
        play.beside(play.host.reconcile())


@dataclass(frozen=True, kw_only=True)
class ClockStep(Act):
    """The machine's clock jumps, and is `skew_s` ahead of the venue's from now on (negative: behind)."""

    skew_s: float

    async def perform(self, play: Play) -> None:
        """Step."""
        play.stage.clock.skew_s = self.skew_s


def on_tick(price: Decimal, tick: Decimal) -> Decimal:
    """A price the market can trade at, never zero."""
    return max(floor_to(price, tick), tick * 10)
