"""`helix-sim`: plays seeds, replays one, shrinks it, hunts mutants, and writes the proof."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from helix_core.sim.ways import MARKET, ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from helix_core.sim.plan import Plan
    from helix_core.sim.seeds import Result

_FAILED = 1
_MOST_SEEDS_OF_A_MUTANT = 1_000
app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, help="Helix under simulated time, faults and crashes."
)
console = Console(highlight=False, soft_wrap=True)


@app.callback(invoke_without_command=True)
def simulate(
    context: typer.Context,
    *,
    exchange: Annotated[str, typer.Option(help="Whose sandbox; the first one installed if left out.")] = "",
    style: Annotated[str, typer.Option(help="market or atomic: how the entry and its stop are placed.")] = MARKET,
    seed: Annotated[int | None, typer.Option(help="Replay one seed.")] = None,
    trace: Annotated[bool, typer.Option("--trace", help="Tell the whole story of --seed.")] = False,
    shrink: Annotated[bool, typer.Option("--shrink", help="Find the fewest acts of --seed that still fail.")] = False,
    only: Annotated[str, typer.Option(help="Leave --seed no acts but those at these places, like 0,3,4.")] = "",
    seeds: Annotated[str, typer.Option(help="Play the seeds FROM:TO, TO left out.")] = "0:20",
    jobs: Annotated[int, typer.Option(help="How many processes.")] = 1,
    mutant: Annotated[str, typer.Option(help="Hunt this mistake, or `all`; with --seed: play that seed with it.")] = "",
    crash_points: Annotated[int, typer.Option(help="Play so many crash points instead.")] = 0,
    crash_point: Annotated[int | None, typer.Option(help="Replay one crash point.")] = None,
    kill_seed: Annotated[int, typer.Option(help="The choices of --kills; its moments are real, and differ.")] = 0,
    kills: Annotated[int, typer.Option(help="Kill real processes so often instead.")] = 0,
) -> None:
    """Play plans, and judge each by the venue's ledger and the bot's database. Exit code 1: a promise was broken."""
    if context.invoked_subcommand is not None:
        return
    paths = [way for way in ways() if exchange in ("", way[0])]
    exchange = exchange or ways()[0][0]
    if kills:
        good = _kill(kills, kill_seed, paths)
    elif crash_points:
        good = _crash(crash_points, exchange, style, jobs)
    elif crash_point is not None:
        good = _replay_crash(crash_point, exchange, style, trace=trace)
    elif seed is not None:
        with _alive(mutant):
            good = _replay(exchange, style, seed, trace=trace, shrinking=shrink, only=only)
    elif mutant:
        good = _hunt(mutant)
    else:
        good = _play(exchange, style, seeds, jobs)
    if not good:
        raise typer.Exit(_FAILED)


@app.command()
def proof(
    *,
    minutes: Annotated[float, typer.Option(help="How long to go on, at most.")] = 30.0,
    hours: Annotated[float, typer.Option(help="The same in hours; it counts where it is given.")] = 0.0,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/proof.md"),
    jobs: Annotated[int, typer.Option(help="How many processes.")] = 2,
) -> None:
    """Play everything, and write down what was shown."""
    from helix_core.sim.proof import prove  # noqa: PLC0415 - keeps --help instant

    if not prove(minutes=60 * hours or minutes, page=out, jobs=jobs, told=console.print):
        raise typer.Exit(_FAILED)


def _alive(mutant: str) -> AbstractContextManager[None]:
    from helix_core.sim.mutants import named  # noqa: PLC0415 - keeps --help instant

    return named(mutant).alive() if mutant else nullcontext()


def _replay(exchange: str, style: str, seed: int, *, trace: bool, shrinking: bool, only: str) -> bool:
    from helix_core.sim.plan import Plan  # noqa: PLC0415 - keeps --help instant
    from helix_core.sim.seeds import run  # noqa: PLC0415
    from helix_core.sim.shrink import shrink  # noqa: PLC0415

    plan = Plan.of(seed, exchange, style)
    places = [int(place) for place in only.split(",")] if only else list(range(len(plan.acts)))
    plan = plan.only(*places)
    if shrinking and run(plan).violations:
        small = shrink(plan, console.print)
        plan = small.plan
        console.print(f"--only {','.join(str(places[place]) for place in small.places)}")
    return _show(plan, lambda: run(plan, tell=trace))


def _show(plan: Plan, played: Callable[[], Result]) -> bool:
    console.print(str(plan), markup=False)
    result = played()
    for line in result.story:
        console.print(line, markup=False)
    _tell([result])
    return not result.violations


def _play(exchange: str, style: str, seeds: str, jobs: int) -> bool:
    from helix_core.sim.seeds import Job, run_many  # noqa: PLC0415 - keeps --help instant

    first, _, last = seeds.partition(":")
    todo = [Job(seed=number, exchange=exchange, style=style) for number in range(int(first), int(last or first))]
    return _tell(run_many(todo, jobs))


def _hunt(name: str) -> bool:
    from helix_core.sim.hunt import hunt  # noqa: PLC0415 - keeps --help instant
    from helix_core.sim.mutants import MUTANTS, named  # noqa: PLC0415

    found = [hunt(mutant, _MOST_SEEDS_OF_A_MUTANT) for mutant in (MUTANTS if name == "all" else (named(name),))]
    for caught in found:
        console.print(str(caught), markup=False)
    return all(caught.seed is not None for caught in found)


def _crash(number: int, exchange: str, style: str, jobs: int) -> bool:
    from helix_core.sim import crashes  # noqa: PLC0415 - keeps --help instant

    found = Counter[str]()
    for played in crashes.run_many(exchange, style, wanted=number, workers=jobs):
        found.update({"reached": played.reached, "broken": bool(played.result.violations)})
        for violation in played.result.violations:
            console.print(f"  BROKEN {violation}", markup=False)
        if played.result.violations:
            console.print(f"  {played.point}\n  {played.command}", markup=False)
    console.print(f"crash points: {dict(found)}", markup=False)
    return not found["broken"]


def _replay_crash(number: int, exchange: str, style: str, *, trace: bool) -> bool:
    from helix_core.sim.crash_points import Matrix  # noqa: PLC0415 - keeps --help instant
    from helix_core.sim.crash_tree import run  # noqa: PLC0415

    point = Matrix(exchange, style)[number]
    return _show(point.plan, lambda: run(point, tell=trace).result)


def _kill(number: int, seed: int, paths: Sequence[tuple[str, str]]) -> bool:
    import asyncio  # noqa: PLC0415 - keeps --help instant

    from helix_core.sim import kills  # noqa: PLC0415

    report = asyncio.run(kills.run(kills=number, seed=seed, paths=paths))
    console.print(f"{report.kills} kills in {report.lives} lives, {report.orders} orders, {report.wall_s:.0f} s")
    for violation in report.violations:
        console.print(f"  BROKEN {violation}", markup=False)
    return not report.violations


def _tell(results: Iterable[Result]) -> bool:
    """Say what was played, and what was broken with the command that replays it. True when nothing was."""
    count, broken, orders, struck, cpu_s = 0, 0, Counter[str](), Counter[str](), 0.0
    for result in results:
        count, cpu_s = count + 1, cpu_s + result.cpu_s
        orders.update(result.orders)
        struck.update(result.struck)
        broken += bool(result.violations)
        for violation in result.violations:
            console.print(f"  BROKEN {violation}", markup=False)
        if result.violations:
            console.print(f"  {result.job.command}", markup=False)
        for naked in result.naked:
            if naked.excess_s > 2:  # noqa: PLR2004 - the figure that is promised
                console.print(f"  {result.job.command}: {naked}", markup=False)
    console.print(f"{count} plans, {broken} broken; orders {dict(orders)}; struck {dict(struck)}", markup=False)
    console.print(f"{cpu_s / max(1, count):.3f} s of processor a plan", markup=False)
    return not broken


def main() -> None:
    """Run `helix-sim`."""
    app()
