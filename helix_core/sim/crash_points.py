"""The crash-point matrix: the power is cut at every seam, with every outcome of the call, and again while it recovers.

    point = Matrix("exchange", "market")[4711]; result = run(point)

A seam is a place between two effects that outlive the bot: before and after each commit, before an order leaves, when
it has arrived, and when its answer is read. What happens between two seams leaves nothing behind that a new start could
find, so a cut there is a cut at the seam before. Each point is a plan like any other: it prints, and is played and
judged by the same code.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from math import gcd
from typing import TYPE_CHECKING

from helix_core.sim.crash_cuts import Cuts, CutsAt
from helix_core.sim.crash_scenes import DUPLICATE, NOTHING, SCENES, outcomes
from helix_core.sim.plan import Plan
from helix_core.sim.ways import carries_stops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helix_core.sim.crash_scenes import Outcome, Scene
    from helix_core.sim.troubles import Aim

RECOVERY_SEAMS = 15
_GOLDEN = (5**0.5 - 1) / 2
_LOOSE = {"MAX_DAILY_LOSS_PCT": "25", "MAX_DRAWDOWN_PCT": "50", "MAX_CONSECUTIVE_LOSSES": "50"}
_OF_STYLE = {"market": {}, "atomic": {"ENTRY_STYLE": "atomic"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Points that have all in common but where the power is cut: the scene, the call that is struck, its outcome."""

    exchange: str
    style: str
    scene: Scene
    aim: Aim | None
    passing: int
    outcome: Outcome

    def __len__(self) -> int:
        """One point without a cut, and for each seam one with that cut only and those with a second one."""
        return 1 + self.scene.seams * (RECOVERY_SEAMS + 1)

    def seams(self, place: int) -> tuple[int, ...]:
        """Where the power is cut in the point at `place` of this row."""
        if place == 0:
            return ()
        first, second = divmod(place - 1, RECOVERY_SEAMS + 1)
        return (first + 1, second) if second else (first + 1,)

    def place(self, seams: tuple[int, ...]) -> int:
        """The reverse of `seams`."""
        if not seams:
            return 0
        first, second = (*seams, 0)[:2]
        return 1 + (first - 1) * (RECOVERY_SEAMS + 1) + second

    def plan(self, cuts: Cuts) -> Plan:
        """What is played."""
        struck = () if self.aim is None else self.outcome.of(self.aim, self.passing, self.scene.at_s)
        return Plan(
            seed=0,
            exchange=self.exchange,
            style=self.style,
            acts=(*self.scene.before, *struck, cuts, *self.scene.acts),
            features=(str(self),),
            settings=tuple(sorted({**_LOOSE, **_OF_STYLE[self.style]}.items())),
        )

    def __str__(self) -> str:
        """In words."""
        call = "nothing is struck" if self.aim is None else f"{self.aim} call {self.passing + 1}: {self.outcome.name}"
        return f"{self.exchange} {self.style}, {self.scene.name}, {call}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashPoint:
    """One cell of a row: the seams of one cut or two. Without one, the row's story is played to its end."""

    number: int
    row: Row
    seams: tuple[int, ...]

    @property
    def plan(self) -> Plan:
        """What is played."""
        return self.row.plan(CutsAt(at_s=self.row.scene.at_s, seams=self.seams))

    def __str__(self) -> str:
        """In words."""
        cuts = "".join(f", then at seam {seam}" for seam in self.seams[1:])
        return f"{self.row}, " + (f"cut at seam {self.seams[0]}{cuts}" if self.seams else "not cut")


class Matrix:
    """Every point of one path, numbered. The same number is the same point in every run.

    Some points do not exist: a scene that ends before its seam is reached has none there.
    """

    def __init__(self, exchange: str, style: str = "market") -> None:
        """All points of `style` entries on `exchange`.

        A sandbox that attaches stops to entries also counts nonces: asked a second time, it does not get to the id.
        """
        self.rows = tuple(
            Row(exchange=exchange, style=style, scene=scene, aim=aim, passing=passing, outcome=outcome)
            for scene in SCENES
            for aim, passing, outcome in _struck(scene)
            if outcome is not DUPLICATE or not carries_stops(exchange)
        )
        self._ends = list(accumulate(map(len, self.rows)))

    def __len__(self) -> int:
        """How many."""
        return self._ends[-1]

    def __getitem__(self, number: int) -> CrashPoint:
        """The point of that number. Raises IndexError when there is none."""
        row, place = self.place(number)
        return CrashPoint(number=number, row=self.rows[row], seams=self.rows[row].seams(place))

    def place(self, number: int) -> tuple[int, int]:
        """The row of a point, and its place there. Raises IndexError when there is no such point."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        row = bisect_right(self._ends, number)
        return row, number - self.first(row)

    def first(self, row: int) -> int:
        """The number of the first point of a row."""
        return self._ends[row] - len(self.rows[row])

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
