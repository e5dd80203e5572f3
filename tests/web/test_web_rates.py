"""The limits really bite, and a flood of strangers does not lock the owner out."""

from __future__ import annotations

from httpx import AsyncClient, AsyncHTTPTransport

WRONG = {"X-Webhook-Secret": "wrong-wrong-wrong-wrong"}


async def codes(client, times, **request):
    return [(await client.request(**request)).status_code for _ in range(times)]


async def test_the_eleventh_signal_in_a_minute_is_429(opened, message, auth):
    async with opened(webhook_limit_per_minute=10) as house:
        request = {"method": "POST", "url": "/webhook", "json": message, "headers": auth}
        within = await codes(house.client, 10, **request)
        over = await house.client.request(**request)

    assert within == [200] * 10
    assert over.status_code == 429
    assert over.json()["status"] == "too_many_requests"
    assert 1 <= int(over.headers["retry-after"]) <= 61
    assert len(house.desk.taken) == 10


async def test_unreadable_messages_of_the_owner_count_too(opened, auth):
    async with opened(webhook_limit_per_minute=3) as house:
        got = await codes(house.client, 4, method="POST", url="/webhook", content=b"x", headers=auth)

    assert got == [422, 422, 422, 429]


async def test_a_flood_of_wrong_secrets_is_429_and_the_right_one_still_opens(opened, message, auth):
    async with opened(webhook_limit_per_minute=10) as house:
        flood = await codes(house.client, 30, method="POST", url="/webhook", json=message, headers=WRONG)
        genuine = await house.client.post("/webhook", json=message, headers=auth)

    assert flood == [401] * 10 + [429] * 20
    assert genuine.status_code == 200


async def test_another_path_secret_for_each_try_is_no_way_round_the_limit(opened, message):
    async with opened(webhook_limit_per_minute=5, secret_in_path=True) as house:
        got = [(await house.client.post(f"/webhook/guess-number-{n}", json=message)).status_code for n in range(7)]

    assert got == [401] * 5 + [429] * 2


async def test_each_address_has_its_own_count(opened, message):
    async with opened(webhook_limit_per_minute=2) as house:
        await codes(house.client, 3, method="POST", url="/webhook", json=message, headers=WRONG)
        async with AsyncClient(transport=AsyncHTTPTransport(local_address="127.0.0.2", verify=False)) as neighbour:
            answer = await neighbour.post(f"http://127.0.0.1:{house.port}/webhook", json=message, headers=WRONG)

    assert answer.status_code == 401


async def test_who_knows_the_secret_has_one_count_wherever_it_comes_from(opened, message, auth):
    async with opened(webhook_limit_per_minute=2) as house:
        await codes(house.client, 2, method="POST", url="/webhook", json=message, headers=auth)
        async with AsyncClient(transport=AsyncHTTPTransport(local_address="127.0.0.2", verify=False)) as neighbour:
            answer = await neighbour.post(f"http://127.0.0.1:{house.port}/webhook", json=message, headers=auth)

    assert answer.status_code == 429


async def test_the_environment_cannot_switch_the_limits_off(opened, message, auth, monkeypatch):
    monkeypatch.setenv("RATELIMIT_ENABLED", "false")
    async with opened(webhook_limit_per_minute=1) as house:
        got = await codes(house.client, 2, method="POST", url="/webhook", json=message, headers=auth)

    assert got == [200, 429]


async def test_the_thirty_first_look_at_health_is_429(house):
    got = await codes(house.client, 31, method="GET", url="/health")

    assert got == [200] * 30 + [429]


async def test_while_starting_nothing_is_counted_so_that_every_repeat_is_told_to_come_again(opened, message, auth):
    async with opened(webhook_limit_per_minute=2) as house:
        house.desk.ready = False
        starting = await codes(house.client, 5, method="POST", url="/webhook", json=message, headers=auth)
        house.desk.ready = True
        after = await house.client.post("/webhook", json=message, headers=auth)

    assert starting == [503] * 5
    assert after.status_code == 200
