"""`helix explain`: the whole story of one signal, read from the database, with the bot running or not."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import typer

from helix_core.cli.speaking import console, sentences

if TYPE_CHECKING:
    from helix_core.engine.telling import Stage
    from helix_core.store.story import Story

_LONGEST_ROW = 18
_MOST_OTHERS = 10
_A_DAY_S = 86_400


@sentences
def explain(
    signal: str = typer.Argument(help="Row of the signal (`id` in the webhook's answer), or its signal_id."),
    *,
    as_json: bool = typer.Option(False, "--json", help="Print it as JSON, as GET /signals/<row> has it."),
) -> None:
    """Tell what became of a signal, stage by stage. Changes nothing and asks nobody."""
    story, notes = asyncio.run(_find(signal))
    if as_json:
        from helix_core.engine import telling  # noqa: PLC0415 - keeps --help instant

        typer.echo(json.dumps(telling.facts(story), default=str, ensure_ascii=False, indent=2))
        return
    for note in notes:
        console.print(note, markup=False, style="yellow")
    _tell(story)


async def _find(signal: str) -> tuple[Story, list[str]]:
    """The story of the signal that is meant, and what to say of others that could be. Raises HelixError."""
    from helix_core.cli.database import opened  # noqa: PLC0415
    from helix_core.errors import StoreError  # noqa: PLC0415
    from helix_core.store import story  # noqa: PLC0415

    async with opened(only_to_look=True) as (_, store), store.read() as session:
        by_name = await story.named(session, signal)
        rows = [int(signal)] if signal.isascii() and signal.isdigit() and len(signal) <= _LONGEST_ROW else []
        for row in [*rows, *reversed(by_name)]:
            found = await story.of_signal(session, row)
            if found is not None:
                return found, _notes(signal, row, by_name)
    raise StoreError(f"The database holds no signal {signal}: no row of that number, and no signal_id of that name.")


def _notes(signal: str, row: int, by_name: list[int]) -> list[str]:
    others = [str(other) for other in by_name if other != row]
    shown = ", ".join(others[-_MOST_OTHERS:])
    return [f"This is row {row}. The signal_id {signal} is also that of: {shown}."] if others else []


def _tell(story: Story) -> None:
    from helix_core.engine import telling  # noqa: PLC0415

    signal = story.signal
    _say(f"Signal {signal.id}, signal_id {signal.signal_id}")
    _say(f"Times are UTC, from {signal.received_at:%Y-%m-%d} on; + counts from the alert's arrival.\n")
    for stage in telling.stages(story):
        _say(_line(stage, (stage.at - signal.received_at).total_seconds()))
    _say("")
    for sentence in telling.summary(story):
        _say(sentence)
    if story.others:
        _say(f"Of the same trade: signal {', '.join(str(other.id) for other in story.others)}.")


def _line(stage: Stage, since_s: float) -> str:
    day = "" if since_s < _A_DAY_S else f"{stage.at:%d %b} "
    clock = f"{stage.at:%H:%M:%S}.{stage.at.microsecond // 1000:03d}"
    return f"{day}{clock}  {f'+{since_s:.3f}':>10}  {stage.name:<12} {stage.words}"


def _say(text: str) -> None:
    """One line; nothing that a sender wrote can steer the terminal."""
    from helix_core.logs import visible  # noqa: PLC0415

    console.print("\n".join(map(visible, text.split("\n"))), markup=False)
