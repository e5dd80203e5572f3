"""A stranger's risk check in a running bot: it can veto, and with a bug in it nothing gets through."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.bot.conftest import ORDER, SECRET, Venue, environment, venue
from tests.bot.test_restart import Process
from tests.third_party.conftest import Repository, new, pip_install

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["venue"]  # the fixture

pytestmark = pytest.mark.timeout(180)  # several processes each

BUGS = """
        import asyncio
        match context.signal.signal_id:
            case "raises":
                raise RuntimeError("a bug")
            case "hangs":
                await asyncio.sleep(3600)
            case "forgets":
                return None
            case "nods":
                return True
            case "blocks":
                import time
                time.sleep(1.2)
"""


@asynccontextmanager
async def running(repository: Repository, venue: Venue) -> AsyncIterator[Process]:
    """`helix run` as a process of its own, the repository's distribution beside Helix."""
    folder = repository.site.parent / "bot"
    folder.mkdir()
    bot = Process(folder, environment(venue, PYTHONPATH=str(repository.site)))
    await bot.start()
    try:
        yield bot
    finally:
        await bot.kill()


async def buy(bot: Process, signal_id: str, price: float = 64210.5) -> tuple[int, dict[str, Any]]:
    """The bot's answer to an alert."""
    alert = {"signal": "BUY", "symbol": "BTC/USDT", "price": price, "signal_id": signal_id}
    async with httpx.AsyncClient(base_url=bot.url, timeout=30, verify=False) as client:
        answer = await client.post("/webhook", content=json.dumps(alert), headers={"X-Webhook-Secret": SECRET})
        return answer.status_code, answer.json()


@pytest.mark.deep
async def test_a_check_installed_with_pip_is_listed_and_vetoes_a_trade(tmp_path: Path, venue: Venue) -> None:
    """The signal far from the market is denied and nothing is sent; the next one trades."""
    repository = new("risk-check", "price-guard", tmp_path)
    pip_install(repository)

    listed = json.loads(repository.run("helix_core", "plugins", "--json"))
    async with running(repository, venue) as bot:
        denied, why = await buy(bot, "far away", price=50000)
        sent = venue.sent("POST")
        allowed, _ = await buy(bot, "close by")

    row = {"name": "price-guard", "distribution": "helix-price-guard", "version": "0.1.0", "kinds": ["risk_checks"]}
    assert {**row, "status": "installed"} in listed
    assert (denied, why["status"], why["reason"]) == (409, "rejected", "price_guard")
    assert "28.4" in why["detail"]
    assert sent == []
    assert allowed == 200
    assert venue.sent("POST").count(f"POST {ORDER}") == 1
    assert bot.rows("SELECT verdict FROM verdicts WHERE gate = 'price_guard' ORDER BY id") == [("deny",), ("allow",)]


@pytest.mark.deep
async def test_a_check_with_a_bug_lets_nothing_through(tmp_path: Path, venue: Venue) -> None:
    """Raising, hanging, answering None or True, holding up the program: each BUY is answered 409, no order is sent."""
    repository = new("risk-check", "price-guard", tmp_path)
    module = repository.package / "__init__.py"
    before, line, after = module.read_text().partition("        away_pct = ")
    module.write_text(before + BUGS.lstrip("\n") + line + after)
    repository.install()

    async with running(repository, venue) as bot:
        answers = {bug: await buy(bot, bug) for bug in ("raises", "hangs", "forgets", "nods", "blocks")}
        sent = venue.sent("POST")
        sound, _ = await buy(bot, "no bug")

    assert line
    assert {bug: (code, said["reason"]) for bug, (code, said) in answers.items()} == dict.fromkeys(
        answers, (409, "check_failed")
    )
    assert all(said["detail"].startswith("price_guard:") for _, said in answers.values())
    assert sent == []
    assert bot.rows("SELECT count(*) FROM trades") == [(1,)]
    assert sound == 200
