"""The inventory: what the door serves, to whom. A route not listed here and in docs/security.md cannot exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from helix_core.clock import SystemClock
from helix_core.web import DoorSettings, create_app
from helix_plugins.tradingview import TradingView
from tests.web.conftest import SECRET, StandInDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

SECURITY = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
LISTED = re.findall(r"^\| `([A-Z]+) (/\S*)` \| (\w+)", SECURITY, re.MULTILINE)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
NOT_READ = ("CONNECT", "X-MADE-UP")
ELSEWHERE = (
    "/",
    "/docs",
    "/redoc",
    "/openapi.json",
    "/docs/oauth2-redirect",
    "/webhook/%2e%2e/status",
    "//status",
    "/status/",
    "/%73tatus%2f",
    "/./status",
    "/static/../status",
    "/..%2f..%2fetc/passwd",
    "/.env",
    "/.secrets.toml",
    "/data/helix.db",
    "/debug",
    "/signals",
    "/signals/1/",
    "/signals/1%00",
    "/signals/-1",
    "/signals/1e3",
    "/signals/%EF%BC%91",
)
STRANGER = {"Via": "1.1 proxy"}
WITHOUT_A_SECRET = {"webhook": 401, "everybody": 200, "insiders": 403}


def routes(router: Any) -> Iterator[tuple[str, str]]:
    """Method and path of every route, those of routers within routers too."""
    for route in router.routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        if hasattr(route, "methods"):
            yield from ((method, route.path) for method in route.methods)
        elif hasattr(inner, "routes"):
            yield from routes(inner)
        else:
            raise AssertionError(f"{route!r} is no route and has none")


def test_every_route_is_listed_and_every_listed_route_exists() -> None:
    door = DoorSettings(clock=SystemClock(), secrets=(SecretStr(SECRET),))
    app = create_app(desk=StandInDesk(), source=TradingView(), door=door)

    assert sorted(routes(app)) == sorted((method, path) for method, path, _ in LISTED)


async def test_each_route_asks_for_what_the_list_says(opened, message) -> None:
    async with opened(status_token=SecretStr("a-token-of-the-tests")) as house:
        codes = {
            (method, path): (
                await house.client.request(method, path.replace("{row}", "1"), json=message, headers=STRANGER)
            ).status_code
            for method, path, _ in LISTED
        }

    assert codes == {(method, path): WITHOUT_A_SECRET[whom] for method, path, whom in LISTED}
    assert house.desk.taken == []


async def test_no_other_method_does_anything(house, message, auth) -> None:
    """Of nine methods each path knows those that are listed; a tunnel with a body, or no method at all, is not read."""
    known = {(method, path) for method, path, _ in LISTED}
    paths = {path.replace("{row}", "1"): path for _, path, _ in LISTED}

    others = {
        (method, path): (await house.client.request(method, path, json=message, headers=auth)).status_code
        for path, listed in paths.items()
        for method in METHODS
        if (method, listed) not in known
    }

    not_read = [
        (await house.client.request(method, path, json=message, headers=auth)).status_code
        for path in paths
        for method in NOT_READ
    ]

    assert set(others.values()) == {405}
    assert set(not_read) == {400}
    assert house.desk.taken == []


async def test_elsewhere_is_nothing(house) -> None:
    """No pages about the interface, no files, and no second way of writing a path that is there."""
    codes = {}
    for path in ELSEWHERE:
        said = await house.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        codes[path] = said[9:12]

    assert codes == dict.fromkeys(ELSEWHERE, b"404")
