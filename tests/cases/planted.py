"""Ten secrets, a real `helix run` in a process of its own that is given all of them, and everything that came out."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import stat
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

from helix_binance.sandbox import sandbox
from helix_core.sandbox.faults import Fault, FaultKind
from helix_core.sandbox.server import serving
from helix_core.testing.telegram import FakeTelegram
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from helix_core.sandbox import Sandbox

OWNER = 42
SECRETS = {
    "first webhook secret": "planted-A1-webhook-0123456789",
    "second webhook secret": "planted-B2-webhook/with+signs=",
    "status token": "planted-C3-status-0123456789",
    "bot token": "700000001:planted-D4-bot-token_0123456789abcdef",
    "exchange key": "planted-E5-exchange-key",
    "exchange secret": "planted-F6-exchange-secret",
    "password of an address": "planted-G7-password",
    "path of an address": "planted-H8-path",
    "key of another exchange": "planted-I9-other-key",
    "secret of another exchange": "planted-J0-other-secret",
}
HOSTILE = "x\r\n{\"level\":\"critical\"}\n\x1b[31m\x1b]0;title\x07\u202e<b>*_[a](http://x)_*</b> \u2028&amp;\x00`"
ADDRESS_OF_A_MESSAGE = "json://owner:{password}@127.0.0.1:{port}/{path}"


def forms(secret: str) -> set[str]:
    """A secret as it stands, and as addresses, JSON and a careless encoder write it."""
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], encoded[:-2], secret.encode().hex()}


@dataclass
class Evidence:
    """All that left the process: by its log, its answers, its messages and its files."""

    log: list[str] = field(default_factory=list)
    answers: list[httpx.Response] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    exit_code: int | None = None

    def texts(self) -> dict[str, str]:
        """Everything, under the name of where it was found."""
        answered = "\n".join(f"{answer.headers} {answer.text}" for answer in self.answers)
        found = {name: content.decode("latin-1") for name, content in self.files.items()}
        outside = {"log": self.log, "messages": self.messages, "commands": self.commands}
        return {"answers": answered, **{name: "\n".join(texts) for name, texts in outside.items()}, **found}


class Run:
    """One run of the real thing, in a folder of its own."""

    def __init__(self, folder: Path, venue: Sandbox, venue_url: str, telegram: FakeTelegram, service: Service) -> None:
        self._folder, self._venue, self._telegram, self._service = folder, venue, telegram, service
        self.evidence = Evidence()
        self.port = free_port()
        self._settings = {
            "ACTIVE_EXCHANGE": "binance",
            "BINANCE_BASE_URL": venue_url,
            "TELEGRAM_BASE_URL": telegram.url,
            "TELEGRAM_CHAT_ID": str(OWNER),
            "WEBHOOK_SECRET_IN_PATH": "true",
            "WEBHOOK_LIMIT_PER_MINUTE": "1000",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "LOG_LEVEL": "DEBUG",
        }

    def write_secrets(self) -> None:
        """As an owner does: into .secrets.toml, for nobody else to read."""
        address = ADDRESS_OF_A_MESSAGE.format(
            password=SECRETS["password of an address"], path=SECRETS["path of an address"], port=self._service.port
        )
        lines = {
            "WEBHOOK_SECRET": f"{SECRETS['first webhook secret']},{SECRETS['second webhook secret']}",
            "STATUS_TOKEN": SECRETS["status token"],
            "TELEGRAM_BOT_TOKEN": SECRETS["bot token"],
            "BINANCE_API_KEY": SECRETS["exchange key"],
            "BINANCE_API_SECRET": SECRETS["exchange secret"],
            "KRAKEN_API_KEY": SECRETS["key of another exchange"],
            "KRAKEN_API_SECRET": SECRETS["secret of another exchange"],
            "APPRISE_URLS": address,
        }
        path = self._folder / ".secrets.toml"
        path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items()))
        path.chmod(0o600)

    async def helix(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a command beside the tests, under the loosest umask there is."""
        program = "import os, sys; os.umask(0); from helix_core.cli import main; main()"
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-X", "dev", "-W", "ignore", "-c", program, *arguments),
            cwd=self._folder,
            env={"PATH": os.environ["PATH"], "COLUMNS": "200", **self._settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def ends(self, process: asyncio.subprocess.Process) -> list[str]:
        said, _ = await asyncio.wait_for(process.communicate(), 60)
        return said.decode().split("\n")

    async def live(self) -> None:
        """Start, do and suffer everything, stop; keep what came out."""
        self.write_secrets()
        process = await self.helix("run", "--json-logs")
        ending = asyncio.ensure_future(self.ends(process))
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30, verify=False) as client:
                await self._ready(client, ending)
                await self._ask(client)
                await self._suffer(client)
            self.evidence.commands += await self.ends(await self.helix("explain", "1"))
            self.evidence.commands += await self.ends(await self.helix("check"))
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            self.evidence.log = [line for line in await ending if line]
        self.evidence.exit_code = process.returncode
        self.evidence.messages = [*(repr(sent) for sent in self._telegram.messages), *self._service.texts]
        self._collect()

    async def _ready(self, client: httpx.AsyncClient, ending: asyncio.Future[list[str]]) -> None:
        async with asyncio.timeout(40):
            while not ending.done():
                with suppress(httpx.TransportError):
                    if (await client.get("/health")).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        raise AssertionError("\n".join(await ending))

    async def _ask(self, client: httpx.AsyncClient) -> None:
        """Use and misuse every secret in every place where one is taken, and in some where none is."""
        right, other = SECRETS["first webhook secret"], SECRETS["second webhook secret"]
        key, token = {"X-Webhook-Secret": right}, SECRETS["status token"]
        alert: dict[str, Any] = {"signal": "BUY", "symbol": "BTC/USDT", "price": 64210.5}
        everything = " ".join(SECRETS.values())
        posts: list[tuple[str, Any, dict[str, str]]] = [
            ("/webhook", {**alert, "signal_id": "a", "strategy": f"with {right}"}, key),
            ("/webhook", {**alert, "signal_id": "a"}, key),
            ("/webhook", {**alert, "signal_id": "b", "secret": other, "deep": [{"secret": other}, other]}, {}),
            (f"/webhook/{quote(other, safe='')}", {**alert, "signal_id": "c", "signal": "SELL"}, {}),
            (f"/webhook/{right}x?secret={right}", alert, {}),
            ("/webhook", {**alert, "signal_id": "d", "symbol": right, "price": other, other: right}, key),
            ("/webhook", {**alert, "signal_id": f"{right} {other}"}, key),
            ("/webhook", {**alert, "signal_id": HOSTILE, "strategy": HOSTILE}, key),
            ("/webhook", {**alert, "signal_id": "e", "symbol": HOSTILE, HOSTILE: HOSTILE}, key),
            ("/webhook", {**alert, "signal_id": "f", "signal": HOSTILE}, key),
            ("/webhook", everything, key),
            ("/webhook", everything, {"X-Webhook-Secret": "guess", "User-Agent": everything}),
        ]
        for path, body, headers in posts:
            sent = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.evidence.answers.append(await client.post(path, content=sent, headers=headers))
        for path in ("/health", "/status", "/metrics", "/plugins", "/signals/1", "/signals/8", f"/{right}", "/docs"):
            for bearer in (token, f"{token}x"):
                headers = {"Authorization": f"Bearer {bearer}", "Via": "1.1 proxy"}
                self.evidence.answers.append(await client.get(path, headers=headers))

    async def _suffer(self, client: httpx.AsyncClient) -> None:
        """Let everybody outside repeat to us what they know of us, in errors of every kind."""
        echo = " ".join((*SECRETS.values(), HOSTILE))
        strikes = (
            {"kind": FaultKind.REFUSED, "code": -2010, "msg": echo},
            {"kind": FaultKind.HTTP_5XX, "body": echo},
            {"kind": FaultKind.CUT_BODY},
            {"kind": FaultKind.LOST_ANSWER},
        )
        for number, strike in enumerate(strikes):
            self._venue.faults.add(Fault.model_validate({"on": "POST /api/v3/order", **strike}))
            for action in ("BUY", "SELL"):
                alert = {"signal": action, "symbol": "BTC/USDT", "price": 1, "signal_id": f"{action}-{number}"}
                key = {"X-Webhook-Secret": SECRETS["first webhook secret"]}
                self.evidence.answers.append(await client.post("/webhook", json=alert, headers=key))
        self._telegram.say(HOSTILE, chat_id=OWNER)
        self._telegram.say("/status", chat_id=OWNER)
        self._telegram.fail(400, echo, times=1)
        self._service.status = 500
        self._venue.faults.add(Fault.model_validate({"on": "* *", "kind": FaultKind.HTTP_5XX, "body": echo, "times": 5}))
        await asyncio.sleep(1.5)
        self._telegram.reject_token()
        await asyncio.sleep(0.5)

    def _collect(self) -> None:
        for path in self._folder.rglob("*"):
            name = str(path.relative_to(self._folder))
            self.evidence.modes[name] = stat.S_IMODE(path.stat().st_mode)
            if path.is_file() and name != ".secrets.toml":
                self.evidence.files[name] = path.read_bytes()


class Service:
    """What an Apprise address leads to: it keeps what it is told, or answers `status`."""

    def __init__(self) -> None:
        self.status, self.port = 200, 0
        self.texts: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].splitlines()[0])
        self.texts.append((await reader.readexactly(length)).decode())
        said = b" ".join(secret.encode() for secret in SECRETS.values())
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (self.status, len(said)) + said)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def _outside() -> AsyncIterator[tuple[Sandbox, str, FakeTelegram, Service]]:
    venue = sandbox(api_key=SECRETS["exchange key"], api_secret=SECRETS["exchange secret"])
    service = Service()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    async with server, serving(venue.app) as url, FakeTelegram(SECRETS["bot token"]) as telegram:
        yield venue, url, telegram, service


async def lived(folder: Path) -> Evidence:
    """Run the bot once and return what came out."""
    async with _outside() as (venue, url, telegram, service):
        run = Run(folder, venue, url, telegram, service)
        await run.live()
    return run.evidence
