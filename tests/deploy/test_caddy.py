"""What Caddy lets through to a bot, and what it does not: the real Caddy with the real file, where it is installed.

`deploy/check-files.sh` fetches it; elsewhere these are skipped.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.bot.conftest import SECRET, environment, running, venue
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.bot.conftest import Venue

__all__ = ["venue"]

CADDY, OPENSSL = shutil.which("caddy"), shutil.which("openssl")
pytestmark = pytest.mark.skipif(CADDY is None, reason="caddy is not installed")
CADDYFILE = Path("deploy/caddy/Caddyfile").absolute()
SUBJECT = "/C=US/ST=Ohio/L=Westerville/O=TradingView, Inc./CN={}"
ALERT = {"signal": "SELL", "symbol": "BTC/USDT", "price": 1}
TRADINGVIEWS = "52.89.214.238"


@asynccontextmanager
async def caddy(folder: Path, bot: str = "127.0.0.1:1", **words: str) -> AsyncIterator[str]:
    """Run Caddy in front of `bot` for localhost, with a certificate of its own; the address is given."""
    port = free_port()
    environ = {"PATH": os.defpath, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "DOMAIN": "localhost"}
    environ |= {"HTTP_PORT": str(free_port()), "HTTPS_PORT": str(port), "BOT": bot, **words}
    command = [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
    log = await asyncio.to_thread((folder / "caddy.log").open, "wb")
    with log:
        process = await asyncio.create_subprocess_exec(*command, env=environ, cwd=folder, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(30), client(f"https://localhost:{port}") as asking:
            while process.returncode is None:
                try:
                    await asking.get("/")
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                else:
                    break
        assert process.returncode is None, "Caddy has ended"
        yield f"https://localhost:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def client(url: str, certificate: Path | None = None) -> httpx.AsyncClient:
    """Somebody outside, who trusts anybody and may show a certificate."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    if certificate is not None:
        trust.load_cert_chain(certificate)
    return httpx.AsyncClient(base_url=url, verify=trust, trust_env=False, timeout=15)


async def send(asking: httpx.AsyncClient, **headers: str) -> httpx.Response:
    """An alert with the right secret."""
    alert = {**ALERT, "signal_id": os.urandom(4).hex(), "secret": SECRET}
    return await asking.post("/webhook", content=json.dumps(alert), headers=headers)


async def test_outside_there_is_a_webhook_and_a_health_page_and_nothing_else(tmp_path: Path, venue: Venue) -> None:
    """A real bot behind it, which believes Caddy about who calls, and Caddy believes nobody."""
    environ = environment(venue, TRUSTED_PROXIES="127.0.0.1", WEBHOOK_ALLOWED_IPS=f"{TRADINGVIEWS},127.0.0.1")
    async with (
        running(tmp_path, environ),
        caddy(tmp_path, f"127.0.0.1:{environ['PORT']}") as url,
        client(url) as asking,
    ):
        traded = await send(asking)
        health = await asking.get("/health")
        hidden = [
            (await asking.get(path)).status_code
            for path in ("/status", "/metrics", "/plugins", "/signals/1", "/docs", "/webhook", "/webhook/../status")
        ]
        large = await asking.post("/webhook", content=b"x" * 6_000)
        long_head = await asking.get("/health", headers={"X-Long": "x" * 40_000})

    assert (traded.status_code, traded.json()["reason"]) == (409, "no_open_position")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert "server" not in health.headers
    assert health.headers["strict-transport-security"]
    assert hidden == [404] * len(hidden)
    assert large.status_code in {400, 413}
    assert long_head.status_code == 431


