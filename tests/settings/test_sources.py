"""Where values come from, and that they arrive as they were written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helix_core.errors import ConfigError

if TYPE_CHECKING:
    from tests.settings.conftest import Bot

DEFAULTS = find_spec("dynaconf.default_settings")


def test_an_empty_folder_gives_the_defaults(bot: Bot) -> None:
    """An owner who installed wheels has no settings.toml, and needs none."""
    settings = bot.load()

    assert (settings.trading_pair, settings.port, settings.risk_per_trade_pct) == ("BTC/USDT", 8000, Decimal("1.0"))


def test_the_later_source_wins(bot: Bot) -> None:
    """settings.toml < .secrets.toml < .env < environment, and each value knows where it came from."""
    bot.write("settings.toml", "PORT = 1001\nDEDUP_WINDOW_S = 11\nMAX_SIGNAL_AGE_S = 21\nMAX_CONSECUTIVE_LOSSES = 7\n")
    bot.write(".secrets.toml", "PORT = 1002\nDEDUP_WINDOW_S = 12\nMAX_SIGNAL_AGE_S = 22\n")
    bot.write(".env", "PORT=1003\nDEDUP_WINDOW_S=13\n")

    settings = bot.load(PORT="1004")

    assert settings.port == 1004
    assert settings.dedup_window_s == 13
    assert settings.max_signal_age_s == 22
    assert settings.max_consecutive_losses == 7
    assert [settings.origins[name] for name in ("PORT", "DEDUP_WINDOW_S", "MAX_SIGNAL_AGE_S")] == [
        "the environment",
        ".env",
        ".secrets.toml",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "12345678901234567890",
        "1234567e8",
        "0x1F16",
        "2024-01-01",
        "@read_file /etc/hostname",
        "@del",
        "@jinja {{x}}",
        "${HOME}",
        "true",
        "[1]",
        "'quoted",
        "a=b#c",
    ],
)
def test_environment_text_is_taken_as_it_stands(bot: Bot, text: str) -> None:
    """A key of digits stays text, and nothing in a value is ever evaluated."""
    settings = bot.load(ACME_API_KEY=text)

    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == text


@pytest.mark.parametrize("text", ["12345678901234567890", "@read_file /etc/hostname", "@del", "@int 3", "${HOME}"])
def test_file_text_is_taken_as_it_stands(bot: Bot, text: str) -> None:
    """Neither dynaconf's tokens in TOML nor variables in .env are expanded."""
    bot.write(".secrets.toml", f'ACME_API_KEY = "{text}"\n')
    bot.write(".env", f"ACME_API_SECRET={text}\n" if " " not in text else f'ACME_API_SECRET="{text}"\n')

    settings = bot.load(ACME_API_KEY=None, ACME_API_SECRET=None)

    assert [secret and secret.get_secret_value() for secret in (settings.api_key, settings.api_secret)] == [text, text]


@pytest.mark.parametrize(
    ("toml", "expected"), [('"0.10"', "0.10"), ("0.1", "0.1"), ("2", "2"), ("2.675", "2.675"), ('"1e-1"', "0.1")]
)
def test_money_is_exact(bot: Bot, toml: str, expected: str) -> None:
    """A bare TOML number becomes the decimal that was typed, not the float that holds it."""
    bot.write("settings.toml", f"RISK_PER_TRADE_PCT = {toml}\n")

    assert bot.load().risk_per_trade_pct == Decimal(expected)


def test_files_beside_the_named_ones_are_not_read(bot: Bot) -> None:
    """dynaconf would take settings.local.toml, run dynaconf_hooks.py and find a .env in a parent folder."""
    (bot.folder / "bot").mkdir()
    bot.write(".env", "PORT=1\n")
    bot.folder = bot.folder / "bot"
    bot.write("settings.toml", 'LOG_LEVEL = "ERROR"\n')
    bot.write("settings.local.toml", 'LOG_LEVEL = "DEBUG"\n')
    bot.write("dynaconf_hooks.py", "raise SystemExit('the hook ran')\n")

    settings = bot.load()

    assert (settings.log_level, settings.port) == ("ERROR", 8000)


