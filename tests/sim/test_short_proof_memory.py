"""What proofs remember: nothing is counted twice, nothing that was counted is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.sim.proof_memory import Memory

if TYPE_CHECKING:
    from pathlib import Path

RUN = {"at": "now", "seeds": 10, "lives_of_orders": 42, "crash_points": 20, "kills": 3, "broken": 1}


def test_the_next_proof_goes_on_where_the_last_one_was_stopped(tmp_path: Path) -> None:
    """Seeds that were played are not played again, whenever the proof before was stopped after it had written."""
    first = Memory.of(tmp_path / "docs" / "proof.json")
    assert [first.next_seed("a way"), first.next_seed("a way"), first.next_seed("another")] == [0, 1, 0]
    first.next_point["a way"] = 77
    first.mutants["x"] = {"seed": 5, "words": "x: seed 5", "tried": 5}
    first.keep(RUN)

    second = Memory.of(tmp_path / "docs" / "proof.json")

    assert [second.next_seed("a way"), second.next_seed("another")] == [2, 1]
    assert second.next_point == {"a way": 77}
    assert second.mutants["x"]["seed"] == 5
    assert first.next_kill() == second.next_kill()


def test_a_run_that_is_written_many_times_counts_once(tmp_path: Path) -> None:
    """Every half a minute the run as it stands replaces what was written of it; earlier runs stay."""
    file = tmp_path / "proof.json"
    Memory.of(file).keep(RUN)
    running = Memory.of(file)
    running.keep({**RUN, "seeds": 1})
    running.keep({**RUN, "seeds": 2, "broken": 0})

    found = Memory.of(file)

    assert len(found.runs) == 2
    assert found.sums()["seeds"] == 12
    assert found.sums()["kills"] == 6
    assert found.sums()["broken"] == 1
    assert not file.with_suffix(".new").exists()
