"""Who gets in: the three places of the secret, and everybody else."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from helix_core.clock import SystemClock
from helix_core.errors import ConfigError
from helix_core.web import DoorSettings

SECRET = "correct-horse-battery-staple"
OTHER = "the-one-that-comes-after-it"


async def test_the_header_opens(house, message):
    answer = await house.client.post("/webhook", json=message, headers={"X-Webhook-Secret": SECRET})

    assert answer.status_code == 200


async def test_the_message_opens_and_its_secret_is_not_stored(house, message):
    answer = await house.client.post("/webhook", json={**message, "secret": SECRET})

    assert answer.status_code == 200
    assert json.loads(house.desk.taken[0][1]) == message


async def test_the_path_opens_where_the_owner_wants_it(opened, message):
    async with opened(secret_in_path=True) as house:
        right = await house.client.post(f"/webhook/{SECRET}", json=message)
        wrong = await house.client.post("/webhook/wrong-wrong-wrong-wrong", json=message)

    assert (right.status_code, wrong.status_code) == (200, 401)


async def test_the_path_does_not_open_otherwise(house, message):
    answer = await house.client.post(f"/webhook/{SECRET}", json=message)

    assert answer.status_code == 404
    assert house.desk.taken == []


@pytest.mark.parametrize(
    "sent",
    [
        {"headers": {}},
        {"headers": {"X-Webhook-Secret": ""}},
        {"headers": {"X-Webhook-Secret": "wrong"}},
        {"headers": {"X-Webhook-Secret": SECRET + " x"}},
        {"headers": {"X-Webhook-Secret": SECRET.upper()}},
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"params": {"secret": SECRET}},
        {"json": {"secret": "wrong"}},
        {"json": {"secret": None}},
        {"json": {"secret": ["correct-horse-battery-staple"]}},
        {"json": {"Secret": SECRET}},
        {"json": {"data": {"secret": SECRET}}},
    ],
    ids=str,
)
async def test_anything_else_is_401_that_names_the_three_places(house, message, sent):
    body = {**message, **sent.pop("json", {})}

    answer = await house.client.post("/webhook", json=body, **sent)

    assert answer.status_code == 401
    for place in ('"secret"', "X-Webhook-Secret", "/webhook/<secret>", "WEBHOOK_SECRET_IN_PATH"):
        assert place in answer.json()["detail"]
    assert house.desk.taken == []


async def test_a_wrong_header_is_not_made_good_by_the_message(house, message):
    headers = {"X-Webhook-Secret": "wrong"}

    answer = await house.client.post("/webhook", json={**message, "secret": SECRET}, headers=headers)

    assert answer.status_code == 401


async def test_while_secrets_rotate_both_open(opened, message):
    async with opened(secrets=(SecretStr(SECRET), SecretStr(OTHER))) as house:
        answers = [
            await house.client.post("/webhook", json=message, headers={"X-Webhook-Secret": secret})
            for secret in (SECRET, OTHER, SECRET + "," + OTHER)
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 401]


@pytest.mark.parametrize("secret", ["пароль-из-шестнадцати", "ключ😀-с-картинкой-внутри", "naïve-café-ünïcödé"])
async def test_a_secret_may_hold_any_character_in_each_place(opened, message, secret):
    async with opened(secrets=(SecretStr(secret),), secret_in_path=True) as house:
        answers = [
            await house.client.post("/webhook", json=message, headers={b"X-Webhook-Secret": secret.encode()}),
            await house.client.post("/webhook", json={**message, "secret": secret}),
            await house.client.post(f"/webhook/{quote(secret, safe='')}", json=message),
            await house.client.post("/webhook", json=message, headers={b"X-Webhook-Secret": b"\xff\xfe\x80"}),
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 401]
    assert all(secret not in payload for _, payload in house.desk.taken)


async def test_a_secret_of_digits_is_read_as_it_is_written(opened):
    body = '{"signal":"BUY","symbol":"BTCUSDT","price":1,"signal_id":"x","secret":12345678901234567890}'
    async with opened(secrets=(SecretStr("12345678901234567890"),)) as house:
        answer = await house.client.post("/webhook", content=body)

    assert answer.status_code == 200


async def test_every_copy_of_the_secret_is_removed_before_storing(house, message):
    nested = {"secret": SECRET, "Secret ": "x", "note": f"my secret is {SECRET}", "list": [SECRET, {"secret": 1}]}
    body = {**message, "secret": SECRET, "data": nested, "strategy": SECRET, SECRET: "as a name"}

    answer = await house.client.post("/webhook", json=body)

    signal, payload = house.desk.taken[0]
    assert answer.status_code == 200
    assert SECRET not in payload
    assert signal.strategy == "[removed]"
    assert json.loads(payload)["data"] == {"note": "my secret is [removed]", "list": ["[removed]", {}]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"secret": "%s", "price": NaN}', 422),
        ('{"secret": "%s", "price": {{close}}}', 422),
        ("{“secret”: “%s”}", 422),
        ("SIGNAL=BUY;SECRET=%s", 422),
        ('{"price": NaN}', 401),
        ("BTC SHORT {{close}}", 401),
        ('{"secret": "wrong", "price": NaN}', 401),
        ("%s", 401),
    ],
)
async def test_only_who_knows_the_secret_is_told_what_is_wrong_with_the_message(house, body, code):
    answer = await house.client.post("/webhook", content=body.replace("%s", SECRET).encode())

    assert answer.status_code == code
    assert SECRET not in answer.text


async def test_a_refusal_does_not_repeat_the_secret_even_where_it_stands_in_the_wrong_field(house, message):
    body = {**message, "secret": SECRET, "price": SECRET, "signal": {SECRET: 1}}

    answer = await house.client.post("/webhook", json=body)
    twice = await house.client.post("/webhook", content=f'{{"{SECRET}":1,"{SECRET}":2,"secret":"{SECRET}"}}')

    assert (answer.status_code, twice.status_code) == (422, 422)
    assert SECRET not in answer.text + twice.text


@pytest.mark.parametrize("secrets", [(), (SecretStr(""),), (SecretStr("long-enough-to-be-one"), SecretStr(""))])
def test_a_door_without_a_lock_cannot_be_made(secrets):
    with pytest.raises(ConfigError, match="WEBHOOK_SECRET"):
        DoorSettings(clock=SystemClock(), secrets=secrets)


async def test_a_sender_who_hangs_up_before_the_answer_changes_nothing(house, message):
    begun, release = asyncio.Event(), asyncio.Event()

    async def slow():
        begun.set()
        await release.wait()

    house.desk.storing = slow
    body = json.dumps({**message, "secret": SECRET}).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await asyncio.wait_for(begun.wait(), 2)

    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.05)
    release.set()
    await asyncio.sleep(0.05)

    assert [signal.signal_id for signal, _ in house.desk.taken] == ["Long"]


async def test_blanks_around_a_header_are_not_part_of_the_secret(house):
    """RFC 9112, 5: a proxy may add them."""
    body = b'{"signal":"BUY","symbol":"BTC/USDT","price":1,"signal_id":"Long"}'
    head = b"POST /webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    blanks = b"X-Webhook-Secret: \t%s \t\r\nContent-Length: %d \r\n\r\n" % (SECRET.encode(), len(body))

    answer = await house.raw(head + blanks + body)

    assert answer.startswith(b"HTTP/1.1 200 ")
