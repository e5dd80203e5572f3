"""The running door keeps what its OpenAPI description promises, whatever schemathesis thinks of; nobody is shown it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr

from helix_core.clock import SystemClock
from helix_core.engine.outcome import Outcome, OutcomeStatus
from helix_core.web import DoorSettings, Server, create_app
from helix_plugins.tradingview import TradingView
from tests.web.conftest import SECRET, StandInDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from helix_core.domain.signal import Signal

pytestmark = pytest.mark.filterwarnings("ignore:Duplicate Operation ID")  # of GET and HEAD /health
ENDS = [OutcomeStatus.ACCEPTED, OutcomeStatus.DEDUPLICATED, OutcomeStatus.REJECTED, None]
OWNER = {"X-Webhook-Secret": SECRET, "Host": "localhost"}
STRANGER = {"Via": "1.1 proxy"}


def ends_in_turn(row: int, signal: Signal, outcome: asyncio.Future[Outcome]) -> None:
    """Each signal ends in another way; every fourth does not end in time."""
    status = ENDS[row % len(ENDS)]
    if status is not None:
        reason = None if status is OutcomeStatus.ACCEPTED else "because"
        outcome.set_result(Outcome(status=status, row=row, signal_id=signal.signal_id, reason=reason))


def door() -> FastAPI:
    wide_open = DoorSettings(
        clock=SystemClock(),
        secrets=(SecretStr(SECRET),),
        webhook_limit_per_minute=100_000,
        health_limit_per_minute=100_000,
        answer_within_s=0.02,
    )
    return create_app(desk=StandInDesk(end=ends_in_turn), source=TradingView(), door=wide_open)


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return door()


@pytest.fixture(scope="module")
def url(app: FastAPI) -> Iterator[str]:
    """Where the door is open, in a thread of its own: schemathesis waits for its answers."""
    server = Server(app, host="127.0.0.1", port=0)
    server.bind()
    thread = threading.Thread(target=asyncio.run, args=(server.run(),))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    thread.join(10)


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (OWNER, {"POST /webhook": {200, 202, 409, 422}, "GET /health": {200}, "GET /signals/{row}": {200, 404}}),
        (STRANGER, {"POST /webhook": {401}, "GET /health": {200}, "GET /signals/{row}": {403}}),
    ],
    ids=["owner", "stranger"],
)
def test_every_answer_is_a_documented_one(
    app: FastAPI, url: str, who: dict[str, str], seen: dict[str, set[int]]
) -> None:
    """No 5xx, and codes, kinds and shapes as described: to who may do everything, and to who may do nothing."""
    import requests
    import schemathesis
    from schemathesis import checks

    promises = [
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    got: dict[str, set[int]] = {}
    session = requests.Session()

    def holds(case: Any) -> None:
        answer = case.call(base_url=url, headers=who, timeout=10, session=session)
        case.validate_response(answer, checks=promises)
        got.setdefault(f"{case.method} {case.path}", set()).add(answer.status_code)

    for found in schemathesis.openapi.from_dict(app.openapi()).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr] # a flaw of the description raises here
        many = 30 if operation.body or operation.path_parameters else 1
        tried = settings(
            max_examples=many, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
        )
        tried(given(case=operation.as_strategy())(holds))()

    session.close()
    assert len(got) == 7
    assert {name: codes & got[name] for name, codes in seen.items()} == seen


def test_the_description_has_every_route_and_is_served_to_nobody(app: FastAPI) -> None:
    """It is to be had from the code only: see the 404s of what does not exist."""
    described = app.openapi()["paths"]

    assert set(described) == {"/webhook", "/health", "/status", "/signals/{row}", "/plugins", "/metrics"}
    assert (app.openapi_url, app.docs_url, app.redoc_url) == (None, None, None)
