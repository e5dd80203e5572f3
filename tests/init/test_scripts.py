"""In a script: no question is asked, and nothing is written unless all of it works."""

from __future__ import annotations

import re
import stat
import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from helix_core.cli.init.farewell import alert_message
from helix_core.cli.init.files import toml, write
from helix_core.errors import ConfigError
from helix_core.plugins import default_signal_source
from helix_core.settings import Settings
from tests.init.conftest import OWNER, names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.init.conftest import Outside

    Command = Callable[..., Any]

ON_TESTNET = ("init", "--exchange", "binance")
ON_LIVE = (*ON_TESTNET, "--mode", "live")


async def test_all_answers_from_flags_and_environment(tmp_path: Path, outside: Outside, command: Command) -> None:
    """The mode is the careful one, the secret is not shown in what may be a log, and the bot can start from it."""
    code, said = await command(*ON_TESTNET, environ=outside.answers())

    secrets, plain = (tomllib.loads((tmp_path / name).read_text()) for name in (".secrets.toml", "settings.toml"))
    assert code == 0, said
    assert plain["TRADING_MODE"] == "testnet"
    assert stat.S_IMODE((tmp_path / ".secrets.toml").stat().st_mode) == 0o600
    assert len(secrets["WEBHOOK_SECRET"]) >= 40
    assert all(value not in said for name, value in secrets.items() if name != "TELEGRAM_CHAT_ID")
    assert [sent.chat_id for sent in outside.telegram.messages] == [OWNER]
    (named,) = re.findall(r"with: helix (.+)", (tmp_path / "settings.toml").read_text())
    code, said = await command(*named.split(), environ={})
    assert code == 0, said
    assert re.search(r"^TRADING_MODE +testnet +settings\.toml$", said, re.MULTILINE), "as the file's own head says"


async def test_secrets_by_standard_input(tmp_path: Path, outside: Outside, command: Command) -> None:
    """They are in no environment and on no command line; what was not asked for is written as well."""
    lines = "".join(f"{name}={value}\n" for name, value in outside.answers(STATUS_TOKEN="0123456789abcdef").items())

    code, said = await command(*ON_TESTNET, "--without", "telegram", "--stdin", environ={}, stdin=lines)

    assert code == 0, said
    secrets = tomllib.loads((tmp_path / ".secrets.toml").read_text())
    assert secrets["STATUS_TOKEN"] == "0123456789abcdef"
    assert secrets["BINANCE_API_SECRET"] == outside.venue.api_secret


async def test_all_that_is_missing_is_told_at_once_and_nobody_is_asked(
    tmp_path: Path, outside: Outside, command: Command
) -> None:
    code, said = await command(*ON_TESTNET, environ=outside.addresses())

    assert code == 2
    for name in ("BINANCE_API_KEY", "BINANCE_API_SECRET", "TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID"):
        assert f"{name} is not given" in said
    assert (len(outside.venue.requests), len(outside.telegram.calls)) == (0, 0)
    assert names(tmp_path) == []


async def test_a_wrong_key_is_told_in_the_venues_words_with_the_fix(
    tmp_path: Path, outside: Outside, command: Command
) -> None:
    code, said = await command(*ON_TESTNET, environ=outside.answers(BINANCE_API_SECRET="wrong"))

    assert code == 1
    assert "-1022 Signature for this request is not valid" in said
    assert "Copy BINANCE_API_KEY and BINANCE_API_SECRET again" in said
    assert "Nothing was written" in said
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("rights", "told"),
    [
        ({"withdraw": True}, "Helix refuses one that can move money out"),
        ({"trade": False}, "Allow the key to read and to trade spot"),
    ],
)
async def test_a_key_with_the_wrong_rights_is_refused(
    rights: dict[str, bool], told: str, tmp_path: Path, outside: Outside, command: Command
) -> None:
    for name, value in rights.items():
        setattr(outside.venue.rights, name, value)

    code, said = await command(*ON_LIVE, environ=outside.answers())

    assert code == 1
    assert told in said
    assert names(tmp_path) == []
    assert len(outside.telegram.messages) == 0


async def test_a_pair_that_the_venue_does_not_trade(tmp_path: Path, outside: Outside, command: Command) -> None:
    code, said = await command(*ON_TESTNET, "--pair", "DOGE/BTC", environ=outside.answers())

    assert code == 1
    assert "Choose another TRADING_PAIR" in said
    assert names(tmp_path) == []


async def test_a_messenger_that_says_no(tmp_path: Path, outside: Outside, command: Command) -> None:
    outside.telegram.reject_token()

    code, said = await command(*ON_TESTNET, environ=outside.answers())

    assert code == 2
    assert "does not accept TELEGRAM_BOT_TOKEN" in said
    assert names(tmp_path) == []


