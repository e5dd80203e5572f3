"""Ten secrets are planted in a bot, which is then used, misused and broken: none of them is found anywhere."""

from __future__ import annotations

import asyncio
import base64
import io
import sys
import traceback
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from typer.testing import CliRunner

from helix_core import logs, settings
from helix_core.cli import app as helix
from helix_core.errors import HelixError
from helix_core.plugins import installed_exchanges, installed_plugins
from helix_core.sandbox.faults import Fault, FaultKind
from helix_core.sandbox.server import serving
from helix_core.testing.telegram import FakeTelegram
from tests.bot.conftest import Venue, environment, logs_left_alone, running
from tests.cases import planted
from tests.cases.planted import blurt, files_under, found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    import pytest
    from starlette.requests import Request

    from tests.bot.conftest import RunningBot

__all__ = ["logs_left_alone"]

FIRST, SECOND = planted.WEBHOOK.values()
(STATUS,), (TOKEN,), (BASIC,) = (one.values() for one in (planted.STATUS, planted.TELEGRAM, planted.BASIC))
PASSWORD, PATH_TOKEN = planted.APPRISE.values()


@dataclass
class House:
    """A venue, a Bot API, a service behind Apprise, the settings of a bot that knows the secrets of all of them."""

    venue: Venue
    telegram: FakeTelegram
    environ: dict[str, str]
    secrets: Mapping[str, str]
    order: str
    log: io.StringIO = field(default_factory=io.StringIO)
    posted: list[bytes] = field(default_factory=list)
    seen: dict[str, bytes] = field(default_factory=dict)

    def leaks(self) -> dict[str, set[str]]:
        """Where which secrets were seen."""
        said = "\n".join(message.text for message in self.telegram.messages).encode()
        places = {
            "log": self.log.getvalue().encode(),
            "Telegram": said,
            "Apprise": b"\n".join(self.posted),
            **self.seen,
        }
        return {place: names for place, data in places.items() if (names := found(self.secrets, data))}


def _binance() -> Any:
    from helix_binance.sandbox import sandbox

    key, secret = planted.BINANCE.values()
    return sandbox(api_key=key, api_secret=secret), planted.BINANCE, "POST /api/v3/order"


def _kraken() -> Any:
    from helix_kraken.sandbox import sandbox

    key, secret = planted.KRAKEN.values()
    return sandbox(api_key=key, api_secret=secret, limits=False), planted.KRAKEN, "POST /0/private/AddOrder"


VENUES = {"binance": _binance, "kraken": _kraken}


@asynccontextmanager
async def built(exchange: str) -> AsyncIterator[House]:
    log, posted = io.StringIO(), []
    made, keys, order = VENUES[exchange]()

    async def take(request: Request) -> Response:
        posted.append(await request.body())
        return Response(status_code=500 if len(posted) == 1 else 200)

    service = Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])
    async with serving(made.app) as url, serving(service) as apprise, FakeTelegram(TOKEN) as telegram:
        venue, name = Venue(made, url), exchange.upper()
        environ = {key: value for key, value in environment(venue).items() if not key.startswith("BINANCE_")}
        environ |= {
            "ACTIVE_EXCHANGE": exchange,
            "TRADING_MODE": "live" if exchange == "kraken" else "testnet",
            f"{name}_API_KEY": made.api_key,
            f"{name}_API_SECRET": made.api_secret,
            f"{name}_BASE_URL": url,
            "WEBHOOK_SECRET": f"{FIRST},{SECOND}",
            "WEBHOOK_SECRET_IN_PATH": "true",
            "STATUS_TOKEN": STATUS,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_CHAT_ID": "42",
            "TELEGRAM_BASE_URL": telegram.url,
            "APPRISE_URLS": f"json://helix:{quote(PASSWORD, safe='')}@{apprise[7:]}/{PATH_TOKEN}",
            "DISABLED_PLUGINS": "log",
            "LOG_LEVEL": "DEBUG",
        }
        yield House(venue, telegram, environ, {**planted.COMMON, **keys}, order, log, posted)


