"""The Binance driver with a broken stream of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core import AuthenticationFailed, ExchangeUnavailable, OrderEvent
from tests.conformance.test_binance import Impatient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class TakesTheStartForNews(Impatient):
    """Tells of an order nobody placed once the stream stands."""

    async def order_events(self, symbol: str) -> AsyncIterator[OrderEvent | None]:
        async for event in super().order_events(symbol):
            yield event or OrderEvent("", "")


class HearsNothing(Impatient):
    """Stands, and tells nothing."""

    async def order_events(self, symbol: str) -> AsyncIterator[OrderEvent | None]:
        async for event in super().order_events(symbol):
            if event is None:
                yield event


class EndsWithoutAWord(Impatient):
    """Takes a broken connection for the end of the news."""

    async def order_events(self, symbol: str) -> AsyncIterator[OrderEvent | None]:
        try:
            async for event in super().order_events(symbol):
                yield event
        except ExchangeUnavailable:
            return


class TriesAWrongKeyAgain(Impatient):
    """Takes a key that may not listen for a line that is down."""

    async def order_events(self, symbol: str) -> AsyncIterator[OrderEvent | None]:
        try:
            async for event in super().order_events(symbol):
                yield event
        except AuthenticationFailed as error:
            raise ExchangeUnavailable(str(error)) from None
