"""The page of a proof: what was played, what was found, and what it does not show."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helix_core.clock import SystemClock
from helix_core.sim.calm import REARMED_WITHIN_S
from helix_core.sim.naked import Phase
from helix_core.sim.ways import is_asked_seldom, ways

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from helix_core.sim.proof_memory import Memory
    from helix_core.sim.tally import Tally, Times

_CLEAN_P99_S = 2.0
_GIT_TIMEOUT_S = 10.0
_INVARIANTS = """\
- **I1** no orphan: every coin and order of Helix belongs to an open trade; coins that a human took raise a halt.
- **I2** of each signal at most one entry fills, equal signals within the window buy once, no accepted alert is lost.
- **I3, I7** what is held is under a stop when all has come to rest, halted or not.
- **I4** every order was in the journal before it left.
- **I5** no entry leaves while a halt is in force; halts outlive restarts and end only by the owner's hand.
- **I6** nothing is left unknown without a halt and an alarm; what counts as absent is not at the venue.
- **I11** fills, results and balances agree with the venue's ledger to the last digit.
- **calm** where no request is struck and nobody interferes, nothing halts and no signal fails; after a trouble, what
  has no stop is under one again, or sold, within 10 s (I3).
- no path of the code ends in the net under it (`unforeseen`), no bot ends by an error it may not end by (`died`)."""
_LEFT_OUT = """\
- The venues are Helix's own sandboxes: where a venue's documentation is silent or unclear they take the worst reading
  that we could think of, and they have not been compared with the real venues under faults.
- Sockets, time and the disk's delay are simulated for seeds and crash points (the real kills have them real). The
  database is a real SQLite file in memory; a power cut ends transactions as a killed process does. A disk that lies
  about what it has stored is not simulated.
- In seeds and crash points statements go through SQLAlchemy's driver for asyncio, in the bot itself straight to SQLite
  (`helix_core/store/inplace.py`): the real kills go that way, and the tests of the store go both.
- The simulated session has no websockets: seeds and crash points run on polling alone, which is the slower way. The
  streams are tested elsewhere.
- One symbol, one account, one position at a time. Market data are steps, not recorded markets.
- An order whose fee is paid in coins, with a stop that the venue sized by itself: the venue may take the fee from other
  coins in the account. The oracle allows such a stop to cover the fee, too.
- What a human does at the venue, and a stop that the venue does not place with an entry that should bring it, counts as
  a trouble until Helix could have seen it: one poll of open orders and 2 s.
- An atomic entry is placed at market, with its stop after it, where coins lie in the account that the venue would take
  the fee from, and where the symbol does not allow it: these are the `entry` rows, the others `entry with its stop`.
- An `exit` is the time between the confirmed cancel of the stop and the sale, on venues that lock the coins under a
  stop. It is there by design; the promise of no time without a stop is about entries and gaps."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, where and on which code."""

    began: datetime
    commit: str
    dirty: bool
    minutes: float
    jobs: int

    @classmethod
    def here(cls, *, minutes: float, jobs: int) -> Circumstances:
        """This machine and this folder, now."""
        changed = _git("status", "--porcelain", "--", ".", ":!docs/proof.md", ":!docs/proof.json")
        return cls(
            SystemClock().now(), _git("rev-parse", "--short=12", "HEAD") or "unknown", bool(changed), minutes, jobs
        )

    def summary(self, tally: Tally) -> dict[str, Any]:
        """One run in a few numbers."""
        return {
            "at": self.began.strftime("%Y-%m-%d %H:%M UTC"),
            "commit": self.commit + (" and changes" if self.dirty else ""),
            "minutes": round(tally.took_s / 60, 1),
            "seeds": tally.seeds.total(),
            "lives_of_orders": sum(number for kind, number in tally.orders.items() if kind != "filled"),
            "crash_points": tally.points.total(),
            "kills": tally.kills,
            "broken": tally.broken,
        }


