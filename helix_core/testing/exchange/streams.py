"""Rules on streams: what they say is a hint, but they say when they stand and when they end."""

from __future__ import annotations

from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from helix_core.domain.order import OrderStatus
from helix_core.errors import AuthenticationFailed, ExchangeUnavailable, HelixError
from helix_core.testing.exchange.session import all_of
from helix_core.testing.listening import everything_logged

if TYPE_CHECKING:
    from helix_core.contracts.exchange import ExchangeClient, OrderEvent
    from helix_core.testing.exchange.bench import Bench


class StreamRules:
    """EX44 to EX47."""

    async def test_ex44_a_stream_says_when_it_stands(self, bench: Bench) -> None:
        """None comes first, whatever the account holds."""
        async with aclosing(_stream(bench, bench.client)) as events:
            await _stands(bench, events)

    async def test_ex45_a_stream_tells_of_a_stop_that_filled(self, bench: Bench) -> None:
        """An event names an order of the stop, and the look-up agrees."""
        stop = await bench.hold()
        placed = await bench.client.place_oco_order(stop)
        async with aclosing(_stream(bench, bench.client)) as events:
            await bench.ends(anext(events))
            bench.account.set_price(bench.instrument.stop_price(bench.price * Decimal("0.97")))
            event = await bench.ends(anext(events))
            while event is None or (not isinstance(event, HelixError) and not _names(event, placed.venue_order_ids)):
                event = await bench.ends(anext(events))

        assert not isinstance(event, HelixError), f"the stream of a stop that filled ended in {event!r}"
        assert (await bench.found(bench.ref(stop, placed))).status is OrderStatus.FILLED

    async def test_ex46_a_stream_that_ends_says_so(self, bench: Bench) -> None:
        """A connection that breaks is not a quiet market."""
        async with aclosing(_stream(bench, bench.client)) as events:
            await _stands(bench, events)
            bench.rig.wire.hang_up_streams()
            end = await bench.ends(anext(events, None))

        assert type(end) is ExchangeUnavailable, f"a stream whose connection broke ended in {end!r}"

    async def test_ex47_a_stream_with_a_wrong_key_is_called_so(self, bench: Bench) -> None:
        """And nothing that was sent is in any text."""
        wrong = bench.rig.secret.swapcase()
        client = bench.rig.client(api_secret=SecretStr(wrong))
        with everything_logged() as log:
            connected = await bench.ends(client.connect())
            async with aclosing(_stream(bench, client)) as events:
                end = await bench.ends(anext(events))
            await client.disconnect()

        assert AuthenticationFailed in {type(connected), type(end)}, f"a stream with a wrong key ended in {end!r}"
        text = "\n".join([*log, *(all_of(each) for each in (connected, end) if isinstance(each, HelixError))])
        assert bench.rig.key not in text
        assert wrong not in text


def _stream(bench: Bench, client: ExchangeClient) -> Any:
    """The client's stream. Leaves the rule out where there is none, or no venue that speaks it."""
    if not client.capabilities.streams:
        pytest.skip("the venue has no stream of orders")
    assert bench.account is not None, "left out where only recorded answers are played"
    return client.order_events(bench.symbol)


async def _stands(bench: Bench, events: Any) -> None:
    first = await bench.ends(anext(events))
    assert first is None, f"a stream began with {first!r}"


def _names(event: OrderEvent, venue_order_ids: tuple[str, ...]) -> bool:
    return event.venue_order_id in venue_order_ids
