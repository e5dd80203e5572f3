"""Where the power is cut: seams are counted, and at the chosen ones the bot dies, or the process forks and one dies."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from helix_core.sim.acts import Act

if TYPE_CHECKING:
    from collections.abc import Callable

    from helix_core.sim.play import Play
    from helix_core.sim.strikes import Asked, Strike

STRUCK = "crash point"


@dataclass(frozen=True, kw_only=True)
class Cuts(Act):
    """Counts the seams from now on, and again from each cut."""

    @abstractmethod
    def is_due(self, cuts: tuple[int, ...], seam: int) -> bool:
        """Whether the power goes off here, where it did so at the seams `cuts` before."""

    async def perform(self, play: Play) -> None:
        """Begin to count."""
        cuts: tuple[int, ...] = ()
        count = 0
        orders: set[str] = set()
        play.stage.network.judge = _noting(orders, play.stage.network.judge)

        def seam(name: str, _number: int) -> bool:
            nonlocal cuts, count
            place, _, of = name.partition(" ")
            if not place.startswith("commit") and of not in orders:
                return False
            count += 1
            if not self.is_due(cuts, count):
                return False
            cuts, count = (*cuts, count), 0
            play.weather.struck[STRUCK] += 1
            play.tell(f"power cut at {name}")
            return True

        play.stage.on_seam = seam

    def __str__(self) -> str:
        """The same words for a point that is played alone and for one that is a branch: their stories are equal."""
        return f"{self.at_s:8.3f} s  seams are counted from here"


@dataclass(frozen=True, kw_only=True)
class CutsAt(Cuts):
    """Cut the power at these seams; each is counted from the cut before."""

    seams: tuple[int, ...]

    def is_due(self, cuts: tuple[int, ...], seam: int) -> bool:
        """As `seams` says."""
        return self.seams[len(cuts) : len(cuts) + 1] == (seam,) and self.seams[: len(cuts)] == cuts


@dataclass(frozen=True, kw_only=True)
class CutsByForking(Cuts):
    """Cut the power in a fork of this process; in this one it stays on. `fork` is asked at each seam."""

    fork: Callable[[tuple[int, ...]], bool] = field(repr=False)

    def is_due(self, cuts: tuple[int, ...], seam: int) -> bool:
        """Whether this is a fork that was made for it."""
        return self.fork((*cuts, seam))


def _noting(orders: set[str], judge: Callable[[Asked], Strike | None]) -> Callable[[Asked], Strike | None]:
    """`judge`, while the names of requests that change something at the venue are kept."""

    def note(asked: Asked) -> Strike | None:
        if asked.order:
            orders.add(asked.name)
        return judge(asked)

    return note
