"""The mutants' part of a proof: each is shown to be found, first at the seed that found it before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helix_core.sim.crew import Lost, spread
from helix_core.sim.hunt import hunt
from helix_core.sim.mutants import MUTANTS, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helix_core.sim.proof_memory import Memory
    from helix_core.sim.tally import Tally

MOST_SEEDS = 1_000
_AT_ONCE = 5
_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class _Hunt:
    mutant: str
    first: int
    most: int


@dataclass(frozen=True, slots=True)
class _Found:
    hunt: _Hunt
    seed: int | None
    words: str


class Hunts:
    """Hunts every mutant. What was tried in vain is remembered, and the next proof goes on behind it."""

    def __init__(self, memory: Memory, tally: Tally) -> None:
        """Begin with what the proofs before found."""
        self._known, self._tally = memory.mutants, tally
        self._caught: set[str] = set()

    def play(self, workers: int, enough: Callable[[], bool], idle: Callable[[], None]) -> None:
        """Hunt until `enough`. What has been found before is shown again in any case."""
        for mutant in MUTANTS:
            self._tally.mutants[mutant.name] = f"{mutant.name}: not found yet ({mutant.mistake})"
        self._spread(self._again(), workers, lambda: False, idle)
        self._spread(self._further(), workers, enough, idle)

    def _again(self) -> Iterator[_Hunt]:
        for mutant in MUTANTS:
            seed = self._known.get(mutant.name, {}).get("seed")
            if seed is not None:
                yield _Hunt(mutant.name, seed, 1)

    def _further(self) -> Iterator[_Hunt]:
        """A few seeds of each that is left, in turn. One that its known seed no longer finds begins anew."""
        left = [mutant.name for mutant in MUTANTS if mutant.name not in self._caught]
        following = {name: self._known.get(name, {}).get("tried", 0) for name in left}
        while following:
            for name, first in list(following.items()):
                if name in self._caught or first >= MOST_SEEDS:
                    del following[name]
                    continue
                following[name] = first + _AT_ONCE
                yield _Hunt(name, first, min(_AT_ONCE, MOST_SEEDS - first))

    def _spread(
        self, hunts: Iterator[_Hunt], workers: int, enough: Callable[[], bool], idle: Callable[[], None]
    ) -> None:
        for found in spread(_hunt, hunts, workers=workers, limit_s=_LIMIT_S, enough=enough, idle=idle):
            if isinstance(found, Lost):
                job: _Hunt = found.job
                self._tally.fail("mutants", f"{job.mutant}: {found.why}", f"helix-sim --mutant {job.mutant}")
            else:
                self._note(found)

    def _note(self, found: _Found) -> None:
        name, first = found.hunt.mutant, found.hunt.first
        if found.seed is not None:
            if name in self._caught and self._known[name]["seed"] <= found.seed:
                return
            self._caught.add(name)
            self._known[name] = {"seed": found.seed, "words": found.words, "tried": found.seed}
            self._tally.mutants[name] = found.words
        elif name not in self._caught:
            tried = 0 if found.hunt.most == 1 else first + found.hunt.most
            self._known[name] = {"seed": None, "words": "", "tried": tried}
            self._tally.mutants[name] = f"{name}: not found yet in {tried} seeds ({named(name).mistake})"
            if tried >= MOST_SEEDS:
                self._tally.fail("mutants", f"{name}: not found in {tried} seeds", f"helix-sim --mutant {name}")


def _hunt(job: _Hunt) -> _Found:
    """Done in a process of its own."""
    caught = hunt(named(job.mutant), job.most, job.first)
    return _Found(job, caught.seed, str(caught))
