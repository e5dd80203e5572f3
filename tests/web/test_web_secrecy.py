"""Canary secrets are pushed through every way in and looked for in everything that comes out."""

from __future__ import annotations

import json
import logging

from pydantic import SecretStr
from structlog.testing import capture_logs

SECRET = "canary-8f1d3c5a7b9e2468"
TOKEN = "canary-token-0123456789"


async def push_through(house, message):
    """Use and misuse the secret everywhere; return all answers."""
    client, header = house.client, {"X-Webhook-Secret": SECRET}

    async def broken():
        raise RuntimeError(f"something with {SECRET} and {TOKEN} in it\nand a second line")

    answers = [
        await client.post("/webhook", json=message, headers=header),
        await client.post("/webhook", json={**message, "secret": SECRET, "deep": {"secret": SECRET}}),
        await client.post(f"/webhook/{SECRET}", json=message),
        await client.post(f"/webhook/{SECRET}", json=message, headers={"X-Webhook-Secret": "wrong"}),
        await client.post(f"/webhook/{SECRET}x", json=message),
        await client.get(f"/webhook/{SECRET}"),
        await client.post(f"/webhook/{SECRET}/more?secret={SECRET}", json=message),
        await client.post(f"/webhook?secret={SECRET}", json={**message, "signal": SECRET}, headers=header),
        await client.post("/webhook", content=f'{{"{SECRET}": NaN}}', headers=header),
        await client.post("/webhook", content=SECRET.encode(), headers=header),
        await client.get("/status", headers={"Authorization": f"Bearer {TOKEN}"}),
        await client.get("/status", headers={"Authorization": f"Bearer {TOKEN}x", "Via": "x"}),
    ]
    house.desk.storing = broken
    answers.append(await client.post(f"/webhook/{SECRET}", json=message))
    return answers


async def test_no_secret_is_in_any_answer_payload_or_log_record(opened, message, caplog):
    caplog.set_level(1)
    settings = {"secrets": (SecretStr(SECRET),), "status_token": SecretStr(TOKEN), "secret_in_path": True}
    with capture_logs() as events:
        async with opened(**settings) as house:
            answers = await push_through(house, message)

    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    written = [logging.Formatter().format(record) for record in ours] + [json.dumps(event) for event in events]
    answered = [str(answer.headers) + answer.text for answer in answers]
    stored = [repr(signal) + payload for signal, payload in house.desk.taken]
    assert [answer.status_code for answer in answers] == [
        200,
        200,
        200,
        401,
        401,
        405,
        401,
        422,
        422,
        422,
        200,
        403,
        503,
    ]
    assert any("[removed]" in line for line in written)
    assert len(stored) == 3
    for text in written + answered + stored:
        assert SECRET not in text
        assert TOKEN not in text


async def test_the_error_is_one_line_with_the_id_that_was_answered(opened, message, auth):
    with capture_logs() as events:
        async with opened() as house:

            async def broken():
                raise RuntimeError("first line\nsecond line")

            house.desk.storing = broken
            answer = await house.client.post("/webhook", json=message, headers=auth)

    (event,) = [event for event in events if event["event"] == "request_failed"]
    assert event["error_id"] in answer.json()["detail"]
    assert (event["error"], event["text"]) == ("RuntimeError", "first line second line")
    assert event["place"].startswith("test_web_secrecy.py:")


async def test_what_stands_behind_the_very_first_step_never_sees_the_path_secret(opened, message, desk):
    from helix_core.clock import SystemClock
    from helix_core.web import DoorSettings, create_app
    from helix_plugins.tradingview import TradingView

    seen = []

    class Spy:
        def __init__(self, app):
            self._app = app

        async def __call__(self, scope, receive, send):
            seen.append(repr(scope))
            await self._app(scope, receive, send)

    door = DoorSettings(clock=SystemClock(), secrets=(SecretStr(SECRET),), secret_in_path=True)
    app = create_app(desk=desk, source=TradingView(), door=door)
    app.add_middleware(Spy)
    app.outside = Spy(app.outside)
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x", verify=False) as client:
        answer = await client.post(f"/webhook/{SECRET}?secret={SECRET}", json=message)

    assert answer.status_code == 200
    assert seen
    assert not any(SECRET in scope for scope in seen)