def test_dynaconf_control_variables_change_nothing(tmp_path: Path) -> None:
    """No variable of dynaconf's own changes what is read (those of redis must be numbers, or dynaconf ends itself)."""
    assert DEFAULTS is not None
    assert DEFAULTS.origin is not None
    names = sorted(set(re.findall(r"\b[A-Z_]+_FOR_DYNACONF\b", Path(DEFAULTS.origin).read_text())))
    assert len(names) > 20
    (tmp_path / "settings.toml").write_text('LOG_LEVEL = "ERROR"\n[plugins.max-spread]\nLimit = "@int 3"\n')
    (tmp_path / "other.toml").write_text("PORT = 1\n")
    program = textwrap.dedent("""
        import os
        from pathlib import Path
        from helix_core.settings import load
        environ = {"ACTIVE_EXCHANGE": "acme", "TRADING_MODE": "paper", "WEBHOOK_SECRET": "planted-webhook-secret"}
        environ |= {"DISABLED_PLUGINS": "telegram"}
        s = load(Path("."), {**os.environ, **environ}, exchanges=("acme",), plugins=("max-spread",))
        print(s.log_level, s.port, dict(s.plugin_values("max-spread")))
    """)

    for value in ("other.toml", "true"):
        control = dict.fromkeys((name for name in names if "REDIS" not in name), value)
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**os.environ, **control},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

        assert done.stdout == "ERROR 8000 {'limit': '@int 3'}\n", done.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("settings.toml", 'PORT = 1\nTRADING_PAIR = "BTC', "settings.toml is not valid TOML: "),
        ("settings.toml", "PORT = 1\nPORT = 2\n", "settings.toml is not valid TOML: "),
        (".env", "PORT=1\nPORT=2\n", ".env, line 2: PORT is set a second time"),
        (".env", "PORT=1\n\n\nhidden-on-its-own-line\n", ".env, line 4: not of the form NAME=value"),
        (".env", 'PORT="1\n', ".env, line 1: not of the form NAME=value"),
    ],
)
def test_an_unreadable_file_is_named_with_the_line(bot: Bot, name: str, text: str, said: str) -> None:
    """What cannot be read stops the start, and is not quoted: it may be a secret."""
    bot.write(name, text)

    with pytest.raises(ConfigError) as caught:
        bot.load()

    assert said in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_both_broken_files_are_told_at_once(bot: Bot) -> None:
    """Latin-1 text and a folder in a file's place are problems, never skipped."""
    (bot.folder / "settings.toml").write_bytes('LOG_LEVEL = "é"'.encode("latin-1"))
    (bot.folder / ".env").mkdir()

    with pytest.raises(ConfigError) as caught:
        bot.load()

    assert len(caught.value.problems) == 2
    assert "settings.toml is not UTF-8" in caught.value.problems[0]
    assert ".env cannot be read" in caught.value.problems[1]


@pytest.mark.parametrize("name", ["settings.toml", ".secrets.toml"])
def test_a_toml_file_that_cannot_be_opened_is_a_problem(bot: Bot, name: str) -> None:
    """dynaconf would warn and go on without its limits."""
    (bot.folder / name).mkdir()

    with pytest.raises(ConfigError, match=f"{name} cannot be read: Is a directory"):
        bot.load()


def test_env_files_of_all_kinds_are_read(bot: Bot) -> None:
    """A byte order mark, `export`, quotes, comments and Windows line ends are all fine."""
    bot.write(".env", "\ufeffexport PORT='9001'\r\n# a comment\r\n\r\nLOG_LEVEL=debug # why\r\n")

    settings = bot.load()

    assert (settings.port, settings.log_level) == (9001, "DEBUG")


def test_files_that_others_may_read_are_warned_of(bot: Bot) -> None:
    """The warning holds the command that mends it."""
    bot.write(".secrets.toml", "", mode=0o640)
    bot.write(".env", "", mode=0o600)

    assert bot.load().warnings == (
        ".secrets.toml can be read by other users of this machine. Run: chmod 600 .secrets.toml",
    )
