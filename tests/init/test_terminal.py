"""At a terminal: `helix init` asks, tries each answer, finds the owner by itself, and writes what works."""

from __future__ import annotations

import stat
import tomllib
from typing import TYPE_CHECKING, Any

from tests.init.conftest import OWNER, names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.init.conftest import Outside, Terminal


async def test_from_an_empty_folder_to_settings_that_work(
    tmp_path: Path, outside: Outside, terminal: Callable[..., Terminal], command: Callable[..., Any]
) -> None:
    """A wrong key, a stranger and an outage on the way; in the end `helix check` finds all in order by itself."""
    screen = terminal(environ=outside.addresses())
    await screen.answers("Exchange", "binance")
    await screen.answers("Mode", "1")
    await screen.answers("Pair", "btcusdt")
    await screen.sees("like BTC/USDT")
    await screen.answers("Pair", "")
    await screen.answers("API key", outside.venue.api_key)
    await screen.answers("API secret", "wrong")
    await screen.sees("Binance refused: -1022")
    await screen.answers("API key", outside.venue.api_key)
    await screen.answers("API secret", outside.venue.api_secret)
    await screen.answers("Telegram: messages to your phone", "y")
    await screen.answers("Bot token", "1:not-the-token")
    await screen.sees("does not accept TELEGRAM_BOT_TOKEN")
    await screen.answers("Bot token", outside.telegram.token)
    await screen.sees("https://t.me/helix_test_bot")
    outside.telegram.say("hi\x1b[2J", chat_id=666)
    await screen.sees(r"hi\x1b[2J")
    outside.telegram.fail(502, times=1)
    await screen.answers("Is that you?", "n")
    await screen.answers("Try again?", "y")
    outside.telegram.say("hello", chat_id=OWNER)
    await screen.sees("Owner wrote: hello")
    await screen.answers("Is that you?", "y")
    code = await screen.ends()

    written = tomllib.loads((tmp_path / ".secrets.toml").read_text())
    plain = tomllib.loads((tmp_path / "settings.toml").read_text())
    assert code == 0, screen.seen
    assert stat.S_IMODE((tmp_path / ".secrets.toml").stat().st_mode) == 0o600
    assert plain == {
        "ACTIVE_EXCHANGE": "binance",
        "TRADING_MODE": "testnet",
        "TRADING_PAIR": "BTC/USDT",
        **outside.addresses(),
    }
    assert written.pop("WEBHOOK_SECRET") in screen.seen
    assert written == {
        "BINANCE_API_KEY": outside.venue.api_key,
        "BINANCE_API_SECRET": outside.venue.api_secret,
        "TELEGRAM_BOT_TOKEN": outside.telegram.token,
        "TELEGRAM_CHAT_ID": str(OWNER),
    }
    for hidden in (outside.venue.api_secret, outside.telegram.token):
        assert hidden not in screen.seen
    assert [(sent.chat_id, sent.text[:18]) for sent in outside.telegram.messages] == [(OWNER, "🤖 HELIX IS SET UP ")]
    assert outside.telegram.unconfirmed == []
    assert (await command("check", environ={}))[0] == 0


async def test_ctrl_c_in_the_middle_leaves_nothing(
    tmp_path: Path, outside: Outside, terminal: Callable[..., Terminal]
) -> None:
    """While it waits for the owner to write: all else has been answered, and none of it is on the disk."""
    given = {name: value for name, value in outside.answers().items() if name != "TELEGRAM_CHAT_ID"}
    screen = terminal("--exchange", "binance", "--mode", "testnet", "--pair", "BTC/USDT", environ=given)
    await screen.sees("Waiting up to")

    screen.interrupt()

    assert await screen.ends() == 130
    assert screen.seen.endswith("Nothing was written.\n")
    assert names(tmp_path) == []