async def test_an_older_file_is_replaced_only_when_asked_for_and_is_kept(
    tmp_path: Path, outside: Outside, command: Command
) -> None:
    """Also where it is broken; it loses the eyes of others, and its settings do not count any more."""
    older = tmp_path / ".secrets.toml"
    older.write_text("not = toml = at all")
    arguments, environ = (*ON_TESTNET, "--mode", "paper", "--without", "telegram"), outside.addresses()

    refused, said = await command(*arguments, environ=environ)
    untouched = older.read_text()
    replaced, _ = await command(*arguments, "--overwrite", environ=environ)

    kept = tmp_path / ".secrets.toml.old"
    assert (refused, replaced) == (2, 0)
    assert "--overwrite" in said
    assert untouched == kept.read_text() == "not = toml = at all"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list(tomllib.loads(older.read_text())) == ["WEBHOOK_SECRET"]
    assert names(tmp_path) == [".secrets.toml", ".secrets.toml.old", "settings.toml"]


async def test_settings_that_are_there_are_left_alone(tmp_path: Path, outside: Outside, command: Command) -> None:
    """What is written beside them wins over them, and what they say is the answer nobody need repeat."""
    there = 'ACTIVE_EXCHANGE = "binance"\nTRADING_MODE = "live"\nMIN_BALANCE = "20"\n'
    (tmp_path / "settings.toml").write_text(there)

    code, said = await command("init", "--mode", "paper", "--without", "telegram", environ=outside.addresses())

    assert code == 0, said
    assert (tmp_path / "settings.toml").read_text() == there
    written = tomllib.loads((tmp_path / ".secrets.toml").read_text())
    assert (written["ACTIVE_EXCHANGE"], written["TRADING_MODE"]) == ("binance", "paper")
    assert written["DISABLED_PLUGINS"] == "telegram"


async def test_an_answer_that_something_else_wins_over_is_refused(
    tmp_path: Path, outside: Outside, command: Command
) -> None:
    """It would be written, and never apply."""
    (tmp_path / ".env").write_text("TRADING_MODE=live\n")

    code, said = await command(*ON_TESTNET, "--mode", "paper", environ=outside.answers())

    assert code == 2
    assert "TRADING_MODE has another value in .env" in said
    assert names(tmp_path) == [".env"]


async def test_what_stands_in_env_is_used_and_not_copied(tmp_path: Path, outside: Outside, command: Command) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in outside.answers().items()))

    code, said = await command(*ON_TESTNET, "--without", "telegram", environ={})

    assert code == 0, said
    assert list(tomllib.loads((tmp_path / ".secrets.toml").read_text())) == ["WEBHOOK_SECRET"]


async def test_coins_in_the_account_call_for_a_baseline(outside: Outside, command: Command) -> None:
    outside.venue.venue.transfer("BTC", Decimal("0.5"))

    code, said = await command(*ON_TESTNET, "--without", "telegram", environ=outside.answers())

    assert code == 0, said
    assert "0.5 BTC are there" in said
    assert "helix reconcile --accept-baseline" in said


def test_a_file_that_came_meanwhile_is_not_overwritten_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / ".secrets.toml").write_text("somebody else's")

    with pytest.raises(ConfigError, match=r"File exists\. Nothing was changed"):
        write(tmp_path, {"settings.toml": "a = 1", ".secrets.toml": "b = 2"}, replace=False)

    assert names(tmp_path) == [".secrets.toml"]
    assert (tmp_path / ".secrets.toml").read_text() == "somebody else's"


def test_what_a_value_holds_comes_back_as_it_was() -> None:
    values = {"A": 'quotes " and \\ and é', "B": "#{{x}} = ['"}

    assert tomllib.loads(toml(".secrets.toml", values)) == values


def test_the_alert_message_is_read_once_tradingview_has_filled_it_in() -> None:
    settings = Settings(active_exchange="acme", trading_pair="ETH/EUR", webhook_secrets=(SecretStr("a" * 16),))
    rendered = alert_message(settings, "a-secret-of-the-tests")
    for placeholder, value in {"action": "buy", "id": "Long, 1"}.items():
        rendered = rendered.replace(f"{{{{strategy.order.{placeholder}}}}}", value)
    rendered = rendered.replace("{{close}}", "64210.5").replace("{{timenow}}", "2026-05-15T08:14:32Z")

    fields = dict(default_signal_source().decode(rendered.encode()))
    secret, signal = fields.pop("secret"), default_signal_source().read(fields)

    assert secret == "a-secret-of-the-tests"
    assert (signal.action, signal.symbol, signal.signal_id) == ("BUY", "ETH/EUR", "Long, 1")
