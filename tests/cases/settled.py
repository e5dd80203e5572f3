"""Waiting for what was asked to be done, however busy the machine is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bot.conftest import RunningBot
    from tests.bot.staged import StagedBot


async def bought(bot: RunningBot | StagedBot) -> None:
    """Post the first BUY, and wait until it has ended well."""
    await bot.post("BUY")
    await bot.until("SELECT action FROM signals", [("accepted",)], seconds=30)
