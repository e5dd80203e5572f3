"""The failure cases are met by the same real bot, before the same real sandbox venue, as everything else."""

from __future__ import annotations

from tests.bot.conftest import bot, venue

__all__ = ["bot", "venue"]
