"""How often each sender may come, counted by slowapi."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar, cast

from limits import RateLimitItemPerMinute
from slowapi import Limiter

from helix_core.web.answers import refusal
from helix_core.web.counts import SCHEME

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from limits import RateLimitItem
    from starlette.requests import Request
    from starlette.responses import Response

    from helix_core.web.address import Sources
    from helix_core.web.door import DoorSettings

    Endpoint = TypeVar("Endpoint", bound=Callable[..., Awaitable[Response]])


class Rates:
    """Three counts that do not touch each other: who is known, who is not, and who asks for health.

    slowapi's middleware misses routes of an included router and its decorator counts nothing that fails before the
    endpoint, so what is decorated is one step of a page. What comes to the webhook is counted by the limiter under it.
    """

    def __init__(self, settings: DoorSettings, sources: Sources) -> None:
        """Count in memory, in a moving window: never more than the limit in any 60 s."""
        self._settings, self._sources = settings, sources
        self._limiter = Limiter(
            key_func=sources.bucket,
            strategy="moving-window",
            storage_uri=f"{SCHEME}://",
            storage_options={"clock": cast("str", settings.clock)},  # handed to Counts as it is
            headers_enabled=True,
            key_style="endpoint",  # "url" would count each path apart, and log it
        )
        self._webhook = RateLimitItemPerMinute(settings.webhook_limit_per_minute)
        self._limiter.enabled = True  # RATELIMIT_ENABLED in the environment must not open the door
        self._limiter.logger.setLevel(logging.ERROR)  # a line for each refused request would fill the disk

    def too_many_of_the_sender(self) -> Response | None:
        """Count what comes with the secret, from wherever it comes; the 429 once that is too much."""
        return self._too_many_at_the_webhook("sender")

    def too_many_of_strangers(self, request: Request) -> Response | None:
        """Count what is refused at the webhook, for each address; the 429 once that is too much."""
        return self._too_many_at_the_webhook("strangers", self._sources.bucket(request))

    def of_strangers(self, step: Endpoint) -> Endpoint:
        """Limit what is answered to each address that asks for what is not for it."""
        return self._limited(step, self._settings.webhook_limit_per_minute, self._by_address)

    def of_health(self, endpoint: Endpoint) -> Endpoint:
        """Limit how often each address may ask for health."""
        return self._limited(endpoint, self._settings.health_limit_per_minute, self._by_address)

    def answer(self, request: Request) -> Response:
        """Answer 429 with the time to wait."""
        return self._too_many(request.state.view_rate_limit)

    def _too_many_at_the_webhook(self, *whose: str) -> Response | None:
        fits = self._limiter.limiter.hit(self._webhook, *whose)
        return None if fits else self._too_many((self._webhook, list(whose)))

    def _too_many(self, counted: tuple[RateLimitItem, list[str]]) -> Response:
        response = refusal(429, "Too many requests in the last minute. Wait as long as Retry-After says.")
        return self._limiter._inject_headers(response, counted)  # noqa: SLF001 - as slowapi's own handler does

    def _by_address(self, request: Request) -> str:
        return self._sources.bucket(request)

    def _limited(self, step: Endpoint, per_minute: int, key: Callable[..., str]) -> Endpoint:
        limit: Any = self._limiter.limit(f"{per_minute}/minute", key_func=key)
        return cast("Endpoint", limit(step))