def _git(*words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            ("git", *words),  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            check=True,
            timeout=_GIT_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def missed(tally: Tally) -> list[str]:
    """Promised times that were not kept, each in a sentence. Only what no trouble touched is asked for."""
    found = []
    for (way, phase), times in sorted(tally.clean.items()):
        most_s = _promised_s(way, phase)
        if most_s is None:
            continue
        if most_s == 0 and times.at(1.0) > 0:
            found.append(f"{way}: {phase} without a stop for {times.at(1.0):.3f} s, promised: never")
        elif times.at(0.99) > most_s:
            found.append(f"{way}: {phase} p99 is {times.at(0.99):.3f} s, promised: {most_s:g} s")
    return found


def _promised_s(way: str, phase: str) -> float | None:
    """Never without a stop where it comes with the entry. Where a venue is asked seldom, a gap is seen later."""
    if phase == Phase.EXIT.value:
        return None
    if phase == Phase.BROUGHT.value:
        return 0.0
    return REARMED_WITHIN_S if is_asked_seldom(way.partition(" ")[0]) else _CLEAN_P99_S


def written(tally: Tally, circumstances: Circumstances, memory: Memory) -> str:
    """The page."""
    parts = (
        _head(tally, circumstances),
        _failures(tally),
        _played(tally),
        _stops(tally),
        _points(tally),
        _kills(tally),
        _mutants(tally),
        f"## What was asked of every run\n\n{_INVARIANTS}",
        f"## What this does not show\n\n{_LEFT_OUT}",
        _runs(memory),
        _commands(),
    )
    return "\n\n".join(parts) + "\n"


def _head(tally: Tally, of: Circumstances) -> str:
    verdict = "**No promise was broken.**" if not tally.broken else f"**{tally.broken} promises were broken.**"
    late = missed(tally)
    promised = "Every promised time was kept." if not late else "Promised times that were not kept: " + "; ".join(late)
    code = f"commit `{of.commit}`" + (", with changes that were not committed" if of.dirty else "")
    machine = f"{os.cpu_count()} processors, Python {platform.python_version()}, {platform.system()}"
    return (
        "# Proof\n\nWritten by `helix-sim proof`. Nobody edits this page.\n\n"
        f"{verdict} {promised}\n\n"
        f"- {of.began:%Y-%m-%d %H:%M} UTC, {code}\n- {machine}; {of.minutes:g} minutes, {of.jobs} processes\n"
        f"- {tally.seeds.total():,} seeds, {tally.points.total():,} crash points, {tally.kills:,} real kills; "
        f"{sum(': seed ' in said for said in tally.mutants.values())} of {len(tally.mutants)} mutants found"
    )


def _failures(tally: Tally) -> str:
    if not tally.failures:
        return "## Broken promises\n\nNone."
    lines = [f"- {one.where}: {one.what}\n  `{one.command}`" for one in tally.failures]
    more = f"\n\nThe first {len(lines)} of {tally.broken}." if tally.broken > len(lines) else ""
    return "## Broken promises\n\n" + "\n".join(lines) + more


def _played(tally: Tally) -> str:
    orders = {kind: number for kind, number in tally.orders.items() if kind != "filled"}
    cpu_s = max(0.001, tally.seeds_cpu_s)
    facts = (
        ("seeds", f"{tally.seeds.total():,}"),
        *((f"seeds of {way}", f"{number:,}") for way, number in sorted(tally.seeds.items())),
        ("order lives", f"{sum(orders.values()):,} ({_counted(orders)}); entries filled: {tally.orders['filled']:,}"),
        ("signals stored", f"{tally.signals:,}"),
        ("lives of the bot", f"{tally.lives:,}"),
        ("requests to the venue", f"{tally.requests:,}"),
        ("simulated time", f"{tally.virtual_s / 3600:,.0f} h"),
        ("seeds a second of one processor", f"{tally.seeds.total() / cpu_s:.2f}"),
    )
    struck = _table(("trouble", "times"), ((kind, f"{number:,}") for kind, number in tally.struck.most_common()))
    return f"## Seeds\n\n{_table(('what', 'how many'), facts)}\n\nFaults that struck:\n\n{struck}"


def _stops(tally: Tally) -> str:
    columns = ("way", "phase", "times", "p50 s", "p99 s", "longest s")
    return (
        "## Time without a stop\n\nFrom the venue's ledger, to its millisecond. Stretches of no length are not in the "
        "tables: where a way and phase is missing, there was none.\n\nTouched by no trouble:\n\n"
        f"{_table(columns, _rows(tally.clean))}\n\nAfter a trouble had ended (the excess over the trouble):\n\n"
        f"{_table(columns, _rows(tally.excess))}\n\nThe longest of each:\n\n"
        + "\n".join(f"- {way}, {phase}: {s:.3f} s, `{who}`" for (way, phase), (s, who) in sorted(tally.worst.items()))
    )


def _rows(times: dict[tuple[str, str], Times]) -> Iterator[Sequence[str]]:
    for (way, phase), these in sorted(times.items()):
        yield way, phase, f"{these.number:,}", *(f"{length:.3f}" for _, length in these.figures())


def _points(tally: Tally) -> str:
    tables = (
        (("path", "points"), tally.points),
        (("scene", "points"), tally.scenes),
        (("struck call", "points"), tally.outcomes),
    )
    return (
        f"## Crash points\n\n{tally.points.total():,} points; the bot lived {tally.point_lives:,} times.\n\n"
        + "\n\n".join(
            _table(head, ((name, f"{number:,}") for name, number in _sorted(found))) for head, found in tables
        )
    )


def _kills(tally: Tally) -> str:
    moments = _table(("moment", "kills"), ((name, f"{number:,}") for name, number in tally.moments.most_common()))
    return (
        "## Real kills\n\nReal processes, sockets and files, ended by SIGKILL while they traded: "
        f"{tally.kills:,} kills, {tally.kill_lives:,} lives, {tally.kill_orders:,} orders, judged "
        f"{tally.kill_rounds:,} times.\n\n{moments}"
    )


def _mutants(tally: Tally) -> str:
    words = "\n".join(f"- {said}" for said in tally.mutants.values())
    return (
        "## Mutants\n\nMistakes put into Helix on purpose. Each counts as found at the first seed that breaks a "
        f"promise with it and none without it; at most 1,000 seeds are tried.\n\n{words}"
    )


def _runs(memory: Memory) -> str:
    columns = ("at", "commit", "minutes", "seeds", "lives_of_orders", "crash_points", "kills", "broken")
    rows = [[_shown(run[name]) for name in columns] for run in memory.runs]
    sums = memory.sums()
    rows.append(["all", "", *(_shown(sums.get(name, "")) for name in columns[2:])])
    return (
        "## All runs so far\n\nEach goes on with the seeds after those of the one before, on the code of its commit."
        "\n\n" + _table([name.replace("_", " ") for name in columns], rows)
    )


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _commands() -> str:
    exchange, style = ways()[0]
    return (
        "## To repeat it\n\n```\nhelix-sim proof --minutes 30 --jobs 2 --out docs/proof.md\n"
        f"helix-sim --exchange {exchange} --style {style} --seeds 0:100 --jobs 2\n"
        f"helix-sim --exchange {exchange} --style {style} --seed 7 --trace\n"
        "helix-sim --mutant all\nhelix-sim --crash-points 1000 --jobs 2\nhelix-sim --kills 200\n```\n\n"
        "`helix-sim proof --hours 8` goes on for longer."
    )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in sorted(counts.items()))


def _sorted(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