def log_into(house: House, folder: Path, monkeypatch: pytest.MonkeyPatch, *, as_json: bool) -> None:
    """What `helix run` sets up before anything else; the log's lines go to the house."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stderr", house.log)
    known = settings.load(folder, house.environ, exchanges=installed_exchanges(), plugins=installed_plugins())
    logs.configure("DEBUG", known.secrets, json=as_json)


async def test_no_planted_secret_is_found_after_a_run_of_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs_left_alone: None
) -> None:
    """Alerts, entry, exit, refusals, a crash, every page and every command, at DEBUG."""
    async with built("binance") as house:
        log_into(house, tmp_path, monkeypatch, as_json=True)
        async with running(tmp_path, house.environ) as bot:
            await use(house, bot)
            await break_things(house, bot)
            blurt(house.secrets.values())
        await ask_the_commands(house, every=True)
        house.seen |= files_under(tmp_path)

        assert house.leaks() == {}
        assert house.log.getvalue().count("***") > 20
        assert {"data/helix.db", "logs/audit.log", "report.html"} <= house.seen.keys()
        assert house.telegram.messages
        assert len(house.posted) > 1


async def test_a_start_that_fails_tells_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logs_left_alone: None
) -> None:
    """A venue that repeats key and secret in its refusal, and a log on a screen: neither shows them."""
    async with built("kraken") as house:
        log_into(house, tmp_path, monkeypatch, as_json=False)
        sandbox = house.venue.sandbox
        echo = f"EGeneral:Permission denied:you sent {sandbox.api_key} signed with {sandbox.api_secret}"
        sandbox.faults.add(
            Fault.model_validate({"on": "POST *", "kind": FaultKind.REFUSED, "code": echo, "msg": echo, "times": None})
        )
        try:
            async with running(tmp_path, house.environ):
                pass
        except* HelixError as errors:
            house.seen["error"] = "".join(traceback.format_exception(errors)).encode()
            sys.excepthook(type(errors), errors, errors.__traceback__)
        blurt(house.secrets.values())
        await ask_the_commands(house, every=False)
        house.seen |= files_under(tmp_path)

        assert house.leaks() == {}
        assert b"Kraken" in house.seen["error"]
        assert "uncaught exception" in house.log.getvalue()


async def use(house: House, bot: RunningBot) -> None:
    """Every door, with the secrets in every place they can have: all codes from 200 to 429."""
    alert = {"signal": "BUY", "symbol": "BTC/USDT", "price": 64210.5, "signal_id": "one", "strategy": FIRST}
    header, basic = {"X-Webhook-Secret": FIRST}, base64.b64encode(f"helix:{BASIC}".encode()).decode()
    ask = bot.client.request
    answers = [
        await ask("POST", "/webhook", json={**alert, "note": [SECOND, {"secret": SECOND}]}, headers=header),
        await ask("POST", "/webhook", json={**alert, "secret": SECOND}),
        await ask("POST", f"/webhook/{FIRST}?token={SECOND}", json={**alert, "signal_id": f"id of {FIRST}"}),
        await ask("POST", "/webhook", json={**alert, "signal": "SELL", "signal_id": "two"}, headers=header),
        await ask("POST", "/webhook", json={**alert, "secret": f"{FIRST}x"}, headers={"Authorization": basic}),
        await ask("POST", "/webhook", json={**alert, "signal": SECOND}, headers=header),
        await ask("POST", "/webhook", content=f'{{"{FIRST}": "{SECOND}'.encode(), headers=header),
        await ask("POST", "/webhook", content=f'{{"secret": "{FIRST}", {SECOND}}}'.encode()),
        await ask("POST", "/webhook", content=FIRST.encode() * 300, headers=header),
        await ask("PUT", f"/webhook/{SECOND}", headers={"Cookie": FIRST}),
        await ask("GET", f"/{STATUS}/{TOKEN}"),
        *[
            await ask("GET", page, headers={"Authorization": f"Bearer {token}", "X-Forwarded-For": "203.0.113.1"})
            for page in ("/status", "/metrics", "/plugins", "/signals/1", "/signals/99", "/health")
            for token in (STATUS, f"{STATUS}x", basic)
        ],
    ]
    assert {401, 403, 404, 405, 413, 422} <= {answer.status_code for answer in answers}
    house.seen["HTTP"] = "\n".join(
        f"{answer.status_code} {answer.headers} {answer.text}" for answer in answers
    ).encode()


async def break_things(house: House, bot: RunningBot) -> None:
    """A venue that repeats what it was sent, one that fails, one that knows the key no more; a token that is wrong."""
    sandbox, key, secret = house.venue.sandbox, house.venue.sandbox.api_key, house.venue.sandbox.api_secret
    echo, code = f"you sent {key} signed with {secret}", -1013 if "api/v3" in house.order else "EOrder:Invalid"
    house.telegram.reject_token()
    sandbox.api_key = "another"
    house.seen["HTTP, key refused"] = (await post(bot)).content
    sandbox.api_key = key
    house.telegram.recover()
    sandbox.faults.add(Fault.model_validate({"on": house.order, "kind": FaultKind.REFUSED, "code": code, "msg": echo}))
    house.seen["HTTP, order refused"] = (await post(bot)).content
    failure = {"kind": FaultKind.HTTP_5XX, "status": 502, "body": f"<html>{echo}</html>", "done": True}
    sandbox.faults.add(Fault.model_validate({"on": house.order, **failure}))
    house.seen["HTTP, no answer"] = (await post(bot)).content
    async with asyncio.timeout(20):
        while not any(message.text.startswith("🟢") for message in house.telegram.messages):
            await asyncio.sleep(0.02)


async def post(bot: RunningBot) -> Any:
    bot.ids.append(f"broken-{len(bot.ids)}")
    alert = {"signal": "BUY", "symbol": "BTC/USDT", "price": 64210.5, "signal_id": bot.ids[-1]}
    return await bot.client.post("/webhook", json=alert, headers={"X-Webhook-Secret": FIRST})


async def ask_the_commands(house: House, *, every: bool) -> None:
    """The commands of an owner whose key and token have become wrong; with `every`, of one who looks what happened."""
    name, (password,) = house.venue.sandbox.name.upper(), planted.DATABASE.values()
    wrong = {
        f"{name}_API_KEY": f"{house.venue.sandbox.api_key}x",
        "TELEGRAM_BOT_TOKEN": f"{TOKEN}x",
        "DATABASE_URL": f"postgresql+nothing://helix:{quote(password, safe='')}@db.test/helix",
    }
    asked = [
        ("check", wrong),
        ("check", {"STATUS_TOKEN": f"short {STATUS}\n", "TRADING_PAIR": FIRST}),
    ]
    looked = [
        ("trades", wrong),
        ("explain one --json", {}),
        ("trades --csv", {}),
        ("report --html report.html", {}),
        ("audit verify", {}),
    ]
    for words, changes in [*asked, *looked] if every else asked:
        environ = {"COLUMNS": "200", **house.environ, **changes}
        ended = await asyncio.to_thread(CliRunner().invoke, helix, words.split(), env=environ)
        house.seen[f"helix {words} {' '.join(changes)}"] = ended.output.encode() + repr(ended.exception).encode()
