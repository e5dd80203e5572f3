"""What proofs remember: where the last one ended, which seed finds which mutant, and the numbers of every run."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_SUMMED = ("seeds", "lives_of_orders", "crash_points", "kills", "broken")


class Memory:
    """A file that is written whole or not at all.

    `mutants`: by name, the `seed` that found it or None, the `words` it was found with, how many seeds were `tried`.
    """

    def __init__(self, file: Path, kept: dict[str, Any]) -> None:
        """Remember `kept`, and keep it in `file`."""
        self._file = file
        self._seeds: dict[str, int] = kept.get("next_seed", {})
        self.next_point: dict[str, int] = kept.get("next_point", {})
        self._kill: int = kept.get("next_kill", 0)
        self.mutants: dict[str, dict[str, Any]] = kept.get("mutants", {})
        self._before: list[dict[str, Any]] = kept.get("runs", [])
        self.runs = self._before

    @classmethod
    def of(cls, file: Path) -> Memory:
        """What the proofs before kept in `file`; nothing where there is none."""
        return cls(file, json.loads(file.read_text(encoding="utf-8")) if file.exists() else {})

    def next_seed(self, way: str) -> int:
        """A seed of this way that no proof has played."""
        seed = self._seeds.get(way, 0)
        self._seeds[way] = seed + 1
        return seed

    def next_kill(self) -> int:
        """A seed for real kills likewise."""
        self._kill += 1
        return self._kill

    def keep(self, run: dict[str, Any]) -> None:
        """Write everything down, with this run as it stands now."""
        self.runs = [*self._before, run]
        kept = {
            "next_seed": self._seeds,
            "next_point": self.next_point,
            "next_kill": self._kill,
            "mutants": self.mutants,
            "runs": self.runs,
        }
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        new.replace(self._file)

    def sums(self) -> Counter[str]:
        """What all runs have counted together."""
        return sum((Counter({name: run[name] for name in _SUMMED}) for run in self.runs), Counter[str]())
