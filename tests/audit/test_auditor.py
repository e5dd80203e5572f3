"""What a bot writes into its audit log: every start, change, halt, resume and decision, once, whoever dies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from helix_core.domain.halt import HaltKind
from helix_core.engine import breaker
from helix_core.engine.resume import resume
from helix_core.errors import ConfigError
from tests.audit.written import looked_at
from tests.bot.staged import staged

if TYPE_CHECKING:
    from tests.bot.staged import StagedBot

FULL = OSError(28, "No space left on device")


def written(bot: StagedBot) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bot.stage.audit_log.content.splitlines()]


def events(bot: StagedBot) -> list[str]:
    return [record["event"] for record in written(bot)]


async def restarted(bot: StagedBot, **changes: object) -> None:
    """Kill the bot, and start it with other settings."""
    await bot.dies()
    bot.stage.settings = bot.stage.settings.model_copy(update=changes)
    await bot.starts()


def errors(bot: StagedBot) -> list[str]:
    return [text for text in bot.notices() if text.startswith("❌ ERROR: Audit log")]


@staged
async def test_a_start_is_recorded_with_version_mode_exchange_and_pair(bot: StagedBot) -> None:
    (record,) = written(bot)

    assert record["event"] == "started"
    assert record["actor"].startswith("helix run (")
    assert record["at"] == "2026-03-01T12:00:00.004000Z"
    assert record["facts"] | {"version": ""} == {
        "version": "",
        "mode": "testnet",
        "exchange": "binance",
        "pair": "BTC/USDT",
    }


@staged
async def test_settings_that_changed_since_the_last_start_are_named_and_secrets_only_named(bot: StagedBot) -> None:
    await restarted(bot)
    assert events(bot) == ["started", "started"], "nothing changed"

    new = {"max_consecutive_losses": 3, "status_token": SecretStr("a-new-token-of-tests")}
    await restarted(bot, webhook_secrets=(SecretStr("another-secret-of-tests"),), **new)

    changed = written(bot)[-1]
    assert changed["event"] == "settings_changed"
    assert changed["facts"] == {
        "MAX_CONSECUTIVE_LOSSES": {"old": "5", "new": "3"},
        "STATUS_TOKEN": "set",
        "WEBHOOK_SECRET": "changed",
    }
    await restarted(bot, status_token=None)
    assert written(bot)[-1]["facts"] == {"STATUS_TOKEN": "removed"}
    kept = f"{bot.rows('SELECT * FROM meta')} {bot.stage.audit_log.content.decode()}"
    assert "a-new-token-of-tests" not in kept
    assert "another-secret-of-tests" not in kept


@staged(exchange="kraken")
async def test_a_live_start_is_recorded_with_how_it_was_confirmed(bot: StagedBot) -> None:
    assert [(record["event"], record["facts"].get("by")) for record in written(bot)] == [
        ("started", None),
        ("live_confirmed", "LIVE_CONFIRMATION"),
    ]


@staged
async def test_halts_and_resumes_are_recorded_with_their_actors_whichever_program_caused_them(bot: StagedBot) -> None:
    now = bot.stage.clock.now()
    async with bot.stage.store() as store, store.write() as session:
        await breaker.halt(session, HaltKind.MANUAL, "holiday, by helix halt (anna)", now, by="helix halt (anna)")
        await breaker.halt(session, HaltKind.CONSECUTIVE_LOSSES, "5 losses in a row", now)
    await bot.stage.sleep(70)
    async with bot.stage.store() as store, store.write() as session:
        await resume(session, "helix resume (bob)", bot.stage.clock.now())
    await bot.stage.sleep(70)

    assert [(record["event"], record["actor"], record["facts"]["kind"]) for record in written(bot)[1:]] == [
        ("halt_raised", "helix halt (anna)", "manual"),
        ("halt_raised", "helix", "consecutive_losses"),
        ("halt_cleared", "helix resume (bob)", "manual"),
        ("halt_cleared", "helix resume (bob)", "consecutive_losses"),
    ]
    assert looked_at(bot.stage.audit_log.content).problem is None


@staged(MAX_CONSECUTIVE_LOSSES="1")
async def test_a_halt_of_the_bots_own_is_in_the_log_within_seconds(bot: StagedBot) -> None:
    await bot.post("BUY")
    await bot.post("SELL")

    await bot.stage.sleep(6)

    assert [(record["event"], record["actor"]) for record in written(bot)[1:]] == [("halt_raised", "helix")]


@staged
async def test_what_was_committed_before_the_bot_died_is_recorded_at_the_next_start_once(bot: StagedBot) -> None:
    """A process that dies between the commit and the line loses nothing; a database that comes back repeats nothing."""
    bot.change("INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'x', '2026-03-01 12:00:00.2')")
    await restarted(bot)
    await restarted(bot)

    assert events(bot) == ["started", "halt_raised", "started", "started"]
    assert written(bot)[1]["at"] == "2026-03-01T12:00:00.200000Z"


@staged
async def test_a_log_that_cannot_be_written_is_told_once_and_caught_up_later(bot: StagedBot) -> None:
    bot.stage.audit_log.fails = FULL
    async with bot.stage.store() as store, store.write() as session:
        assert await breaker.halt(session, HaltKind.MANUAL, "now", bot.stage.clock.now(), by="anna")
    await bot.stage.sleep(300)
    assert events(bot) == ["started"]
    (told,) = errors(bot)
    assert told.endswith(
        "logs/audit.log cannot be written: No space left on device. What happens is kept in the database, and written "
        "once it can be"
    )

    bot.stage.audit_log.fails = None
    await bot.stage.sleep(70)

    assert events(bot) == ["started", "halt_raised"]


@staged(exchange="kraken")
async def test_live_trading_does_not_start_without_its_log_unless_a_position_is_open(bot: StagedBot) -> None:
    """Nothing is begun that nobody could account for; what is begun is looked after whatever it takes."""
    await bot.dies()
    bot.stage.audit_log.fails = FULL
    life = bot.stage.start()
    await bot.stage.until(lambda: life.ended_s is not None, 60)
    assert isinstance(life.error, ConfigError)
    assert str(life.error).startswith("AUDIT_LOG_PATH: logs/audit.log cannot be written: No space left on device.")

    bot.stage.audit_log.fails = None
    await bot.starts()
    await bot.post("BUY")
    await bot.until("SELECT status FROM trades", [("open",)], 60)
    await bot.dies()
    bot.stage.audit_log.fails = FULL
    await bot.starts()

    assert len(errors(bot)) == 1
    bot.stage.audit_log.fails = None
    await bot.stage.sleep(70)
    assert events(bot)[-2:] == ["started", "live_confirmed"], "the start is recorded as soon as it can be"


@staged
async def test_a_testnet_starts_without_its_log_and_says_so(bot: StagedBot) -> None:
    await bot.dies()
    bot.stage.audit_log.fails = FULL

    await bot.starts()

    assert len(errors(bot)) == 1


@staged
async def test_a_log_whose_end_was_cut_off_is_noticed_at_the_next_start_and_told_once(bot: StagedBot) -> None:
    await restarted(bot)
    await bot.dies()
    first, _, rest = bot.stage.audit_log.content.partition(b"\n")
    assert rest
    bot.stage.audit_log.content = first + b"\n"
    await bot.starts()
    await restarted(bot)

    assert events(bot) == ["started", "lines_lost", "started", "started"]
    assert written(bot)[1]["facts"]["known_line"] == 2
    assert "line 2 was removed: the log once had 2 lines" in errors(bot)[0]
    assert str(looked_at(bot.stage.audit_log.content).problem).startswith(
        "line 2 was written where others were removed"
    )


@staged
async def test_a_log_that_is_gone_is_begun_anew_with_all_that_the_database_knows(bot: StagedBot) -> None:
    async with bot.stage.store() as store, store.write() as session:
        await breaker.halt(session, HaltKind.MANUAL, "now", bot.stage.clock.now(), by="anna")
    await bot.stage.sleep(70)
    await bot.dies()
    bot.stage.audit_log.content = b""

    await bot.starts()

    assert events(bot) == ["lines_lost", "halt_raised", "started"]
    assert "it is gone, with all its lines; a new one is begun" in errors(bot)[0]
    assert looked_at(bot.stage.audit_log.content).problem is None


@staged
async def test_a_torn_last_line_is_kept_and_told(bot: StagedBot) -> None:
    await bot.dies()
    torn = bot.stage.audit_log.content + b'{"n":2,"at":"2026-'
    bot.stage.audit_log.content = torn

    await bot.starts()

    assert bot.stage.audit_log.content.startswith(torn + b"\n")
    assert looked_at(bot.stage.audit_log.content).torn == [2]
    assert "its last line was cut off in the middle" in errors(bot)[0]


@staged
async def test_no_secret_comes_into_the_log_whatever_it_is_pasted_into(bot: StagedBot) -> None:
    secret = bot.stage.settings.webhook_secrets[0].get_secret_value()
    bot.change(f"INSERT INTO halts (kind, detail, raised_at) VALUES ('manual', 'x {secret}', '2026-03-01 12:00:01')")
    await restarted(bot, telegram_base_url=f"https://host/{secret}")

    content = bot.stage.audit_log.content.decode()
    assert secret not in content
    assert "x ***" in content
    assert "https://host/***" in content
    assert secret not in str(bot.rows("SELECT * FROM meta"))
