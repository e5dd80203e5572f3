"""Health for everybody; status, signals and plugins for insiders."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_network

import pytest
from pydantic import SecretStr
from starlette.requests import Request

from helix_core.web.address import Sources

TOKEN = "a-token-for-the-dashboard"
PAGES = ["/status", "/plugins", "/signals/1"]
CLOSED = [*PAGES, "/metrics"]


async def test_health_has_exactly_the_documented_keys(house):
    house.desk.state |= {"extra": "must not leave", "daily_pnl_pct": Decimal("-0.42")}

    answer = await house.client.get("/health")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "uptime_seconds": 12,
        "active_exchange": "paper",
        "exchange_connected": True,
        "last_signal_time": None,
        "open_positions": 0,
        "daily_pnl_pct": -0.42,
        "trading_mode": "paper",
    }


@pytest.mark.parametrize(
    ("status", "ready", "code"),
    [("ok", True, 200), ("degraded", True, 200), ("halted", True, 200), ("degraded", False, 503)],
)
async def test_health_is_an_alarm_only_while_the_bot_is_not_up(house, status, ready, code):
    house.desk.state["status"], house.desk.ready = status, ready

    answer = await house.client.get("/health")

    assert (answer.status_code, answer.json()["status"]) == (code, status)


async def test_health_that_lacks_a_key_is_an_error_never_a_default(house):
    del house.desk.state["open_positions"]

    answer = await house.client.get("/health")

    assert answer.status_code == 503


async def test_a_monitor_may_ask_with_head(house):
    answer = await house.client.head("/health")

    assert (answer.status_code, answer.content) == (200, b"")


async def test_insiders_on_this_machine_see_everything(house, message, auth):
    await house.client.post("/webhook", json=message, headers=auth)

    status, plugins, story, missing = [await house.client.get(page) for page in [*PAGES, "/signals/2"]]

    assert status.json() == {"halts": [], "now": "2026-05-15 00:00:00+00:00"}
    assert plugins.json() == [{"name": "tradingview"}]
    assert story.json() == {"id": 1}
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no signal 2.")


@pytest.mark.parametrize("page", [*CLOSED, "/signals/999", "/signals/abc"])
@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
        {"X-Forwarded-For": "127.0.0.1", "Authorization": "Bearer wrong"},
        {"X-Forwarded-For": "127.0.0.1", "Authorization": f"Basic {TOKEN}"},
        {"X-Forwarded-For": "127.0.0.1", "Authorization": "Bearer"},
    ],
    ids=str,
)
async def test_strangers_get_the_same_403_whether_the_page_exists_or_not(opened, page, header):
    async with opened(status_token=SecretStr(TOKEN)) as house:
        answer = await house.client.get(page, headers=header)

    assert (answer.status_code, answer.json()["status"]) == (403, "forbidden")


async def test_the_token_opens_from_anywhere(opened):
    outside = {"X-Forwarded-For": "6.6.6.6", "Authorization": f"Bearer {TOKEN}"}
    async with opened(status_token=SecretStr(TOKEN)) as house:
        answer = await house.client.get("/status", headers=outside)

    assert answer.status_code == 200


async def test_without_a_token_no_bearer_opens(house):
    for bearer in ("Bearer", "Bearer None", "Bearer null"):
        answer = await house.client.get("/status", headers={"Via": "x", "Authorization": bearer})
        assert answer.status_code == 403


async def test_guessing_the_token_is_limited_over_all_pages_together(opened):
    guess = {"Via": "x", "Authorization": "Bearer guess"}
    async with opened(status_token=SecretStr(TOKEN), webhook_limit_per_minute=3) as house:
        got = [(await house.client.get(f"/signals/{n}", headers=guess)).status_code for n in range(1, 6)]

    assert got == [403, 403, 403, 429, 429]


def test_a_peer_that_is_not_loopback_is_a_stranger():
    sources = Sources(allowed=(), trusted_proxies=())
    peers = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "172.17.0.1", "0.0.0.0", "10.0.0.1"]

    inside = [sources.is_this_machine(asking(peer)) for peer in peers]

    assert inside == [True, True, True, False, False, False]


def asking(peer: str, host: str = "127.0.0.1:8000") -> Request:
    return Request({"type": "http", "client": (peer, 1), "headers": [(b"host", host.encode())]})


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("localhost", True),
        ("LocalHost:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("evil.test", False),
        ("evil.test:8000", False),
        ("localhost.evil.test", False),
        ("127.0.0.1.evil.test", False),
        ("192.0.2.1:8000", False),
        ("", False),
    ],
)
async def test_a_web_page_cannot_look_in_through_the_owners_browser(house, host, inside):
    """A page whose name was made to resolve to this machine comes from loopback, but under its own name."""
    answer = await house.client.get("/status", headers={"Host": host})

    assert answer.status_code == (200 if inside else 403)


async def test_a_proxy_on_this_machine_is_not_this_machine(opened):
    """Named in TRUSTED_PROXIES it needs the token, even where it forgets to say whom it speaks for."""
    trusted = (ip_network("127.0.0.0/8"),)
    async with opened(status_token=SecretStr(TOKEN), trusted_proxies=trusted) as house:
        bare = await house.client.get("/status")
        carrying = await house.client.get("/status", headers={"Authorization": f"Bearer {TOKEN}"})

    assert (bare.status_code, carrying.status_code) == (403, 200)
