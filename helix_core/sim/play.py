"""A plan on a stage: performs its acts in their time, lets everything heal, and waits until the bot is at rest."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from helix_core.domain.halt import HaltKind
from helix_core.errors import ConfigError, ExchangeError, StoreError
from helix_core.sandbox.orders import ExpiryReason
from helix_core.sim.acts import on_tick
from helix_core.sim.books import Books
from helix_core.sim.crew import leaves
from helix_core.sim.host import Host
from helix_core.sim.naked import Trouble
from helix_core.sim.oracle import Violation, quiet
from helix_core.sim.ways import seen_after_s
from helix_core.sim.weather import Weather

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from decimal import Decimal

    from helix_core.sandbox.market import Market
    from helix_core.sandbox.orders import Order
    from helix_core.sim.plan import Plan
    from helix_core.sim.stage import Stage

_STILL_S = 150.0
"""What has halted for a human and then has not moved for so long waits for the human."""
_FOR_A_HUMAN = {HaltKind.RECONCILE.value, HaltKind.MANUAL.value}
_STORED = {200, 202, 409}
_MAY_END = (StoreError, ExchangeError, ConfigError)
"""What a bot may end itself with, for its supervisor to start it again."""
_MAY_CLEAR = ("helix resume", "helix reconcile", "AUTO_RESUME")


class Play:
    """One run of one plan. Acts reach everything through it."""

    look_s, calm_looks = 2.5, 2
    patience_s = 240.0
    """So long the bot has, once everything is healed, to come to rest."""

    def __init__(self, plan: Plan, stage: Stage, *, tell: bool = False) -> None:
        """Take the stage. With `tell` the story is kept in `story`."""
        self.plan, self.stage = plan, stage
        self.market: Market = stage.sandbox.venue.listing().market
        self.first_price: Decimal = stage.sandbox.venue.listing().last
        self.accepted: list[str] = []
        self.answers: list[tuple[str, int | None]] = []
        self._violations: list[Violation] = []
        self.weather = Weather(stage.database, stage.clock.now, tell=self.tell)
        stage.story.trace = tell
        self.host = Host(stage, self.tell)
        self._tasks: set[asyncio.Task[None]] = set()
        self._seams: list[tuple[str, int]] = []
        self.ended_s = self._healed_s = 0.0
        self._up = False

    @property
    def epoch_s(self) -> float:
        """Unix time of the beginning."""
        return self.plan.epoch.timestamp()

    @property
    def now_s(self) -> float:
        """Virtual seconds since the beginning."""
        return self.stage.loop.time()

    @property
    def alive(self) -> bool:
        """Whether a bot is running."""
        return self.stage.alive

    @staticmethod
    def stamp(unix_s: float) -> str:
        """A time as an alert states it."""
        return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def prepare(self) -> None:
        """Before the curtain: the weather, the seams, and what lay in the account before the bot came."""
        self.stage.network.judge = self.weather.judge
        self.stage.on_seam = self._seam
        if self.plan.jitter_s:
            chance = self.plan.chance()
            self.stage.network.latency_s = lambda: 0.002 + chance.random() * self.plan.jitter_s
        if self.plan.coins_before:
            self.stage.sandbox.venue.transfer(self.market.base, self.plan.coins_before)

    async def perform(self) -> None:
        """The whole plan, to the rest after its last act."""
        for act in self.plan.acts:
            if act.at_s > self.now_s:
                await asyncio.sleep(act.at_s - self.now_s)
            self.tell(f"{act}")
            await act.perform(self)
        self._heal()
        await self._rest()
        self.ended_s = self.now_s
        self.weather.struck.update(trouble.what for trouble in self._kept_out())

    def _heal(self) -> None:
        self.tell("everything is healed")
        self.weather.clear()
        self._seams.clear()
        self.stage.sandbox.faults.clear()
        self.stage.sandbox.rights.read = self.stage.sandbox.rights.trade = True
        self.stage.disk.full = self.stage.disk.locked = False

    async def _rest(self) -> None:
        """Until looks in a row find nothing to wait for; the oracle judges what is left after that."""
        calm, standing, since_s = 0, None, self.now_s
        self._healed_s = self.now_s
        while calm < self.calm_looks and self.now_s - self._healed_s < self.patience_s:
            await asyncio.sleep(self.look_s)
            self._up = self.stage.life is not None and self.alive and self.stage.life.ready
            books = self.books()
            calm = calm + 1 if self._up and quiet(books) else 0
            now_standing = _standing(books) if self._up else None
            if now_standing is None or now_standing != standing:
                standing, since_s = now_standing, self.now_s
            elif self.now_s - since_s >= _STILL_S:
                break
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What the oracle cannot see ------------------------------------------------------------------------------------

    def violations(self) -> list[Violation]:
        """What was broken while the plan was played: at the door, by the bot's end, by forgotten halts."""
        return [*self.weather.violations, *self._deaths(), *self._down(), *self._forgotten()]

    def _deaths(self) -> Iterator[Violation]:
        for life in self.stage.lives:
            for error in leaves(life.error):
                if not isinstance(error, _MAY_END):
                    yield Violation("died", f"life {life.number} ended by {type(error).__name__}: {error}")

    def _down(self) -> Iterator[Violation]:
        if self.ended_s and not self._up:
            yield Violation("down", f"the bot is not ready {self.ended_s - self._healed_s:.0f} s after all is healed")

    def _forgotten(self) -> Iterator[Violation]:
        stored = self.books().halts
        in_force = {halt["kind"] for halt in stored if halt["cleared_at"] is None}
        for kind in self.host.halted - in_force:
            yield Violation("I5", f"the owner's halt {kind} is forgotten")
        for halt in stored:
            if halt["cleared_at"] is not None and not str(halt["cleared_by"]).startswith(_MAY_CLEAR):
                yield Violation("I5", f"halt {halt['kind']} was cleared by {halt['cleared_by']}")

    def troubles(self) -> list[Trouble]:
        """Everything that kept the bot from its work, with the times in which it was down."""
        down, ended_s = [], 0.0
        ready = {line: at_s for at_s, line in self.stage.story.lines if line.endswith(" ready")}
        for life in self.stage.lives:
            ready_s = ready.get(f"life {life.number} ready", self.now_s if life.ended_s is None else life.ended_s)
            down.append(Trouble(ended_s, ready_s, "boot"))
            ended_s = self.now_s if life.ended_s is None else life.ended_s
        return [*self.weather.troubles, *self._kept_out(), *down]

    def _kept_out(self) -> Iterator[Trouble]:
        """Stops that the venue did not place with their entry: the price had fallen past them, or a fault forbade."""
        for order in self.stage.sandbox.venue.ledger.orders:
            if order.stop_price is not None and order.expiry_reason is ExpiryReason.NOT_ADMITTED:
                at_s = (order.updated_at - self.plan.epoch).total_seconds()
                yield Trouble(at_s, at_s + seen_after_s(self.plan.exchange), "StopNotPlaced")

    def books(self) -> Books:
        """Both records as they stand."""
        return Books(self.stage.sandbox, self.stage.database())

    # What acts do -------------------------------------------------------------------------------------------------

    def beside(self, work: Coroutine[None, None, None]) -> None:
        """Let something go on beside the plan."""
        task = self.stage.loop.create_task(work)
        self._tasks.add(task)

    def tell(self, line: str) -> None:
        """Note a line of the story."""
        self.stage.story.tell(f"-- {line}")

    def answered(self, signal_id: str, status: int | None) -> None:
        """Note how the sender of an alert fared."""
        self.tell(f"alert {signal_id} answered {status}")
        self.answers.append((signal_id, status))
        if status in _STORED:
            self.accepted.append(signal_id)

    def troubled(self, what: str, lasts_s: float) -> None:
        """Note a trouble that begins now."""
        self.weather.struck[what] += 1
        self.weather.troubles.append(Trouble(self.now_s, self.now_s + lasts_s, what))

    def resting(self) -> list[Order]:
        """Helix's orders that rest at the venue."""
        return self.books().resting()

    def move_price(self, price: Decimal) -> None:
        """Move the market."""
        self.stage.sandbox.venue.set_price(on_tick(price, self.market.price_tick))

    def arm_seam(self, seam: str, nth: int) -> None:
        """Crash at a seam to come."""
        self._seams.append((seam, nth))

    def _seam(self, name: str, _number: int) -> bool:
        for place, (seam, nth) in enumerate(self._seams):
            if name.startswith(seam):
                if nth > 1:
                    self._seams[place] = (seam, nth - 1)
                    continue
                del self._seams[place]
                self.tell(f"power cut at {name}")
                self.weather.struck["CrashAtSeam"] += 1
                return True
        return False

    def revoke_key(self, lasts_s: float) -> None:
        """Take the key's rights for a while."""
        rights = self.stage.sandbox.rights

        def give_back() -> None:
            rights.read = rights.trade = True

        rights.read = rights.trade = False
        self.stage.loop.call_later(lasts_s, give_back)
        self.troubled("KeyRevoked", lasts_s)

    def storage(self, what: str, lasts_s: float) -> None:
        """Make the database fail for a while."""
        disk = self.stage.disk

        def heal() -> None:
            setattr(disk, what, False)

        setattr(disk, what, True)
        self.stage.loop.call_later(lasts_s, heal)
        self.troubled(f"disk {what}", lasts_s)


def _standing(books: Books) -> object:
    """Where everything stands that has halted for a human; None where no such halt is in force."""
    if not any(halt["kind"] in _FOR_A_HUMAN for halt in books.halts_in_force):
        return None
    return (
        [(row["id"], row["done_at"]) for row in books.signals],
        [(name, row["state"]) for name, row in books.journal.items()],
        [(row["id"], row["status"]) for row in books.trades],
        [(row["id"], row["cleared_at"]) for row in books.halts],
        [(order.order_id, order.status) for order in books.ledger.orders],
        (len(books.ledger.executions), len(books.ledger.movements)),
    )
