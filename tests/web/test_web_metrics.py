"""GET /metrics at the door: cheap for the bot however often it is asked, and there when the database is not."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from prometheus_client.parser import text_string_to_metric_families


def read(text: str) -> dict[tuple[str, ...], float]:
    """Every sample: (name, label value, ...) -> figure."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_without_a_database_the_door_and_the_process_still_count(house, message, auth):
    await house.client.post("/webhook", json=message, headers=auth)
    await house.client.post("/webhook", json=message, headers={"X-Webhook-Secret": "wrong"})
    await house.client.post("/webhook", content=b"{", headers=auth)

    answer = await house.client.get("/metrics")

    seen = read(answer.text)
    assert (answer.status_code, seen["helix_scrape_ok",]) == (200, 0)
    assert [seen["helix_webhook_answers_total", code] for code in ("200", "401", "422")] == [1, 1, 1]
    assert seen["helix_webhook_accept_seconds_count",] == 1
    assert seen["process_resident_memory_bytes",] > 1_000_000
    assert seen["process_open_fds",] > 0
    assert not [name for name, *_ in seen if name.endswith("_created")]


async def test_however_many_ask_the_bot_is_looked_at_once(house):
    async def a_while() -> None:
        await asyncio.sleep(0.05)

    house.desk.looking = a_while

    pages = await asyncio.gather(*(house.client.get("/metrics") for _ in range(30)))

    assert {page.status_code for page in pages} == {200}
    assert house.desk.asked == 1


async def test_a_look_that_hangs_is_given_up_and_delays_no_alert(house, message, auth):
    house.desk.looking = asyncio.Event().wait
    loop = asyncio.get_running_loop()
    began = loop.time()

    async with asyncio.TaskGroup() as group:
        scrape = group.create_task(house.client.get("/metrics"))
        await asyncio.sleep(0.1)
        posted = loop.time()
        alert = await house.client.post("/webhook", json=message, headers=auth)
        taken_s = loop.time() - posted

    assert (alert.status_code, taken_s < 0.5) == (200, True)
    assert read((scrape.result()).text)["helix_scrape_ok",] == 0
    assert loop.time() - began < 4.5


async def test_two_bots_in_one_process_count_apart(opened, message, auth):
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(opened()) for _ in range(2)]
        await one.client.post("/webhook", json=message, headers=auth)

        counts = [read((await house.client.get("/metrics")).text) for house in (one, other)]

    assert [count["helix_webhook_answers_total", "200"] for count in counts] == [1, 0]


async def test_every_answer_of_the_webhook_is_counted_by_its_code(opened, message, auth):
    async with opened(webhook_limit_per_minute=3) as house:
        house.desk.ready = False
        await house.client.post("/webhook", json=message, headers=auth)
        house.desk.ready = True
        await house.client.post("/webhook", content=b"x" * 5000, headers=auth)
        await house.client.get("/webhook")
        for _ in range(4):
            await house.client.post("/webhook", json=message, headers=auth)
        await house.client.get("/elsewhere")

        seen = read((await house.client.get("/metrics")).text)

    counted = {code: figure for (name, code), figure in seen_pairs(seen) if figure and name.endswith("answers_total")}
    assert counted == {"503": 1, "413": 1, "405": 1, "200": 3, "429": 1}


def seen_pairs(seen: dict[tuple[str, ...], float]) -> list[tuple[tuple[str, str], float]]:
    return [((key[0], key[1]), figure) for key, figure in seen.items() if len(key) == 2]
