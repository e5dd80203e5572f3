"""The crash-point matrix: the power is cut at every seam, with every outcome of the call, and again while it recovers.

    point = Matrix("exchange", "market")[4711]; result = run(point.plan)

A seam is a place between two effects that outlive the bot: before and after each commit, before an order leaves, when
it has arrived, and when its answer is read. What happens between two seams leaves nothing behind that a new start could
find, so a cut there is a cut at the seam before. Each point is a plan like any other: it prints, and is played and
judged by the same code.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from math import gcd
from typing import TYPE_CHECKING

from helix_core.sim import acts
from helix_core.sim.acts import Act
from helix_core.sim.crash_scenes import NOTHING, SCENES, outcomes
from helix_core.sim.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helix_core.sim.crash_scenes import Outcome, Scene
    from helix_core.sim.play import Play
    from helix_core.sim.strikes import Asked, Strike
    from helix_core.sim.troubles import Aim

RECOVERY_SEAMS = 15
_GOLDEN = (5**0.5 - 1) / 2
_ENDS_AFTER_S = 14.0
STRUCK = "crash point"
_LOOSE = {"MAX_DAILY_LOSS_PCT": "25", "MAX_DRAWDOWN_PCT": "50", "MAX_CONSECUTIVE_LOSSES": "50"}
_OF_STYLE = {"market": {}, "atomic": {"ENTRY_STYLE": "atomic"}}


@dataclass(frozen=True, kw_only=True)
class CutsAtSeams(Act):
    """Cut the power at the `first` seam from now on, and at the `second` one after that (0: only once)."""

    first: int
    second: int = 0

    async def perform(self, play: Play) -> None:
        """Arm it."""
        cuts = [seam for seam in (self.first, self.second) if seam]
        orders: set[str] = set()
        play.stage.network.judge = _noting(orders, play.stage.network.judge)
        others = play.stage.on_seam

        def seam(name: str, number: int) -> bool:
            place, _, of = name.partition(" ")
            if cuts and (place.startswith("commit") or of in orders):
                cuts[0] -= 1
                if cuts[0] == 0:
                    del cuts[0]
                    play.weather.struck[STRUCK] += 1
                    play.tell(f"power cut at {name}")
                    return True
            return others is not None and others(name, number)

        play.stage.on_seam = seam


def _noting(orders: set[str], judge: Callable[[Asked], Strike | None]) -> Callable[[Asked], Strike | None]:
    """`judge`, while the names of requests that change something at the venue are kept."""

    def note(asked: Asked) -> Strike | None:
        if asked.order:
            orders.add(asked.name)
        return judge(asked)

    return note


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashPoint:
    """One cell: the scene, the call of it that is struck, what becomes of that, and the seams of one or two cuts."""

    exchange: str
    style: str
    scene: Scene
    aim: Aim | None
    passing: int
    outcome: Outcome
    first: int
    second: int

    @property
    def cuts(self) -> int:
        """How often the power is cut."""
        return 1 + bool(self.second)

    @property
    def plan(self) -> Plan:
        """What is played."""
        at_s = self.scene.at_s
        struck = () if self.aim is None else self.outcome.of(self.aim, self.passing, at_s)
        cuts = CutsAtSeams(at_s=at_s, first=self.first, second=self.second)
        end = acts.Price(at_s=at_s + _ENDS_AFTER_S, ratio=Decimal("0.99"))
        return Plan(
            seed=0,
            exchange=self.exchange,
            style=self.style,
            acts=(*self.scene.before, *struck, cuts, *self.scene.acts, end),
            features=(str(self),),
            settings=tuple(sorted({**_LOOSE, **_OF_STYLE[self.style]}.items())),
        )

    def __str__(self) -> str:
        """In words."""
        call = "nothing is struck" if self.aim is None else f"{self.aim} call {self.passing + 1}: {self.outcome.name}"
        again = f", then at seam {self.second}" if self.second else ""
        return f"{self.exchange} {self.style}, {self.scene.name}, {call}, cut at seam {self.first}{again}"


class Matrix:
    """Every point of one path, numbered. The same number is the same point in every run.

    Some points do not exist: a scene that ends before its seam is reached has none there.
    """

    def __init__(self, exchange: str, style: str = "market") -> None:
        """All points of `style` entries on `exchange`."""
        self._path = (exchange, style)
        self._rows = [(scene, *struck) for scene in SCENES for struck in _struck(scene)]
        self._ends = list(accumulate(scene.seams * (RECOVERY_SEAMS + 1) for scene, *_ in self._rows))

    def __len__(self) -> int:
        """How many."""
        return self._ends[-1]

    def __getitem__(self, number: int) -> CrashPoint:
        """The point of that number. Raises IndexError when there is none."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        row = bisect_right(self._ends, number)
        scene, aim, passing, outcome = self._rows[row]
        first, second = divmod(number - self._ends[row], RECOVERY_SEAMS + 1)
        exchange, style = self._path
        return CrashPoint(
            exchange=exchange,
            style=style,
            scene=scene,
            aim=aim,
            passing=passing,
            outcome=outcome,
            first=first % scene.seams + 1,
            second=second,
        )

    def numbers(self, start: int = 0) -> Iterator[int]:
        """All numbers, each once: however many are taken, they lie evenly over scenes, outcomes and seams.

        The step is the golden section of the whole, to the next number that shares no factor with it.
        """
        step = int(len(self) * _GOLDEN)
        while gcd(step, len(self)) != 1:
            step += 1
        return ((start + turn * step) % len(self) for turn in range(len(self)))


def _struck(scene: Scene) -> Iterator[tuple[Aim | None, int, Outcome]]:
    yield None, 0, NOTHING
    for aim, passing in scene.calls:
        for outcome in outcomes(aim):
            yield aim, passing, outcome
