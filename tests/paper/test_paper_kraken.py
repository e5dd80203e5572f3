"""Paper on a venue without a testnet: public data only, a restart in the middle, the same result."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from helix_core.sandbox import serving
from helix_kraken.sandbox import sandbox
from tests.bot.conftest import Venue, environment, running
from tests.paper.test_paper_bot import TRADE, accepted

if TYPE_CHECKING:
    from pathlib import Path


def on_paper(venue: Venue) -> dict[str, str]:
    """Settings without any key."""
    changes = {"ACTIVE_EXCHANGE": "kraken", "TRADING_MODE": "paper", "KRAKEN_BASE_URL": venue.url}
    given = environment(venue, **changes)
    return {name: value for name, value in given.items() if not name.startswith("BINANCE_")}


async def traded(folder: Path, *, restart: bool) -> tuple[list[tuple[Any, ...]], set[str]]:
    """BUY, perhaps a restart, SELL at a higher price: the trade, and every path that was asked for."""
    made = sandbox()
    async with serving(made.app) as url:
        venue = Venue(made, url)
        async with running(folder, on_paper(venue)) as bot:
            await accepted(bot, "BUY")
            if not restart:
                made.venue.set_price(Decimal("65000.0"))
                await accepted(bot, "SELL")
        if restart:
            async with running(folder, on_paper(venue)) as bot:
                made.venue.set_price(Decimal("65000.0"))
                await accepted(bot, "SELL")
        return bot.rows(TRADE), {request.path for request in made.requests}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders for two bots."""
    for name in ("straight", "restarted"):
        (tmp_path / name).mkdir()
    return tmp_path / "straight", tmp_path / "restarted"


@pytest.mark.deep
async def test_a_whole_trade_with_a_restart_in_the_middle(folders: tuple[Path, Path]) -> None:
    straight, asked = await traded(folders[0], restart=False)
    restarted, asked_again = await traded(folders[1], restart=True)

    assert restarted == straight
    assert straight[0][:2] == ("closed", "signal")
    assert straight[0][6] > 0
    assert all(path.startswith("/0/public/") for path in asked | asked_again)
