"""What must be set, when, and that everything is told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from helix_core.config import TradingMode
from helix_core.errors import ConfigError, PluginError
from helix_core.settings import load

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from tests.settings.conftest import Bot


@pytest.mark.parametrize(
    "name",
    ["ACTIVE_EXCHANGE", "WEBHOOK_SECRET", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "ACME_API_KEY", "ACME_API_SECRET"],
)
@pytest.mark.parametrize("text", [None, ""])
def test_a_missing_value_names_where_to_put_it(bot: Bot, name: str, text: str | None) -> None:
    """Empty is as bad as absent: one problem, with the name and the places."""
    with pytest.raises(ConfigError) as caught:
        bot.load(**{name: text})

    (problem,) = caught.value.problems
    assert problem.startswith(f"{name} is not set")
    assert ".env or the environment" in problem


def test_an_unfilled_template_is_not_a_configuration(bot: Bot) -> None:
    """.secrets.toml.example copied as it is starts nothing."""
    bot.write(".secrets.toml", 'WEBHOOK_SECRET = ""\nTELEGRAM_BOT_TOKEN = ""\nTELEGRAM_CHAT_ID = ""\n')

    with pytest.raises(ConfigError) as caught:
        bot.load(WEBHOOK_SECRET=None, TELEGRAM_BOT_TOKEN=None, TELEGRAM_CHAT_ID=None)

    assert len(caught.value.problems) == 3


def test_all_problems_are_told_at_once(bot: Bot) -> None:
    """Unknown, misspelt, wrong and missing ones from all sources, in one error."""
    bot.write("settings.toml", "COLOUR = 1\nPORT = 0\n")
    bot.write(".env", "RISK_PER_TRADE_PTC=1\n")

    with pytest.raises(ConfigError) as caught:
        bot.load(STOP_LOSS_PCT="99", WEBHOOK_SECRET=None, ACME_API_KEY=None)

    assert len(caught.value.problems) == 6
    for part in ("COLOUR", "PORT is 0 (settings.toml)", "RISK_PER_TRADE_PTC (.env)", "STOP_LOSS_PCT is '99'"):
        assert part in str(caught.value)


def test_paper_needs_no_key(bot: Bot) -> None:
    """Simulated orders need no credentials."""
    settings = bot.load(TRADING_MODE="paper", ACME_API_KEY=None, ACME_API_SECRET=None)

    assert (settings.api_key, settings.api_secret) == (None, None)


def test_telegram_is_needed_unless_it_is_disabled_by_name(bot: Bot) -> None:
    """An owner who wants no Telegram says so."""
    settings = bot.load(DISABLED_PLUGINS="telegram", TELEGRAM_BOT_TOKEN=None, TELEGRAM_CHAT_ID=None)

    assert settings.telegram_bot_token is None


def test_a_secret_in_the_path_must_fit_there(bot: Bot) -> None:
    """A slash in the secret would make a path that nobody listens on."""
    bot.load(WEBHOOK_SECRET_IN_PATH="true")

    with pytest.raises(ConfigError, match="cannot stand in a path"):
        bot.load(WEBHOOK_SECRET_IN_PATH="true", WEBHOOK_SECRET="with/a/slash/in/it")


def test_live_is_confirmed_by_the_exact_phrase_only(bot: Bot) -> None:
    """Without the phrase the mode is live and the confirmation is still to be asked for."""
    settings = bot.load(TRADING_MODE="live")

    assert settings.trading_mode is TradingMode.LIVE
    assert not settings.live_confirmed


def _load(folder: Path, environ: dict[str, str], modes: Collection[TradingMode]) -> TradingMode:
    given = load(folder, environ, exchanges=("acme",), plugins=(), exchange_modes=lambda _name: modes)
    return given.trading_mode


def test_the_default_mode_is_the_safest_the_exchange_has(bot: Bot) -> None:
    """Testnet, or paper where the venue has no testnet; and paper then needs no key."""
    with_testnet = tuple(TradingMode)
    without = (TradingMode.PAPER, TradingMode.LIVE)
    keyless = {name: text for name, text in bot.environ.items() if not name.startswith("ACME_")}

    assert _load(bot.folder, bot.environ, with_testnet) is TradingMode.TESTNET
    assert _load(bot.folder, keyless, without) is TradingMode.PAPER


def test_a_mode_that_the_exchange_lacks_is_refused(bot: Bot) -> None:
    """Testnet asked for where there is none: the answer names what there is."""
    without = (TradingMode.PAPER, TradingMode.LIVE)

    with pytest.raises(
        ConfigError, match=r"testnet \(the environment\), which acme does not have. Set it to paper or live"
    ):
        _load(bot.folder, {**bot.environ, "TRADING_MODE": "testnet"}, without)


def test_a_driver_that_cannot_be_used_is_one_problem_among_the_others(bot: Bot) -> None:
    """An exchange that is not installed does not hide a wrong port."""

    def modes(name: str) -> Collection[TradingMode]:
        raise PluginError(f"no driver named {name}")

    with pytest.raises(ConfigError) as caught:
        load(bot.folder, {**bot.environ, "PORT": "0"}, exchanges=(), plugins=(), exchange_modes=modes)

    assert "no driver named acme" in caught.value.problems
    assert len(caught.value.problems) == 2
