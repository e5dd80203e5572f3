"""Every row of the table of answers, over real HTTP."""

from __future__ import annotations

import asyncio
import json

import pytest

from helix_core.engine.outcome import Outcome, OutcomeStatus
from helix_core.errors import StoreError


def ends_as(status, **facts):
    def end(row, signal, outcome):
        outcome.set_result(Outcome(status=status, row=row, signal_id=signal.signal_id, **facts))

    return end


async def test_accepted_is_200_with_the_trade(house, message, auth):
    answer = await house.client.post("/webhook", json=message, headers=auth)

    assert answer.status_code == 200
    assert answer.json() == {"status": "accepted", "id": 1, "signal_id": "Long", "trade_id": 7}


async def test_deduplicated_is_200(house, message, auth):
    house.desk.end = ends_as(OutcomeStatus.DEDUPLICATED, reason="duplicate_signal", detail="Repeats signal 3.")

    answer = await house.client.post("/webhook", json=message, headers=auth)

    assert (answer.status_code, answer.json()["status"]) == (200, "deduplicated")


async def test_rejected_is_409_with_reason_and_detail(house, message, auth):
    house.desk.end = ends_as(OutcomeStatus.REJECTED, reason="position_already_open", detail="1 position is open.")

    answer = await house.client.post("/webhook", json=message, headers=auth)

    assert answer.status_code == 409
    assert answer.json() == {
        "status": "rejected",
        "reason": "position_already_open",
        "detail": "1 position is open.",
        "id": 1,
        "signal_id": "Long",
    }


async def test_unfinished_is_202_in_time_and_nothing_is_cancelled(opened, message, auth):
    async with opened(answer_within_s=0.1) as house:
        house.desk.end = lambda *_: None

        begun = asyncio.get_running_loop().time()
        answer = await house.client.post("/webhook", json=message, headers=auth)

        assert asyncio.get_running_loop().time() - begun < 1
        assert answer.status_code == 202
        assert answer.json().items() >= {"status": "processing", "id": 1, "signal_id": "Long"}.items()
        assert "/signals/1" in answer.json()["detail"]
        assert not house.desk.futures[0].done()


async def test_behind_many_others_nobody_is_kept_waiting_for_the_end(house, message, auth):
    """Else a burst of alerts would use up the connections that the next ones need."""
    house.desk.end, house.desk.soon = (lambda *_: None), False

    begun = asyncio.get_running_loop().time()
    answer = await house.client.post("/webhook", json=message, headers=auth)

    assert asyncio.get_running_loop().time() - begun < 1.5  # of the 2.5 s that an answer may take
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")


@pytest.mark.parametrize("failure", ["raises", "cancelled"])
async def test_an_outcome_that_is_lost_after_storing_is_202_so_that_nobody_sends_it_again(
    house, message, auth, failure
):
    def lose(_row, _signal, outcome):
        if failure == "raises":
            outcome.set_exception(RuntimeError("the worker died"))
        else:
            outcome.cancel()

    house.desk.end = lose

    answer = await house.client.post("/webhook", json=message, headers=auth)

    assert (answer.status_code, answer.json()["status"]) == (202, "processing")


async def test_a_signal_that_cannot_be_stored_is_503_so_that_it_comes_again(house, message, auth):
    async def disk_full():
        raise StoreError("The disk is full.")

    house.desk.storing = disk_full

    answer = await house.client.post("/webhook", json=message, headers=auth)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["status"] == "unavailable"


async def test_a_database_that_hangs_is_503_but_the_storing_is_never_cancelled(opened, message, auth):
    release = asyncio.Event()
    async with opened(answer_within_s=0.1) as house:
        house.desk.storing = release.wait

        answer = await house.client.post("/webhook", json=message, headers=auth)
        release.set()
        await asyncio.sleep(0.05)

    assert answer.status_code == 503
    assert len(house.desk.taken) == 1


async def test_an_unforeseen_error_is_503_with_an_id_and_no_traceback(house, message, auth):
    async def broken():
        raise KeyError("nobody thought of this")

    house.desk.storing = broken

    answer = await house.client.post("/webhook", json=message, headers=auth)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "the log has it as 20" in answer.json()["detail"]
    assert "nobody thought" not in answer.text
    assert "Traceback" not in answer.text


async def test_while_starting_everything_is_503(house, message, auth):
    house.desk.ready = False

    answer = await house.client.post("/webhook", json=message, headers=auth)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert house.desk.taken == []


async def test_an_unreadable_message_is_422_that_names_field_problem_and_fix(house, message, auth):
    answer = await house.client.post("/webhook", json={**message, "price": "-1"}, headers=auth)

    assert answer.status_code == 422
    assert set(answer.json()) == {"status", "field", "problem", "fix"}
    assert answer.json()["status"] == "malformed"
    assert answer.json()["field"] == "price"
    assert house.desk.taken == []


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense", None]
)
async def test_the_content_type_does_not_matter(house, message, auth, kind):
    headers = auth if kind is None else {**auth, "Content-Type": kind}

    answer = await house.client.post("/webhook", content=json.dumps(message), headers=headers)

    assert answer.status_code == 200


async def test_what_tradingview_really_sends_is_accepted(house):
    body = (
        '{"signal": "buy", "symbol": "BINANCE:BTCUSDT", "price": 64210.5, "timestamp": 2026-05-15T08:14:32Z, '
        '"signal_id": Close entry(s) order Long, "secret": "correct-horse-battery-staple"}'
    )

    answer = await house.client.post("/webhook", content=body, headers={"Content-Type": "text/plain"})

    assert answer.status_code == 200
    signal, payload = house.desk.taken[0]
    assert (signal.symbol, signal.signal_id) == ("BTC/USDT", "Close entry(s) order Long")
    assert json.loads(payload) == {
        "signal": "buy",
        "symbol": "BINANCE:BTCUSDT",
        "price": 64210.5,
        "timestamp": "2026-05-15T08:14:32Z",
        "signal_id": "Close entry(s) order Long",
    }


@pytest.mark.parametrize(
    ("method", "path", "code", "word"),
    [
        ("GET", "/webhook", 405, "method_not_allowed"),
        ("PUT", "/webhook", 405, "method_not_allowed"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("GET", "/", 404, "not_found"),
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/redoc", 404, "not_found"),
        ("GET", "/openapi.json", 404, "not_found"),
        ("POST", "/webhook/", 404, "not_found"),
        ("GET", "/health/", 404, "not_found"),
        ("GET", "/../etc/passwd", 404, "not_found"),
        ("GET", "/signals/abc", 404, "not_found"),
        ("GET", "/signals/99999999999999999999", 404, "not_found"),
        ("GET", "/signals/0", 404, "not_found"),
    ],
)
async def test_what_does_not_exist_is_said_in_json(house, method, path, code, word):
    answer = await house.client.request(method, path)

    assert (answer.status_code, answer.json()["status"]) == (code, word)


async def test_there_are_no_other_routes_than_the_documented_ones(opened):
    async with opened() as house:
        served = {
            path
            for path in ("/webhook", "/health", "/status", "/plugins", "/metrics", "/signals/1", "/debug", "/signals")
            if (await house.client.request("OPTIONS", path)).status_code == 405
        }

    assert served == {"/webhook", "/health", "/status", "/plugins", "/metrics", "/signals/1"}
