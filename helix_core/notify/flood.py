"""Floods: when many messages of the talkative kinds have piled up, the owner reads one that counts them."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from helix_core.domain.notice import Notice, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

_TALKATIVE = frozenset({NoticeKind.SIGNAL_REJECTED, NoticeKind.ERROR, NoticeKind.BOT_STARTUP})
"""What can come by the hundred, and says by its number what it has to say. Nothing else is ever put together."""

_MANY = 10
_MOST_LINES = 10


def gathered(notices: Sequence[Notice]) -> list[Notice]:
    """The same messages in the same order, with each run of many talkative ones as one that counts equal texts.

    It has the number of the run's last message: once it is delivered, all of them are.
    """
    runs = groupby(notices, key=lambda notice: notice.kind in _TALKATIVE)
    return [notice for talkative, run in runs for notice in _shortened(list(run), talkative=talkative)]


def _shortened(run: list[Notice], *, talkative: bool) -> list[Notice]:
    return [_together(run)] if talkative and len(run) >= _MANY else run


def _together(run: list[Notice]) -> Notice:
    counts: dict[str, int] = {}
    for notice in run:
        counts[notice.text] = counts.get(notice.text, 0) + 1
    lines = [text if count == 1 else f"{text} ({count} times)" for text, count in counts.items()]
    shown = lines[:_MOST_LINES]
    if len(lines) > len(shown):
        shown.append(f"… and {sum(list(counts.values())[_MOST_LINES:])} others")
    heading = f"{len(run)} messages since {run[0].at:%Y-%m-%d %H:%M} UTC:"
    return replace(run[-1], kind=run[0].kind, text="\n".join([heading, *shown]), at=run[0].at)