async def test_a_bot_that_is_down_is_told_in_a_way_that_tradingview_sends_again(tmp_path: Path) -> None:
    """A 5xx, at once; and a secret in the path or a header is in no log."""
    async with caddy(tmp_path) as url, client(url) as asking:
        down = await asking.post("/webhook/a-secret-in-the-path", headers={"X-Webhook-Secret": "a-secret-header"})

    log = await asyncio.to_thread((tmp_path / "caddy.log").read_text)
    assert down.status_code == 502
    assert "connection refused" in log
    assert "/webhook/***" in log
    assert "a-secret" not in log


async def test_who_does_not_finish_its_head_or_its_body_is_hung_up_on(tmp_path: Path) -> None:
    """Slow senders hold a connection for some seconds only."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE

    async def hangs(url: str, beginning: bytes) -> bool:
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("localhost", port, ssl=trust)
        writer.write(beginning)
        async with asyncio.timeout(9):
            await reader.read()
        writer.close()
        return False

    async with caddy(tmp_path) as url:
        head = b"POST /webhook HTTP/1.1\r\nHost: localhost\r\n"
        assert await asyncio.gather(hangs(url, head), hangs(url, head + b"Content-Length: 99\r\n\r\n{")) == [False] * 2


async def test_a_stranger_is_turned_away_where_only_tradingview_may_send(tmp_path: Path) -> None:
    """What it says of itself in a header changes nothing; the health page stays open."""
    async with caddy(tmp_path, SENDERS="tradingview") as url, client(url) as asking:
        plain = await send(asking)
        forged = await send(asking, **{"X-Forwarded-For": TRADINGVIEWS})
        health = await asking.get("/health")

    assert (plain.status_code, forged.status_code) == (403, 403)
    assert health.status_code == 502  # no bot here, and it was asked for


async def test_a_misspelt_word_starts_no_caddy(tmp_path: Path) -> None:
    """Fail closed: there is no door rather than one without its lock."""
    with pytest.raises(AssertionError, match="ended"):
        async with caddy(tmp_path, SENDERS="tradingveiw"):
            pass


def openssl(*words: str | Path) -> None:
    subprocess.run([str(OPENSSL), *words], check=True, capture_output=True, timeout=30)


def signed(folder: Path, name: str, authority: str) -> Path:
    """A certificate with TradingView's subject and this common name, and its key, in one file."""
    key, asked, made = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.crt"
    subject = SUBJECT.format(name)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", key, "-out", asked)
    issuer = ("-CA", folder / f"{authority}.pem", "-CAkey", folder / f"{authority}.pem", "-CAcreateserial")
    openssl("x509", "-req", "-in", asked, *issuer, "-days", "1", "-out", made)
    both = folder / f"{name}.{authority}.pem"
    both.write_bytes(made.read_bytes() + key.read_bytes())
    return both


def authority(folder: Path, name: str) -> None:
    file = folder / f"{name}.pem"
    openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", f"/CN={name}", "-keyout", file, "-out", folder / "c"),
    )
    file.write_bytes(file.read_bytes() + (folder / "c").read_bytes())


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
async def test_where_its_certificate_is_asked_for_only_tradingview_sends(tmp_path: Path) -> None:
    """Its name, signed by an authority that is trusted: neither alone is enough."""
    authority(tmp_path, "trusted")
    authority(tmp_path, "unknown")
    right = signed(tmp_path, "TradingView Webhooks", "trusted")
    other = signed(tmp_path, "Somebody", "trusted")
    forged = signed(tmp_path, "TradingView Webhooks", "unknown")
    words = {"CLIENT_CERTIFICATE": "tradingview", "CLIENT_AUTHORITIES": str(tmp_path / "trusted.pem")}

    async with caddy(tmp_path, **words) as url:
        answers = []
        for certificate in (right, other, None):
            async with client(url, certificate) as asking:
                answers.append((await send(asking)).status_code)
        async with client(url) as asking:
            health = await asking.get("/health")
        async with client(url, forged) as asking:
            with pytest.raises((httpx.TransportError, ssl.SSLError)):
                await send(asking)

    assert answers == [502, 403, 403]
    assert health.status_code == 502
