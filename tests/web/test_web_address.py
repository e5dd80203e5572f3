"""Who a sender is taken for, and what X-Forwarded-For can and cannot do."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from helix_core.web.address import Sources

LOOPBACK = (ip_network("127.0.0.0/8"),)
TRADINGVIEW = (ip_network("52.89.214.238"),)


async def test_an_address_that_is_not_allowed_is_403(opened, message, auth):
    async with opened(allowed_ips=TRADINGVIEW) as house:
        answer = await house.client.post("/webhook", json=message, headers=auth)

    assert (answer.status_code, answer.json()["status"]) == (403, "forbidden")
    assert house.desk.taken == []


async def test_an_address_that_is_allowed_gets_in(opened, message, auth):
    async with opened(allowed_ips=LOOPBACK) as house:
        answer = await house.client.post("/webhook", json=message, headers=auth)

    assert answer.status_code == 200


async def test_the_list_is_for_the_webhook_and_leaves_health_open(opened):
    async with opened(allowed_ips=TRADINGVIEW) as house:
        answer = await house.client.get("/health")

    assert answer.status_code == 200


async def test_nobody_becomes_tradingview_by_saying_so(opened, message, auth):
    async with opened(allowed_ips=TRADINGVIEW) as house:
        answer = await house.client.post("/webhook", json=message, headers={**auth, "X-Forwarded-For": "52.89.214.238"})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("forwarded", "code"),
    [
        ("52.89.214.238", 200),
        ("6.6.6.6, 52.89.214.238", 200),
        ("52.89.214.238, 127.0.0.9", 200),
        ("52.89.214.238, 6.6.6.6", 403),
        ("52.89.214.238, nonsense", 403),
        ("", 403),
        ("::ffff:52.89.214.238", 200),
    ],
)
async def test_behind_a_trusted_proxy_the_hop_before_it_is_the_sender(opened, message, auth, forwarded, code):
    async with opened(allowed_ips=TRADINGVIEW, trusted_proxies=LOOPBACK) as house:
        answer = await house.client.post("/webhook", json=message, headers={**auth, "X-Forwarded-For": forwarded})

    assert answer.status_code == code


async def test_inventing_addresses_does_not_escape_the_limit(opened, message):
    async with opened(webhook_limit_per_minute=3) as house:
        got = [
            (await house.client.post("/webhook", json=message, headers={"X-Forwarded-For": f"10.0.0.{n}"})).status_code
            for n in range(5)
        ]

    assert got == [401, 401, 401, 429, 429]


def request_from(address: str, **headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": (address, 1), "headers": raw})


def test_a_network_of_ipv6_counts_as_one_sender_and_the_number_of_senders_is_capped():
    sources = Sources(allowed=(), trusted_proxies=())

    same = {sources.bucket(request_from(f"2001:db8::{n:x}")) for n in range(100)}
    many = {int(sources.bucket(request_from(f"10.0.{n >> 8}.{n & 255}"))) for n in range(2_000)}

    assert len(same) == 1
    assert len(many) > 1_900
    assert max(many) < 65_536


def test_an_address_that_cannot_be_told_is_not_allowed():
    sources = Sources(allowed=LOOPBACK, trusted_proxies=LOOPBACK)

    assert not sources.may_signal(Request({"type": "http", "client": None, "headers": []}))
    assert not sources.may_signal(request_from("a-unix-socket"))
