"""Rules on a line that breaks under an order: unknown is not refused, and nothing is ever sent twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helix_core.domain.order import OrderReport, OrderStatus
from helix_core.errors import OrderOutcomeUnknown, OrderRefused
from helix_core.testing.exchange.wiretap import Request, Trouble

if TYPE_CHECKING:
    from helix_core.testing.exchange.bench import Bench


class FaultRules:
    """EX26 to EX32."""

    async def test_ex26_a_lost_answer_is_unknown_and_sent_once(self, bench: Bench) -> None:
        """The venue bought; nobody was told. Then the order is found by its id."""
        await _is_unknown_and_sent_once(bench, Trouble.LOST_ANSWER)

    async def test_ex27_a_lost_request_buys_nothing(self, bench: Bench) -> None:
        """Unknown, or refused where it is proven that nothing left; sent at most once."""
        bench.arm(Request.MARKET_ORDER, Trouble.LOST_REQUEST)

        end = await bench.ends(bench.client.place_market_order(bench.entry()))

        assert isinstance(end, OrderOutcomeUnknown | OrderRefused), f"a lost request ended in {end!r}"
        assert bench.sent(Request.MARKET_ORDER) <= 1
        assert bench.rig.account is None or bench.rig.account.executions() == ()

    async def test_ex28_half_an_answer_is_unknown_and_sent_once(self, bench: Bench) -> None:
        """A body that breaks off is no answer, whatever its first half says."""
        await _is_unknown_and_sent_once(bench, Trouble.CUT_BODY)

    async def test_ex29_a_proxys_answer_is_unknown_and_sent_once(self, bench: Bench) -> None:
        """A page of a gateway says nothing of the order."""
        await _is_unknown_and_sent_once(bench, Trouble.BAD_GATEWAY)

    async def test_ex30_a_redirect_is_not_followed(self, bench: Bench) -> None:
        """A 307 asks to send the very same order again, to wherever it says."""
        await _is_unknown_and_sent_once(bench, Trouble.REDIRECT)
        assert [heard for heard in bench.rig.wire.heard if heard.path == "/elsewhere"] == []

    async def test_ex31_silence_ends_unknown_and_sent_once(self, bench: Bench) -> None:
        """The driver gives up by itself, and does not call it refused."""
        await _is_unknown_and_sent_once(bench, Trouble.SILENCE)

    async def test_ex32_a_pause_that_is_asked_for_is_not_an_invitation(self, bench: Bench) -> None:
        """An order answered with "too many requests" is not sent again."""
        bench.arm(Request.MARKET_ORDER, Trouble.RATE_LIMITED)

        end = await bench.ends(bench.client.place_market_order(bench.entry()))

        assert isinstance(end, OrderOutcomeUnknown | OrderRefused), f"a pause ended in {end!r}"
        assert bench.sent(Request.MARKET_ORDER) == 1
        assert bench.rig.account is None or bench.rig.account.executions() == ()


async def _is_unknown_and_sent_once(bench: Bench, trouble: Trouble) -> None:
    entry = bench.entry()
    bench.arm(Request.MARKET_ORDER, trouble)

    end = await bench.ends(bench.client.place_market_order(entry))

    assert isinstance(end, OrderOutcomeUnknown), f"{trouble} ended in {end!r}"
    assert bench.sent(Request.MARKET_ORDER) == 1, "the order was sent again"
    bench.rig.clear()
    if bench.rig.account is not None:
        found = await bench.ends(bench.client.find_order(bench.ref(entry)))
        assert isinstance(found, OrderReport), f"the order was placed, and looking for it ended in {found!r}"
        assert (found.status, found.filled) == (OrderStatus.FILLED, entry.quantity)
